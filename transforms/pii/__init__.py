"""Find personal data in text and remove it. No module here loads Spark."""
