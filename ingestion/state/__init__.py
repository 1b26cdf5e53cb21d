"""Keep what producers remember between runs."""
