"""The shared base of all simulators."""
