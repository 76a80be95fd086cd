"""figures: to come."""
