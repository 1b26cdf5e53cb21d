"""Read what platforms send: JSON, HTML, times and ids."""
