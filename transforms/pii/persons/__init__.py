"""Find names of persons in free text: the named-entity step of the sanitizer."""
