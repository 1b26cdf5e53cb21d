"""VADER's rules over many texts at once, in numpy."""
