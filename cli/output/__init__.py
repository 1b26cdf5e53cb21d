"""Print what commands do while they run."""
