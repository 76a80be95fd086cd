"""labs: to come."""
