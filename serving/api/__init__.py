"""The HTTP API, built with FastAPI. It needs no JVM and never writes to the lake."""
