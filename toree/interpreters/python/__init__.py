"""Python: IPython in this process."""
