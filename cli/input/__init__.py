"""Read what users hand to commands: files of texts and labels."""
