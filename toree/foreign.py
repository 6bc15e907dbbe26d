"""Names for what comes from outside without types: whose it is, and no more is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

#: An object of JSON: the content of a Jupyter message, an answer of the JVM's, a kernel spec.
Json: TypeAlias = dict[str, Any]
#: The same where it is only read.
Facts: TypeAlias = Mapping[str, Any]
#: Any value of JSON, an object or not.
JsonValue: TypeAlias = Any
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
#: What goes beside a Jupyter message: bytes, or anything that gives them without a copy.
Buffer: TypeAlias = Any
Buffers: TypeAlias = Sequence[Buffer]
#: Arguments and answers of ipykernel's, jupyter_client's, ipywidgets' and traitlets' methods.
Jupyter: TypeAlias = Any
#: pyarrow's: a table, batch, array, scalar, type or schema. And its module, loaded when needed.
ArrowData: TypeAlias = Any
#: numpy's: an array, scalar or type. And its module, loaded when needed.
NumpyData: TypeAlias = Any
#: pandas': a frame, series, index or type.
PandasData: TypeAlias = Any
#: What the kubernetes package hands out.
KubernetesObject: TypeAlias = Any
#: A value of the user's own code, whose attributes are looked at.
UserValue: TypeAlias = Any
