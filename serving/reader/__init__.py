"""Read pinned versions of the lake's tables by DuckDB, without a JVM.

A version is read from its data files, without the rows that deletion vectors hide. Everything that
depends only on the version is computed once, on first use, and not per query.
"""
