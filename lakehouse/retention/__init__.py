"""Delete what the platforms' policies no longer allow to keep."""
