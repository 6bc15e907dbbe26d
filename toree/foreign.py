"""Names for what comes from outside without types: whose it is, and no more is checked."""

from __future__ import annotations

from typing import Any, TypeAlias

#: An object of JSON: the content of a Jupyter message, an answer of the JVM's, a kernel spec.
Json: TypeAlias = dict[str, Any]
#: What the JVM hands out by Py4J: a value, or an object that has the methods it has there.
JavaObject: TypeAlias = Any
#: PySpark's own: of the user's Spark, whichever that is, classic or Connect's.
PySparkContext: TypeAlias = Any
PySparkFrame: TypeAlias = Any
PySparkSession: TypeAlias = Any
#: IPython's InteractiveShell, of ipykernel's kind or a private workspace's.
IPythonShell: TypeAlias = Any
#: A vector, list, function or environment of R's, behind rpy2's low-level interface.
RObject: TypeAlias = Any
