"""Kernels elsewhere: a provisioner of jupyter_client's, and what it starts on the far side.

Near is the Jupyter server, far is where the kernel runs. Between them is one line (`line`): the
pipes of a process near, or a connection that the far side makes by an `invitation`.
"""
