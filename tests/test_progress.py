"""The bar of a running cell: what it says, in which form, and how it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from toree.handlers import Handlers
from toree.progress import MIME, Bars, Progress, Snapshot
from toree.testing import Recorder

FACTS: dict[str, Any] = {
    "elapsed": 2.34,
    "jobs": {"done": 1, "failed": 0, "total": 2},
    "stages": {"done": 1, "total": 3},
    "tasks": {"done": 6, "active": 2, "failed": 0, "total": 12},
    "bytes": 0,
    "rows": 0,
    "running": [{"id": 4, "attempt": 0, "name": "count at <cell>:1", "done": 2, "total": 8}],
    "ui": "http://127.0.0.1:4040",
    "cancelling": False,
}


def test_a_running_cell() -> None:
    bundle = Snapshot(FACTS).bundle()
    assert bundle["text/plain"] == (
        "[============            ] "
        "Spark: 1 of 2 jobs, 1 of 3 stages, 6 of 12 tasks, 2 active, 2.3 s"
    )
    page = bundle["text/html"]
    assert '<progress value="0.500" max="1"' in page and "aria-label" in page
    assert 'href="http://127.0.0.1:4040/stages/stage/?id=4&amp;attempt=0"' in page
    assert "count at &lt;cell&gt;:1 2/8" in page and "<cell>" not in page
    assert bundle[MIME]["tasks"]["done"] == 6 and bundle[MIME]["over"] is False
    inner = {**FACTS["running"][0], "name": "$anonfun$withThreadLocalCaptured$1 at Future.java:1"}
    page = Snapshot({**FACTS, "running": [inner]}).bundle()["text/html"]
    assert "stage 4</a> 2/8" in page


def test_a_cell_whose_cluster_gives_nothing() -> None:
    starved = "no executor for 12 s: yarn is full"
    assert Snapshot({**FACTS, "starved": starved}).text().endswith(f", 2.3 s, {starved}")
    assert starved not in Snapshot({**FACTS, "starved": starved}, over=True).text()
    assert Snapshot({**FACTS, "starved": None}).text().endswith(", 2.3 s")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "Spark: 1 of 2 jobs, 1 of 3 stages, 6 of 12 tasks, 2.3 s"),
        (
            {"jobs": {"done": 2, "failed": 0, "total": 2}, "rows": 1234567, "bytes": 2_500_000},
            "Spark: 2 jobs, 1 of 3 stages, 6 of 12 tasks, 1,234,567 rows read, 2.5 MB read, 2.3 s",
        ),
        (
            {"jobs": {"done": 1, "failed": 0, "total": 1}, "rows": 1},
            "Spark: 1 job, 1 of 3 stages, 6 of 12 tasks, 1 row read, 2.3 s",
        ),
        (
            {"tasks": {"done": 6, "failed": 3, "total": 12}, "cancelling": True},
            "Spark: 1 of 2 jobs, 1 of 3 stages, 6 of 12 tasks, 3 failed, 2.3 s, stopped",
        ),
    ],
)
def test_the_line_that_is_left(changes: dict[str, Any], text: str) -> None:
    bundle = Snapshot({**FACTS, **changes}, over=True).bundle()
    assert bundle["text/plain"] == text
    assert "<progress" not in bundle["text/html"]


def test_a_stop_is_seen_while_jobs_are_cancelled() -> None:
    assert "stopping: jobs are being cancelled" in Snapshot({**FACTS, "cancelling": True}).text()


def test_a_message_stays_small_whatever_runs() -> None:
    many = {**FACTS, "stages": {"done": 9_000, "total": 10_000}, "ui": "http://" + "h" * 60}
    many["running"] = [
        {"id": 10**6 + n, "attempt": 9, "name": "n" * 40, "done": 10**6, "total": 10**7}
        for n in range(3)
    ]
    assert len(json.dumps(Snapshot(many).bundle())) < 2000


def test_one_display_per_execution() -> None:
    output = Recorder()
    progress = Progress(output, lambda: {**FACTS, "elapsed": 9.0})
    progress.end()
    assert output.events == []  # a short cell shows nothing

    ids: list[tuple[str | None, bool]] = []
    shown = output.display
    output.display = lambda *a, display_id=None, update=False: (  # type: ignore[method-assign]
        ids.append((display_id, update)),
        shown(*a, display_id=display_id, update=update),
    )
    for _ in range(2):
        progress = Progress(output, lambda: {**FACTS, "elapsed": 9.0})
        progress.show(FACTS)
        progress.show(FACTS)  # nothing new: not sent
        progress.show({**FACTS, "elapsed": 3.0})
        progress.end()
        progress.show(FACTS)  # too late
    assert [update for _, update in ids] == [False, True, True] * 2
    assert len({name for name, _ in ids[:3]}) == 1
    assert ids[0][0] != ids[3][0]
    assert output.events[-1][1]["text/plain"].endswith("9.0 s")


def test_a_cell_that_ends_before_its_jobs_keeps_its_display() -> None:
    """Jobs that are being cancelled may outlive it; so may those of its threads."""
    ids: list[str | None] = []

    class Kept(Recorder):
        def display(self, *a: Any, display_id: str | None = None, **options: Any) -> None:
            ids.append(display_id)
            super().display(*a, display_id=display_id, **options)

    output = Kept()
    running = json.dumps({**FACTS, "idle": False})
    stopped = {**FACTS, "jobs": {"done": 2, "failed": 1, "total": 2}, "cancelling": True}
    bars = Bars(lambda _: running, lambda: True, Handlers(lambda *_: ""), lambda _: output)
    with bars.cell(output):
        assert bars.tell(output.cell, running)
    assert bars.tell(output.cell, json.dumps({**stopped, "idle": False}))
    assert not bars.tell(output.cell, json.dumps({**stopped, "idle": True}))
    assert len(ids) >= 4 and len(set(ids)) == 1
    assert output.events[-1][1]["text/plain"].endswith("stopped")
    bars.tell(output.cell, json.dumps({**FACTS, "idle": True}))  # a thread's, later
    assert len(set(ids)) == 2
