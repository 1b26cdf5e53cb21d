"""Measure the API's speed, in comparison with a bare Starlette application."""
