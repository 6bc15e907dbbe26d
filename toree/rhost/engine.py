"""The door to rpy2: starts R, calls functions in R, lets R call functions here.

Imported on the main thread only. Needs rpy2's low level (`rpy2.rinterface`) and nothing of its
converters, which lose types.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import locale
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from rpy2 import rinterface
from rpy2.rinterface_lib import openrlib

from ..foreign import Json, RObject
from .console import Console
from .forks import make_forks_safe

Ask = Callable[[str], "str | None"]
Function = Callable[..., object]
Watched = tuple[list[str], dict[str, int]]

#: The *.R files, in the order in which they are read.
SOURCES = (
    "host.R",
    "cell.R",
    "errors.R",
    "show.R",
    "plots.R",
    "names.R",
    "complete.R",
    "vectors.R",
    "spark.R",
    "sparkr.R",
    "data.R",
)


class Stopped(Exception):
    """A question was stopped."""


class Engine:
    """The R of this process. There is one, on the main thread."""

    def __init__(self, console: Console, ask: Ask) -> None:
        """Starts R.

        Args:
            console: gets what R prints.
            ask: answers a prompt of `readline()` with a line, or None for end of input.
        """
        _use_utf8()
        _use_zone()
        # Big first heaps save collections while a table of strings is made (115 to 80 ms).
        rinterface.embedded.set_initoptions(
            ("rpy2", "--quiet", "--no-save", "--no-restore", "--min-nsize=8M", "--min-vsize=256M")
        )
        # No C stack limit, or deep recursion ends in a segfault: R takes the wrong bounds.
        rinterface.initr(interactive=False, _c_stack_limit=0)
        self._rlib: RObject = openrlib.rlib
        self.libr = ctypes.CDLL(_libr_path())
        self._ask = ask
        self._console = console
        self._callbacks = [_READ(self._read_console), _WRITE(self._write_console)]
        read, write = self._callbacks
        self._set("ptr_R_ReadConsole", read)
        self._set("ptr_R_WriteConsoleEx", write)
        make_forks_safe()
        # R's safe points call no Python, so they need no GIL; interrupts come by a flag.
        self._rlib.ptr_R_ProcessEvents = openrlib.ffi.NULL
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        # From here on questions reach `ask`; R's own start must not ask.
        self._rlib.R_Interactive = 1
        self._functions: Json = {}
        self._nothing = rinterface.BoolSexpVector([None])  # rpy2 can't return NULL
        self._gate = rinterface.rternalize(self._enter, signature=False)
        self._env = self._load()
        gc.disable()  # the loop collects between cells, on this thread

    def _set(self, symbol: str, callback: RObject) -> None:
        address = ctypes.cast(callback, ctypes.c_void_p).value
        kind = openrlib.ffi.typeof(getattr(self._rlib, symbol))
        setattr(self._rlib, symbol, openrlib.ffi.cast(kind, address))

    def _load(self) -> RObject:
        folder = Path(__file__).parent / "r"
        env = rinterface.baseenv["new.env"](parent=rinterface.baseenv)
        env["host"] = self._gate
        source = rinterface.baseenv["sys.source"]
        for name in SOURCES:
            source(str(folder / name), envir=env, **{"keep.source": False})
        env["folder"] = strings([str(folder)])
        return env

    # -- out of R --------------------------------------------------------------

    def offer(self, name: str, function: Function) -> None:
        """Lets R code call `function` as `enter(name, ...)`; it gets R objects, may return any."""
        self._functions[name] = function

    def _enter(self, name: RObject, *arguments: RObject) -> RObject:
        # rpy2 only logs an exception that leaves here: it must go back as a value.
        if os.getpid() != _PID:
            return self.failure(
                "error", "Not in a process that R forked (mclapply): no Spark there."
            )
        try:
            result = self._functions[name[0]](*arguments)
        except BaseException as error:
            kind = getattr(error, "kind", type(error).__name__)
            return self.failure(kind, str(error), getattr(error, "detail", ""))
        return self._nothing if result is None else result

    def failure(self, kind: str, message: str, detail: str = "") -> RObject:
        made = rinterface.ListSexpVector([strings([text]) for text in (kind, message, detail)])
        set_attribute(made, "class", strings(["toree_failure"]))
        return made

    # -- into R ----------------------------------------------------------------

    def call(self, name: str, *arguments: object) -> RObject:
        """Calls a function of the *.R files. Interrupts stay suspended unless it allows them."""
        return self._env[name](*arguments)

    def ask(self, name: str, *arguments: object) -> RObject:
        """As `call`, and an interrupt ends it.

        Raises:
            Stopped: one has.
        """
        answer = self.call("asked", self._env[name], *arguments)
        if "toree_stopped" in [str(x) for x in answer.rclass]:
            raise Stopped("stopped")
        return answer

    def function(self, name: str) -> RObject:
        return self._env[name]

    @staticmethod
    def base(name: str) -> RObject:
        """A function of R's package base."""
        return rinterface.baseenv[name]

    def parse_status(self, code: str) -> str:
        """ "complete", "incomplete" or "invalid", from R's parser, in no user's language."""
        from rpy2.rinterface_lib._rinterface_capi import RParsingError

        try:
            rinterface.parse(code)
        except RParsingError as error:
            return "incomplete" if "INCOMPLETE" in str(error.status) else "invalid"
        except ValueError:
            return "invalid"
        return "complete"

    # -- the global environment -------------------------------------------------

    def watch(self, code: str) -> Watched:
        """Notes the global variables before a cell, for `assigned` after it."""
        names = [str(name) for name in self.call("names_to_watch", strings([code]))]
        every = [str(name) for name in self.call("global_names")]
        return every, {name: self._place(name) for name in names}

    def assigned(self, before: Watched) -> list[list[str]]:
        """Global names the last cell assigned or removed at top level.

        Each is name, kind ("" when it is gone), type, size, why it stays in R, and "common" where
        it came by `kernel$data`.
        """
        every, places = before
        still = [str(name) for name in self.call("plain_globals", strings(list(places)))]
        changed = [name for name in still if self._place(name) != places[name]]
        names = self.call("assigned_names", strings(every), strings(changed))
        if not len(names):
            return []
        rows = self.call("described_names", names)
        return [
            [str(name), *map(str, row), str(common)]
            for name, row, common in zip(names, rows, names.names, strict=True)
        ]

    def _place(self, name: str) -> int:
        return int(rinterface.globalenv[name].rid)

    @staticmethod
    def integer(value: int) -> RObject:
        return rinterface.IntSexpVector([value])

    # -- the console -----------------------------------------------------------

    def _write_console(self, buffer: int, length: int, kind: int) -> None:
        try:
            data = ctypes.string_at(buffer, length)
            self._console.write("stderr" if kind else "stdout", data)
        except OSError:
            os._exit(1)  # the front is gone

    def _read_console(self, prompt: bytes, buffer: int, size: int, _history: int) -> int:
        text = prompt.decode("utf-8", "replace")
        if text.startswith("Browse"):
            self._console.write("stderr", _NO_BROWSER)
            line: str | None = "c"
        else:
            try:
                line = self._ask(text)
            except Exception:
                line = None
        if line is None:
            return 0
        data = line.encode("utf-8")[: size - 2] + b"\n\0"
        ctypes.memmove(buffer, data, len(data))
        return 1


