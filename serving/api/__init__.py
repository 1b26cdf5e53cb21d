"""The HTTP service: FastAPI, no JVM; it writes nothing in the lake."""
