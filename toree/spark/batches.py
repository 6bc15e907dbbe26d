"""Tables in pieces for clients: each an Arrow IPC stream of its own, made when it is asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator

from ..errors import ToreeError
from ..foreign import JavaObject, PySparkFrame
from . import arrow

#: Bytes of a piece, more or less: one message. Large enough that messages cost nothing, small
#: enough that a few of them are nothing to hold.
SIZE = 4 << 20
_END = b"\xff\xff\xff\xff\0\0\0\0"


class RowsFailed(ToreeError):
    """The job that makes the rows has failed."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class FrameBatches:
    """The rows of a PySpark DataFrame. The first piece has no rows, and no job runs for it."""

    def __init__(self, frame: PySparkFrame, group: str) -> None:
        self._frame = frame
        self._group = group
        self._closed = self._over = False
        self._source: JavaObject = None  # toree.spark.Batches, once rows are asked for
        self._schema = arrow.schema(frame).serialize().to_pybytes()

    def __iter__(self) -> Generator[bytes, None, None]:
        yield self._schema + _END
        if not self._frame.columns:
            return
        waiting: list[bytes] = []
        size = 0
        with contextlib.closing(self._read()) as source:
            for batch in source:
                waiting.append(batch)
                size += len(batch)
                if size >= SIZE:
                    yield b"".join((self._schema, *waiting, _END))
                    waiting, size = [], 0
        if waiting:
            yield b"".join((self._schema, *waiting, _END))

    def _read(self) -> Generator[bytes, None, None]:
        """Spark's own batches; the JVM makes them as this side reads."""
        from pyspark.serializers import NoOpSerializer

        context = self._frame.sparkSession.sparkContext
        context._jsc.setJobGroup(self._group, "rows for a client", True)
        entry, jvm = context._gateway.entry_point, context._jvm
        rdd = self._frame._jdf.toArrowBatchRdd()
        if self._closed:
            return
        self._source = entry.batches(rdd, max(2, context.defaultParallelism), self._group)
        served = jvm.org.apache.spark.api.python.PythonRDD.serveIterator(
            self._source, "toree-fetch"
        )
        with _opened(served) as stream:
            yield from NoOpSerializer().load_stream(stream)
        self._over = True
        try:
            served[2].getResult()  # raises what ended the rows too early
        except Exception as error:
            raise RowsFailed(*_cause(error)) from error

    def close(self) -> None:
        """Cancels the jobs that run for it; from any thread."""
        if self._over:
            return
        self._closed = True
        with contextlib.suppress(Exception):  # the JVM may be gone
            if self._source is not None:
                self._source.close()
            # A query's shuffles run before there are rows, and so before there is a source.
            context = self._frame.sparkSession.sparkContext
            context._gateway.entry_point.cancelGroup(self._group)


@contextlib.contextmanager
def _opened(served: JavaObject) -> Iterator[object]:
    """The socket on which PySpark reads what its JVM serves."""
    try:
        from pyspark.util import local_connect_and_auth
    except ImportError:  # before Spark 4
        from pyspark.java_gateway import local_connect_and_auth

    stream, socket = local_connect_and_auth(served[0], served[1])
    socket.settimeout(None)
    try:
        yield stream
    finally:
        with contextlib.suppress(OSError):
            stream.close()
        socket.close()


def _cause(error: Exception) -> tuple[str, str]:
    """The class and message of what went wrong, inside all that only passed it on."""
    java = getattr(error, "_origin", None) or getattr(error, "java_exception", None)
    if java is None:
        return type(error).__name__, str(error)
    while (inner := java.getCause()) is not None:
        java = inner
    return str(java.getClass().getName()), str(java.getMessage())


class TableBatches:
    """The rows of a pyarrow Table that lies in this process, or in a file."""

    def __init__(self, table: JavaObject) -> None:
        self._table = table

    def __iter__(self) -> Generator[bytes, None, None]:
        import pyarrow as pa

        table = self._table
        rows = max(1, int(SIZE * table.num_rows / max(1, table.nbytes)))
        starts = [(0, 0), *((start, rows) for start in range(0, table.num_rows, rows))]
        for start, count in starts:
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table.slice(start, count))
            yield sink.getvalue().to_pybytes()

    def close(self) -> None:
        """Nothing runs for it."""


Batches = FrameBatches | TableBatches
