"""Parameters of papermill's in all four kernels (https://papermill.readthedocs.io/).

papermill knows no SQL, and writes texts of other alphabets so that Scala and R do not read them. It
loads this module by the entry point of an engine, of which there is no need to choose it.
"""

from __future__ import annotations

import json
import math


def __getattr__(name: str) -> object:
    """`Engine` is papermill's own.

    Whoever imports this module imports papermill by it, which asks for the engine at once.
    """
    if name != "Engine":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from papermill.engines import NBClientEngine

    return NBClientEngine


from papermill import translators  # noqa: E402


class Scala(translators.ScalaTranslator):  # type: ignore[misc]
    @classmethod
    def translate_escaped_str(cls, str_val: object) -> str:
        return json.dumps(str(str_val))

    @classmethod
    def translate_int(cls, val: int) -> str:
        return super().translate_int(val) if -(2**63) <= val < 2**63 else f'BigInt("{val}")'

    @classmethod
    def translate_float(cls, val: float) -> str:
        if math.isfinite(val):
            return repr(val)
        return "Double.NaN" if math.isnan(val) else f"Double.{_sign(val)}Infinity"


class R(translators.RTranslator):  # type: ignore[misc]
    @classmethod
    def translate_escaped_str(cls, str_val: object) -> str:
        return json.dumps(str(str_val), ensure_ascii=False)  # R has no pairs of \u

    @classmethod
    def translate_float(cls, val: float) -> str:
        if math.isfinite(val):
            return repr(val)
        return "NaN" if math.isnan(val) else "-Inf" if val < 0 else "Inf"


class Sql(translators.PythonTranslator):  # type: ignore[misc]
    """A cell of Python's: what it assigns are parameters (`:name`) of the statements."""

    @classmethod
    def codify(cls, parameters: object, comment: str = "Parameters") -> str:
        return f"%%python\n{super().codify(parameters, comment)}"


def _sign(value: float) -> str:
    return "Negative" if value < 0 else "Positive"


for kernel in ("toree", "apache_toree"):
    translators.papermill_translators.register(f"{kernel}_scala", Scala)
    translators.papermill_translators.register(f"{kernel}_sparkr", R)
    translators.papermill_translators.register(f"{kernel}_sql", Sql)
translators.papermill_translators.register("sql", Sql)
