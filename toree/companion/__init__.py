"""The JVM beside the kernel: found, compiled, started, called, watched, closed."""
