"""Erase, expire and export what producers keep about persons."""
