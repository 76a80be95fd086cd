"""roi: to come."""
