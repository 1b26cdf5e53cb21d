"""Personal data in text: where it is, and the text without it. Nothing here loads Spark."""
