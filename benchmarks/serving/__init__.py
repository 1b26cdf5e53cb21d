"""Speed of the API beside a bare Starlette answer, in one run: `python -m benchmarks.serving`."""
