"""The embedded example: a seeded synthetic study, written as the raw files of a hospital. Nothing downstream knows it."""
