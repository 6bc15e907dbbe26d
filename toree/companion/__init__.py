"""The JVM beside the kernel: found, compiled, started, called, watched, closed."""

#: The workspace that a companion makes at its start, and warms (`Companion.scala`).
MAIN = "main"
