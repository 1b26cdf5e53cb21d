"""Run a reader: build it, send what it reads, read again what was sent."""
