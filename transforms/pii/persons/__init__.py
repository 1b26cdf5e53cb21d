"""Names of persons in free text: the named-entity step, and what can stand in its place."""
