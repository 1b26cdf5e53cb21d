"""Parse the formats of platforms: JSON, HTML, times and ids."""
