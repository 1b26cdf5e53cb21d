"""Read the producers' own configuration: watchlists and credentials."""
