"""Jobs: files of texts that are scored row by row, by processes of their own."""
