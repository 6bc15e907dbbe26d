"""Shared names: R's values to Python's and back. `wire.py` takes them over the pipe."""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Any

import pyarrow as pa
from rpy2 import rinterface

from .columns import FromR
from .engine import Engine, set_attribute, strings
from .session import Session
from .vectors import ToR
from .wire import SharedFrame

_ATOMS = (bool, int, float, str, datetime.date, datetime.timedelta, decimal.Decimal)


class Values:
    """Gets and puts global variables of R."""

    def __init__(self, engine: Engine, session: Session) -> None:
        self._engine = engine
        self._session = session

    # -- out of R --------------------------------------------------------------

    def get(self, name: str) -> Any:
        """
        Raises:
            KeyError: no such global variable.
            TypeError: its value can't cross; the message says why.
        """
        if not self._engine.call("has_global", strings([name]))[0]:
            raise KeyError(name)
        return self._python(rinterface.globalenv[name])

    def _python(self, value: Any) -> Any:
        try:
            parts = self._engine.call("share_parts", value)
        except rinterface.embedded.RRuntimeError as error:
            raise TypeError(str(error).partition(" : ")[2].strip() or str(error)) from None
        kind, data = parts[0][0], parts[len(parts) > 1]
        if kind == "null":
            return None
        if kind == "frame":
            return self._frame(data[0])
        if kind == "table":
            return FromR(self._engine).table(data)
        if kind == "bytes":
            return bytes(data)
        if kind == "list":
            return [self._python(item) for item in data]
        if kind == "dict":
            return {str(n): self._python(x) for n, x in zip(parts[2], data, strict=True)}
        array = FromR(self._engine).column(data)
        if pa.types.is_dictionary(array.type):
            array = array.cast(pa.string())
        if kind == "scalar":
            return array[0].as_py()
        if kind == "named":
            return dict(zip([str(n) for n in parts[2]], array.to_pylist(), strict=True))
        if kind == "array":
            return array.to_numpy(zero_copy_only=False).reshape(list(parts[2]), order="F")
        if array.null_count or pa.types.is_string(array.type):
            return array.to_pylist()
        return array if len(array) > 1 and _numeric(array.type) else array.to_pylist()

    def _frame(self, text: str) -> SharedFrame:
        frame = self._session.frame(text)
        key = f"toree-r-{uuid.uuid4().hex}"
        self._session.entry.putShared("main", key, frame._jdf)
        return SharedFrame(key)

    # -- into R ----------------------------------------------------------------

    def put(self, name: str, value: Any) -> None:
        """
        Raises:
            TypeError: R has no counterpart for the value.
        """
        rinterface.globalenv[name] = self.made(name, value)

    def made(self, name: str, value: Any) -> Any:
        """
        Raises:
            TypeError: R has no counterpart for the value.
        """
        return self._frame_table(name, value) if isinstance(value, SharedFrame) else self._r(value)

    def _frame_table(self, name: str, value: SharedFrame) -> Any:
        dataset = self._session.ready().getShared("main", value.key)
        if dataset is None:
            raise TypeError("the DataFrame is gone")
        made, columns = self._session.adopt(name, dataset)
        return self._engine.call("lazy_table", strings([made]), strings(columns))

    def _r(self, value: Any) -> Any:
        if value is None:
            return rinterface.NULL
        if isinstance(value, bytes):
            return rinterface.ByteSexpVector(value)
        if isinstance(value, pa.Table):
            return self._to_r().frame(value)
        if isinstance(value, dict):
            made = rinterface.ListSexpVector([self._r(item) for item in value.values()])
            set_attribute(made, "names", strings(list(value)))
            return made
        if isinstance(value, list):
            return self._r_list(value)
        if hasattr(value, "shape"):  # numpy
            made = self._to_r().column(pa.chunked_array([pa.array(value.ravel(order="F"))]))
            if len(value.shape) > 1:
                set_attribute(made, "dim", rinterface.IntSexpVector(list(value.shape)))
            return made
        return self._to_r().column(pa.chunked_array([_array([value])]))

    def _r_list(self, value: list[Any]) -> Any:
        kinds = {type(item) for item in value if item is not None}
        plain = kinds and all(issubclass(kind, _ATOMS) for kind in kinds)
        if plain and (len(kinds) == 1 or kinds == {int, float}):
            return self._to_r().column(pa.chunked_array([_array(value)]))
        return rinterface.ListSexpVector([self._r(item) for item in value])

    def _to_r(self) -> ToR:
        return ToR(self._engine, self._session.zone, self._session.warn)


def _array(values: list[Any]) -> pa.Array:
    present = [value for value in values if value is not None]
    if all(isinstance(value, int) and not isinstance(value, bool) for value in present):
        if any(abs(value) >= 2**63 for value in present):
            raise TypeError("R has no integers beyond 64 bit")
        if all(abs(value) < 2**31 for value in present):
            return pa.array(values, pa.int32())
    if {type(value) for value in present} == {int, float}:
        values = [None if value is None else float(value) for value in values]
    return pa.array(values)


def _numeric(kind: Any) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    )