_READ = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
_WRITE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
_PID = os.getpid()
_NO_BROWSER = b"A notebook cell has no debugger: browser() was passed over, the code goes on.\n"


def memory(vector: RObject) -> RObject:
    """The memory of an R vector of numbers or bytes, as a writable buffer; valid while it is."""
    pointer = vector._R_GET_PTR(vector.__sexp__._cdata)
    return openrlib.ffi.buffer(pointer, len(vector) * vector._R_SIZEOF_ELT)


def set_attribute(vector: RObject, name: str, value: RObject) -> None:
    """Sets an attribute in place. R's slot assignment would leave an object without its mark."""
    rlib = openrlib.rlib
    symbol = rlib.Rf_install(openrlib.ffi.new("char[]", name.encode()))
    rlib.Rf_setAttrib(vector.__sexp__._cdata, symbol, value.__sexp__._cdata)


def strings(values: list[str]) -> RObject:
    return rinterface.StrSexpVector(values)


def _libr_path() -> str:
    home = openrlib.R_HOME
    name = "libR.dylib" if sys.platform == "darwin" else "libR.so"
    return os.path.join(home or "", "lib", name)


def _use_utf8() -> None:
    with contextlib.suppress(locale.Error):
        locale.setlocale(locale.LC_CTYPE, "")
    if locale.nl_langinfo(locale.CODESET).upper().replace("-", "") != "UTF8":
        os.environ.pop("LC_ALL", None)
        os.environ["LC_CTYPE"] = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"


def _use_zone() -> None:
    # R would ask timedatectl, which complains into the cell where there is no systemd.
    if not os.environ.get("TZ"):
        _, found, name = os.path.realpath("/etc/localtime").partition("/zoneinfo/")
        os.environ["TZ"] = name if found and name != "Etc/UTC" else "UTC"  # R's own name for it
