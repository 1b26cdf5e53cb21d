"""Run the streaming jobs: micro-batches, checkpoints, offsets and the work between batches."""
