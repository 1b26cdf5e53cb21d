"""Score jobs, which are files of texts, row by row in worker processes."""
