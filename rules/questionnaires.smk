"""questionnaires: to come."""
