"""adverse_events: to come."""
