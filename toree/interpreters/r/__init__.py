"""R: the front of a process of its own (`toree.rhost`)."""
