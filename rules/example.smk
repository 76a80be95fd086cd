"""example: to come."""
