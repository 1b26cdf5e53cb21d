"""Keep payloads in files, and read them again."""
