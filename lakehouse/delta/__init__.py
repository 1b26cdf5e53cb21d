"""Read and write Delta tables and their logs."""
