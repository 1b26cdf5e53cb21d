"""Run a streaming job: batches, checkpoints and offsets."""
