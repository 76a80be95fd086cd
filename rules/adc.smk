"""adc: to come."""
