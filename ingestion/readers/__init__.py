"""The readers, one per platform; a producer imports only its own, with the extra that it needs."""
