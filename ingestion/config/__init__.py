"""Read the configuration that only producers have: watchlists, keywords and credentials."""
