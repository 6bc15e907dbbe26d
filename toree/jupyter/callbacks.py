"""The stop button while a comm's handler of Python's runs, an ipywidgets callback for example.

It ends that code and the Spark jobs it waits for: they count as the newest Python cell's, in whose
output their bar is. What a handler runs as a cell of another language hears of the button itself.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

from ipykernel.ipkernel import IPythonKernel

from .. import running, signals
from ..foreign import Jupyter
from ..spark.attachment import Attachment


def make_stoppable(kernel: IPythonKernel, attachment: Attachment) -> None:
    for kind in ("comm_open", "comm_msg", "comm_close"):
        kernel.shell_handlers[kind] = _stoppable(kernel.shell_handlers[kind], attachment)


def _stoppable(plainly: Callable[..., object], attachment: Attachment) -> Callable[..., object]:
    def handle(*arguments: Jupyter) -> Jupyter:
        with signals.meaning(_Stop(attachment, signal.getsignal(signal.SIGINT))):
            return plainly(*arguments)

    return handle


class _Stop(signals.Told):
    def __init__(self, attachment: Attachment, before: Jupyter) -> None:
        self._attachment, self._before = attachment, before

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if callable(self._before):
            self._before(number, frame)
        if running.here() is None:
            if (cell := self._attachment.threads.newest) is not None:
                self._attachment.cancel(cell.group)
            signals.hang_up(frame)
            raise KeyboardInterrupt
