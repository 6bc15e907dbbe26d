"""Scala cells: the REPL in the companion JVM."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ... import wire
from ...foreign import Facts
from ...lines import call_of
from ...preview import CELL_WIDTH, Preview
from ...running import abandoned, stopped
from ...spark import causes
from ..base import (
    Bundle,
    Completeness,
    Completion,
    Failed,
    Ok,
    Output,
    Result,
)
from ..services import Services
from .interpreter import JvmInterpreter
from .variables import ScalaVariables, for_jvm

#: Methods every Scala cell has, called without a dot.
OWN_NAMES = frozenset(
    ["sql", "println", "print", "printf", "require", "assert", "assume", "identity", "implicitly"]
)


class ScalaInterpreter(JvmInterpreter):
    """Sends code to `ScalaRepl` in the companion and turns its outcomes into results."""

    language = "scala"

    def __init__(self, services: Services) -> None:
        super().__init__(services)
        self._frames, self._store = services.frames, services.store
        self._scala = ScalaVariables(services)
        answers = self._companion.events.answers(self._workspace)
        answers.shared_value, answers.shared_names = self._shared, services.names.all

    @property
    def _variables(self) -> ScalaVariables:
        return self._scala

    async def execute(self, code: str, output: Output, **options: object) -> Result:
        self._variables.begin()
        if not code.strip():
            return Ok()
        asked = json.dumps(
            {
                "showTypes": self._display.show_types,
                "rows": self._display.rows,
                "bindings": self._variables.bindings(code),
                "silent": bool(options.get("silent")),
                "whole": not self._display.truncate,
            }
        )
        cell = call_of(output.cell)
        try:
            with self._cells.entered(self.language, output):
                outcome = self._companion.run(
                    cell,
                    output,
                    lambda entry: entry.execute(self._workspace, cell, code, asked),
                    self._workspace,
                )
        except KeyboardInterrupt:  # it had not begun
            return stopped()
        self._variables.ran(outcome)
        return result_of(outcome, output, "scala", self._source, self._display.widths())

    def complete(self, code: str, cursor: int) -> Completion:
        if not self._companion.soon():
            return Completion((), cursor, cursor)
        return completion_of(self._companion.ask("complete", self._workspace, code, cursor))

    def inspect(self, code: str, cursor: int, detail: int = 0) -> Bundle | None:
        if not self._companion.soon():
            return None
        return inspection_of(self._companion.ask("inspect", self._workspace, code, cursor, detail))

    def is_complete(self, code: str) -> Completeness:
        if not self._companion.soon():
            return Completeness("unknown")
        found = json.loads(self._companion.ask("isComplete", self._workspace, code))
        return Completeness(found["status"], found.get("indent", ""))

    def restart(self) -> bool:
        if self._companion.ready:
            self._companion.ask("restartRepl", self._workspace)
        return True

    # Shared names

    def own(self, name: str) -> bool:
        return name in OWN_NAMES or self._variables.own(name)

    def _shared(self, name: str) -> str:
        """Answers `kernel.data` of a running cell, on the thread that serves it."""
        owner = self._names.owner(name)
        if owner is None or owner == self.language:
            return "own" if owner else ""
        with self._store.crossing():
            try:
                value = self._names.value(name)
            except (KeyError, TypeError):
                return ""
            value = for_jvm(value, name, self._frames)
        return wire.dumps(value, self._store)  # the JVM reads its file, and removes it, after this


def completion_of(reply: str) -> Completion:
    """The JVM's completions; an overloaded name is one match per signature there, one here."""
    found = json.loads(reply)
    items: dict[str, dict[str, str]] = {}
    for item in found["items"]:
        items.setdefault(item["text"], item)
    return Completion(
        list(items),
        found["start"],
        found["end"],
        [item.get("type") or "" for item in items.values()],
        [item.get("signature") or "" for item in items.values()],
    )


def inspection_of(reply: str) -> Bundle | None:
    found = json.loads(reply)
    return {"text/plain": found["text/plain"]} if found["found"] else None


def result_of(
    outcome: Facts,
    output: Output,
    language: str,
    source: causes.Source,
    widths: Mapping[str, int] = CELL_WIDTH,
) -> Result:
    """The JVM's outcome (`Outcome.scala`) as a result; shows what the cell defined."""
    status = outcome["status"]
    if definitions := outcome.get("definitions"):
        output.display({"text/plain": definitions})
    if status == "ok":
        if table := outcome.get("table"):
            shown = Preview.from_wire(table, widths).bundle()
            return Ok({**shown, **(outcome.get("result") or {})})
        return Ok(outcome.get("result") or None)
    if status == "abandoned":
        return abandoned(language)
    if status == "aborted":
        return stopped()
    detail = outcome.get("detail") or ""
    told = [causes.in_cells(part, source) for part in outcome["traceback"]]
    message, advice = causes.in_cells(outcome["message"], source), causes.of_cluster(detail)
    return Failed(
        outcome["name"],
        "\n".join([message, *(line for line in advice if line not in message)]),
        [*told, *(line for line in advice if line not in "\n".join(told))],
        detail=detail,
    )
