"""ingest: to come."""
