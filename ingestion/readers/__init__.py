"""How platforms are spoken to. What needs an extra is imported by the readers that use it, when they are made."""
