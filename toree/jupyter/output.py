"""Where cells print: messages on iopub, and sys.stdout of Python cells; too much is cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ipykernel.iostream import OutStream
from ipykernel.ipkernel import IPythonKernel

from ..foreign import Jupyter
from ..interpreters.base import Bundle, NoInput
from ..lines import new_id
from .request import REQUEST


def bundle(data: Bundle, metadata: Mapping[str, object]) -> dict[str, object]:
    """As messages have it: with the text of a picture where IPython puts `alt`, for pages."""
    told = dict(metadata)
    for mime in data:
        if mime.startswith("image/") and "text/plain" in data:
            own = told.get(mime)
            told[mime] = {"alt": data["text/plain"], **(own if isinstance(own, dict) else {})}
    return {"data": dict(data), "metadata": told}


class BoundedStream(OutStream):
    """Sends what a cell prints up to the limit, then a note, then nothing.

    Without it a loop around `print` fills the memory of this process, of the front end and of the
    notebook's file.
    """

    #: What one cell may print on one stream, characters; 0: no limit (`Config.output_limit`).
    limit = 0

    def __init__(self, *arguments: object, **options: object) -> None:
        self._cell: Jupyter = None
        self._printed = 0
        super().__init__(*arguments, **options)  # type: ignore[no-untyped-call]

    def write(self, string: str) -> int | None:  # type: ignore[override]
        if not self.limit or not isinstance(string, str):
            return super().write(string)
        cell = self.parent_header.get("msg_id")
        if cell != self._cell:
            self._cell, self._printed = cell, 0
        before, self._printed = self._printed, self._printed + len(string)
        if self._printed < self.limit:
            return super().write(string)
        if before < self.limit:
            super().write(string[: self.limit - before])
            super().write(f"\n[output cut after {self.limit:,} characters]\n")
        return len(string)


class KernelOutput:
    """The output of one cell, as messages on iopub. What is too much is cut with a note."""

    def __init__(self, kernel: IPythonKernel, limit: int) -> None:
        self.cell = new_id()
        self._kernel = kernel
        self._parent = kernel.get_parent("shell")  # other threads know no request
        self._limit = limit
        self._printed = 0

    def stream(self, name: Literal["stdout", "stderr"], text: str) -> None:
        if self._limit:
            if self._printed >= self._limit:
                return
            self._printed += len(text)
            if self._printed >= self._limit:
                text = text[: len(text) - (self._printed - self._limit)]
                self._send("stream", {"name": name, "text": text})
                name, text = "stderr", f"\n[output cut after {self._limit:,} characters]\n"
        self._send("stream", {"name": name, "text": text})

    def display(
        self,
        data: Bundle,
        metadata: Mapping[str, object] | None = None,
        *,
        display_id: str | None = None,
        update: bool = False,
    ) -> None:
        content = bundle(data, metadata or {})
        content["transient"] = {"display_id": display_id} if display_id else {}
        self._send("update_display_data" if update else "display_data", content)

    def clear(self, wait: bool = False) -> None:
        self._send("clear_output", {"wait": wait})

    def ask(self, prompt: str, *, password: bool = False) -> str:
        if not REQUEST.get().allow_stdin:
            raise NoInput
        self._kernel._allow_stdin = True
        if password:
            return str(self._kernel.getpass(prompt))
        return str(self._kernel.raw_input(prompt))

    def _send(self, kind: str, content: dict[str, object]) -> None:
        kernel = self._kernel
        assert kernel.session is not None
        kernel.session.send(
            kernel.iopub_socket, kind, content, parent=self._parent, ident=kernel._topic(kind)
        )
