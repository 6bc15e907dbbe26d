"""Languages that run in the companion: Scala and SQL."""
