"""Run all jobs as a program, by `spark-submit … streaming/submit.py`."""

from streaming.jobs import STREAMING_JOBS
from streaming.program import main

if __name__ == "__main__":
    main(*STREAMING_JOBS)
