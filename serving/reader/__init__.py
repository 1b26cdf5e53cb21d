"""Read pinned versions of the lake's tables by DuckDB, without a JVM.

A version is read from its data files by number of file and row, less the rows that deletion vectors
hide. What follows from a version is built once, when it is first met, and never per query.
"""
