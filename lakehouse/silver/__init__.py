"""Read and write what Silver holds of posts."""
