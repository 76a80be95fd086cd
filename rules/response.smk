"""response: to come."""
