"""Compact, purge and vacuum tables."""
