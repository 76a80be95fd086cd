"""statistics: to come."""
