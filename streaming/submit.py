"""All jobs as a program: `spark-submit … streaming/submit.py` runs them, `streaming/<job>.py` one."""

from streaming.jobs import STREAMING_JOBS
from streaming.program import main

if __name__ == "__main__":
    main(*STREAMING_JOBS)
