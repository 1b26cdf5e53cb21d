"""Read pinned versions of the lake's tables by DuckDB, without a JVM.

A version is read from its data files by number of file and row, less the rows that deletion vectors
hide. Everything that follows from a version is built once, on first use, and never per query.
"""
