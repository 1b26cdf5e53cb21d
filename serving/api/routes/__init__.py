"""The routes, a file per resource; each has `router`, made by `serving.api.resource`."""
