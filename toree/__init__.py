"""Toree: a polyglot Jupyter kernel for Apache Spark."""

__version__ = "0.1.0"
