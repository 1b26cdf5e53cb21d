"""Look up and write the posts and tombstones of Silver, and replay quarantined records."""
