"""The routes, one file per resource. Each file has a `router`."""
