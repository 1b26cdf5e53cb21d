"""Apply VADER's rules to many texts at once, in numpy."""
