"""report: to come."""
