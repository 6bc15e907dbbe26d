"""Jupyter's door: ipykernel's messages to the host's calls, and back."""
