"""How far the Spark jobs of a cell are: one display per execution, updated while they run.

The JVM tells it, four times a second at most and only of cells whose jobs take their time
(`jvm/.../spark/Progress.scala`). The whole display is sent anew each time, without `clear_output`,
since front ends differ in what they do with parts; when the cell ends one quiet line is left.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping

from .errors import ToreeError
from .foreign import Facts, Json
from .handlers import Handlers
from .interpreters.base import Bundle, Output
from .preview import counted, cut, escape

#: The same facts for programs, in the bundle beside HTML and text (`Snapshot`, as JSON).
MIME = "application/vnd.toree.progress+json"

_BAR = 24  # characters of the bar in text


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """Counts of jobs, stages and tasks; seconds since the first job; what was read, if known."""

    facts: Facts
    over: bool = False

    @property
    def _share(self) -> float:
        tasks = self.facts["tasks"]
        return min(tasks["done"] / tasks["total"], 1.0) if tasks["total"] else 0.0

    def bundle(self) -> Json:
        return {
            "text/plain": self.text(),
            "text/html": self._html(),
            MIME: {**self.facts, "over": self.over},
        }

    def text(self) -> str:
        if self.over:
            return self._summary()
        full = round(self._share * _BAR)
        return f"[{'=' * full}{' ' * (_BAR - full)}] {self._summary()}"

    def _summary(self) -> str:
        jobs, stages, tasks = (self.facts[name] for name in ("jobs", "stages", "tasks"))
        parts = [
            f"{_of(jobs, 'job', self.over)}, {_of(stages, 'stage', self.over)}, "
            f"{_of(tasks, 'task', self.over)}"
        ]
        if tasks.get("active") and not self.over:
            parts.append(f"{tasks['active']} active")
        parts += [f"{count} failed" for count in (tasks.get("failed"),) if count]
        if rows := self.facts.get("rows"):
            parts.append(f"{counted(rows, 'row')} read")
        parts += [f"{_size(self.facts['bytes'])} read"] if self.facts.get("bytes") else []
        parts.append(f"{self.facts['elapsed']:.1f} s")
        if (starved := self.facts.get("starved")) and not self.over:
            parts.append(str(starved))
        if self.facts.get("cancelling"):
            parts.append("stopped" if self.over else "stopping: jobs are being cancelled")
        return "Spark: " + ", ".join(parts)

    def _html(self) -> str:
        summary = escape(self._summary())
        if ui := self.facts.get("ui"):
            summary = summary.replace("Spark:", f"{_link(f'{ui}/jobs/', 'Spark')}:", 1)
        if self.over:
            return f'<small style="opacity:.8">{summary}</small>'
        share = self._share
        rows = "".join(
            f"<div>{self._stage(stage)} {stage['done']}/{stage['total']}</div>"
            for stage in self.facts.get("running", ())
        )
        return (
            '<div role="status" style="font-size:90%">'
            f'<progress value="{share:.3f}" max="1" style="width:16em" '
            f'aria-label="Spark tasks done">{share:.0%}</progress> {summary}'
            f'<div style="opacity:.8">{rows}</div></div>'
        )

    def _stage(self, stage: Facts) -> str:
        label = f"stage {stage['id']}"
        if ui := self.facts.get("ui"):
            label = _link(f"{ui}/stages/stage/?id={stage['id']}&attempt={stage['attempt']}", label)
        if stage["name"].startswith("$anonfun$"):  # on a thread of Spark's: says nothing to anybody
            return label
        return f"{label} {escape(cut(stage['name'], 40))}"


class Progress:
    """The display of one execution. Thread-safe: the JVM tells of it on a thread of its own."""

    def __init__(self, output: Output, last: Callable[[], Facts | None], of: str = "") -> None:
        """
        Args:
            last: asks for the final facts, once the cell is over; None when they are lost.
            of: the display to go on with.
        """
        self._output = output
        self._last = last
        self._id = of
        self._shown: Bundle = {}
        self._facts: Facts = {}
        self._over = False
        self._lock = threading.Lock()

    @property
    def begun(self) -> bool:
        return bool(self._id)

    @property
    def unfinished(self) -> str:
        """The display of a cell that has ended before its jobs."""
        return "" if self._facts.get("idle", True) else self._id

    def show(self, facts: Facts) -> None:
        with self._lock:
            if not self._over:
                self._send(Snapshot(facts))

    def end(self) -> None:
        """The cell is over: the bar, if there was one, becomes a line."""
        with self._lock:
            self._over = True
            if self._id:
                self._send(Snapshot(self._last() or self._facts, over=True))

    def _send(self, snapshot: Snapshot) -> None:
        self._facts = snapshot.facts
        bundle = snapshot.bundle()
        if bundle == self._shown:
            return
        update, self._id = bool(self._id), self._id or f"toree-progress-{uuid.uuid4().hex}"
        self._shown = bundle
        self._output.display(bundle, display_id=self._id, update=update)


class Bars:
    """Those of the running cells, by the cells' ids. Thread-safe."""

    def __init__(
        self,
        last: Callable[[str], str],
        wanted: Callable[[], bool],
        handlers: Handlers,
        output: Callable[[str], Output | None],
    ) -> None:
        """
        Args:
            last: asks the JVM for the last word on a cell, as JSON.
            wanted: whether bars are shown at all.
            handlers: told of the same.
            output: that of a cell, also of one that has ended.
        """
        self._last = last
        self._wanted = wanted
        self._handlers = handlers
        self._bars: dict[str, Progress] = {}
        self._output = output
        # Of cells that have ended before their jobs: the displays, and who goes on with them.
        self._unfinished: dict[str, str] = {}
        self._late: dict[str, Progress] = {}

    @contextlib.contextmanager
    def cell(self, output: Output) -> Iterator[None]:
        """For as long as the cell of this output runs."""
        bar = self._bars[output.cell] = Progress(output, lambda: self._final(output.cell))
        self._handlers.begin(output.cell)
        try:
            yield
        finally:
            self._handlers.end(output.cell)
            bar.end()
            if bar.unfinished:
                self._unfinished[output.cell] = bar.unfinished
            self._bars.pop(output.cell, None)  # a part of the cell may have had its own

    def tell(self, cell: str, facts: str) -> bool:
        """The JVM's news of a cell; False: nobody wants more of it."""
        bar = self._bars.get(cell)
        # One that was begun before they were switched off says at its end how it was.
        if not (self._wanted() or self._handlers or (bar and bar.begun)):
            return False
        found: Json = json.loads(facts)
        if bar is None:
            return self._tell_late(cell, found)
        self._handlers.tell(cell)
        if self._wanted():
            bar.show(found)
        return True

    def _tell_late(self, cell: str, facts: Facts) -> bool:
        """A cell has ended and its jobs have not: a thread's, or some that are being cancelled."""
        output = self._output(cell)
        of = self._unfinished.pop(cell, "")
        if output is None or not self._wanted():
            return False
        bar = self._late.setdefault(cell, Progress(output, lambda: None, of))
        if not facts["idle"]:
            bar.show(facts)
            return True
        bar = self._late.pop(cell)
        bar.show(facts)
        bar.end()
        return False

    def _final(self, cell: str) -> Facts | None:
        with contextlib.suppress(ToreeError):  # the JVM has died: the cell says so
            if facts := self._last(cell):
                found: Json = json.loads(facts)
                return found
        return None


def _of(counts: Mapping[str, int], noun: str, over: bool) -> str:
    total = counts["total"]
    text = counted(total, noun)
    return text if over and counts["done"] == total else f"{counts['done']:,} of {text}"


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _link(url: str, text: str) -> str:
    return f'<a href="{escape(url)}" target="_blank" rel="noopener">{escape(text)}</a>'
