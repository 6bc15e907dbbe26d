"""IPython without a kernel around it, for a workspace in a test (`services.IPython`)."""

from __future__ import annotations

import contextlib
import io

from IPython.core.completer import provisionalcompleter, rectify_completions
from IPython.core.displayhook import DisplayHook
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.tokenutil import token_at_cursor

from ..foreign import IPythonShell, Json, Jupyter
from . import Recorder


class _Stdout(io.TextIOBase):
    def __init__(self, output: Recorder) -> None:
        self._output = output

    def write(self, text: str) -> int:
        if text:
            self._output.stream("stdout", text)
        return len(text)


class _Hook(DisplayHook):  # type: ignore[misc,unused-ignore]
    """Gives a cell's value to the output, as ("result", its bundle)."""

    output = Recorder()

    def write_output_prompt(self) -> None: ...

    def write_format_data(self, format_dict: Jupyter, md_dict: Jupyter = None) -> None:
        self.output.events.append(("result", dict(format_dict)))


class _Shell(InteractiveShell):  # type: ignore[misc,unused-ignore]
    displayhook_class = _Hook


class PlainIPython:
    """Runs cells in an IPython shell of its own; what they print is in `output`."""

    def __init__(self) -> None:
        self.shell: IPythonShell = _Shell()  # type: ignore[no-untyped-call,unused-ignore]
        self.output = Recorder()

    async def run(self, code: str, *, part: bool = False) -> Json:
        self.shell.displayhook.output = self.output
        with contextlib.redirect_stdout(_Stdout(self.output)):
            ran = await self.shell.run_cell_async(
                code, store_history=False, transformed_cell=self.shell.transform_cell(code)
            )
        error = ran.error_before_exec or ran.error_in_exec
        if error is None:
            return {"status": "ok", "payload": [], "user_expressions": {}}
        name = type(error).__name__
        line = f"{name}: {error}"
        return {"status": "error", "ename": name, "evalue": str(error), "traceback": [line]}

    def complete(self, code: str, cursor: int) -> Json:
        with provisionalcompleter():
            found = self.shell.Completer.completions(code, cursor)
            matches = list(rectify_completions(code, found))
        start, end = (matches[0].start, matches[0].end) if matches else (cursor, cursor)
        texts = [match.text for match in matches]
        return {"matches": texts, "cursor_start": start, "cursor_end": end}

    def inspect(self, code: str, cursor: int, detail: int) -> Json:
        try:
            data = self.shell.object_inspect_mime(token_at_cursor(code, cursor), detail)
        except KeyError:
            return {"found": False, "data": {}}
        return {"found": True, "data": data}

    def is_complete(self, code: str) -> Json:
        status, indent = self.shell.check_complete(code)
        return {"status": status, "indent": indent}
