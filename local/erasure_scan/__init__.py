"""`echostream verify-erasure`: every byte that the system keeps, searched for what must be gone.

Shares no code with what erases: neither tables nor schemas nor transforms are known here, only
files and what they are packed in. An import rule holds it to that.
"""
