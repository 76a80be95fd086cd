"""flow: to come."""
