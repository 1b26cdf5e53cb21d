"""Data alone. A package, so that it is also found inside a wheel that nobody unpacks."""
