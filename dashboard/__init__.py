"""Pages over the API; nothing of the lake, and nothing else of this program, is imported."""
