"""Toree's own faults. A user's fault is not here: it is a `Failed` value (interpreters/base.py).

ToreeError
  JavaMissing         no Java, or one too old for this Spark
  SparkMissing        neither SPARK_HOME nor the pyspark package
  CompanionFailed     the JVM did not compile, did not start, or died
  CompilerBusy        Scala's compiler is at something that does not stop
  LanguageMissing     an interpreter lacks something that must be installed (R, rpy2, pyspark)
  LaunchFailed        a kernel elsewhere (`provision`) did not come up
  MagicError          a magic was called wrongly, or does not exist
"""

from __future__ import annotations


class ToreeError(Exception):
    """A fault with a sentence for the user: what went wrong, then what to do."""

    #: The ename of the Jupyter error message.
    name: str = ""

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(f"{message}\n{advice}" if advice else message)
        self.message = message
        self.advice = advice

    @property
    def ename(self) -> str:
        return self.name or type(self).__name__


class JavaMissing(ToreeError):
    """No Java runtime that this Spark accepts was found."""


class SparkMissing(ToreeError):
    """No Spark was found: SPARK_HOME is unset and the pyspark package is not installed."""


class CompanionFailed(ToreeError):
    """The companion JVM could not be compiled or started, or it died."""


class CompilerBusy(ToreeError):
    """The Scala compiler is busy with something that was told to stop and does not."""


class LanguageMissing(ToreeError):
    """A language cannot run here until something is installed."""


class LaunchFailed(ToreeError):
    """A kernel on another machine could not be started, or cannot be reached."""


class MagicError(ToreeError):
    """A magic that does not exist, or wrong arguments for one."""

    name = "Error parsing magics!"  # Apache Toree's ename for it
