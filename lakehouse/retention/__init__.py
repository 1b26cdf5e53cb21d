"""Delete data that the platforms' policies no longer allow to keep."""
