"""Serve the pages for development by `python -m dashboard`; users run `echostream dashboard`."""

import sys

from dashboard.server import serve

serve("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8501)
