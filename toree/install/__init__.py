"""The commands: kernel specs, what is installed, what is missing."""
