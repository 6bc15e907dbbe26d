"""PySpark on the companion's session, and tables as Arrow."""
