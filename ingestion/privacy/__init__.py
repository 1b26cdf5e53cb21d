"""Erase, expire and export personal data in the producers' memory and landing files."""
