"""Read platforms. Each reader imports the extra that it needs, and is imported only when built."""
