"""What an execution tells while it runs, as records; and the same as a notebook keeps it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ..foreign import Facts, Json
from .messages import Message


@dataclasses.dataclass(frozen=True)
class Stream:
    """Text the cell printed; `name` is "stdout" or "stderr"."""

    name: str
    text: str


@dataclasses.dataclass(frozen=True)
class Display:
    """What the cell showed. With `update`, the display of that id has changed."""

    data: Facts
    metadata: Facts = dataclasses.field(default_factory=dict)
    display_id: str = ""
    update: bool = False


@dataclasses.dataclass(frozen=True)
class Progress(Display):
    """A display that says how far the cell's Spark jobs are; the last one comes at their end."""

    @property
    def facts(self) -> Facts:
        """Counts of jobs, stages and tasks, seconds, and whether it is the last (`over`)."""
        found: Facts = self.data[PROGRESS]
        return found


@dataclasses.dataclass(frozen=True)
class Clear:
    """What was shown so far is to go; with `wait`, when the next output comes."""

    wait: bool = False


@dataclasses.dataclass(frozen=True)
class Result:
    """The value of a cell: a MIME bundle, empty where it has none."""

    data: Facts = dataclasses.field(default_factory=dict)
    metadata: Facts = dataclasses.field(default_factory=dict)
    count: int | None = None

    @property
    def text(self) -> str:
        """The value as plain text; empty where there is none."""
        return str(self.data.get("text/plain", ""))

    def __bool__(self) -> bool:
        return bool(self.data)

    def __str__(self) -> str:
        return self.text


@dataclasses.dataclass(frozen=True)
class Error:
    """The code failed."""

    ename: str
    evalue: str
    traceback: Sequence[str] = ()


Event = Stream | Display | Progress | Clear | Result | Error

#: Displays with this type in their bundle are the kernel's report of progress, not the user's.
PROGRESS = "application/vnd.toree.progress+json"


def event_of(message: Message) -> Event | None:
    """The event in a message from iopub; None for those that are not about output."""
    content = message.content
    match message.kind:
        case "stream":
            return Stream(str(content["name"]), str(content["text"]))
        case "display_data" | "update_display_data":
            metadata = content.get("metadata") or {}
            kind = Progress if PROGRESS in content["data"] else Display
            identity = (content.get("transient") or {}).get("display_id") or ""
            update = message.kind == "update_display_data"
            return kind(content["data"], metadata, str(identity), update)
        case "execute_result":
            return Result(
                content["data"], content.get("metadata") or {}, content.get("execution_count")
            )
        case "error":
            return Error(str(content["ename"]), str(content["evalue"]), content["traceback"])
        case "clear_output":
            return Clear(bool(content.get("wait")))
    return None


def outputs_of(events: Sequence[Event]) -> list[Json]:
    """The events as a notebook keeps them
    (https://nbformat.readthedocs.io/en/latest/format_description.html#code-cell-outputs)."""
    outputs: list[Json] = []
    shown: dict[str, list[Json]] = {}
    clear = False
    for event in events:
        if isinstance(event, Clear):
            clear = event.wait
            if not event.wait:
                outputs.clear()
            continue
        if clear:
            outputs.clear()
            clear = False
        match event:
            case Stream(name, text):
                last = outputs[-1] if outputs else {}
                if last.get("output_type") == "stream" and last["name"] == name:
                    last["text"] += text
                else:
                    outputs.append({"output_type": "stream", "name": name, "text": text})
            case Display(data, metadata, identity, update):
                content = {"data": dict(data), "metadata": dict(metadata)}
                if update:
                    for output in shown.get(identity, ()):
                        output.update(content)
                else:
                    outputs.append({"output_type": "display_data", **content})
                    shown.setdefault(identity, []).append(outputs[-1])
            case Result(data, metadata, count):
                outputs.append(
                    {
                        "output_type": "execute_result",
                        "data": dict(data),
                        "metadata": dict(metadata),
                        "execution_count": count,
                    }
                )
            case Error(ename, evalue, traceback):
                outputs.append(
                    {
                        "output_type": "error",
                        "ename": ename,
                        "evalue": evalue,
                        "traceback": list(traceback),
                    }
                )
    return outputs
