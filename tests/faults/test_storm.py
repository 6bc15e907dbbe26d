"""A storm: cells of all languages, stops, restarts, kills, subshells, callbacks, forks and a full
disk in a random order, which the seed repeats. After each step the kernel answers, output belongs
to its cell and every name is what it was; at the end nothing is left. A short one, always of the
same seed, belongs to the suite; a failure prints its seed and its steps.

    TOREE_STORM=600 TOREE_STORM_SEED=7 python -m pytest -s tests/faults/test_storm.py
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from session import Session, has_r
from victim import READY, companion, gone, line_of, processes, stopped, until

pytestmark = [pytest.mark.spark, pytest.mark.timeout(0)]

SECONDS = float(os.environ.get("TOREE_STORM", 40))
SEED = int(os.environ.get("TOREE_STORM_SEED", 0)) or (
    random.randrange(1, 10**6) if "TOREE_STORM" in os.environ else 11
)
SLOW = 400  # seconds a cell may take on a machine with far too much to do

LANGUAGES = ("scala", "python", "r") if has_r else ("scala", "python")
SET = {"scala": "val {} = {}", "python": "{} = {}", "r": "{} <- {}L"}
LOOP = {"scala": "while (true) {{}}", "python": "while True: pass", "r": "while (TRUE) {{}}"}
SAY = {"scala": 'println("{}")', "python": 'print("{}")', "r": 'cat("{}\\n")'}
FAIL = {"scala": 'sys.error("{}")', "python": "raise ValueError('{}')", "r": "stop('{}')"}
ALL = {"scala": 'println(Seq[Any]({}).mkString(" "))', "python": "print({})", "r": "cat({})"}
FORK = (
    "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as pool:\n"
    "    print(sum(pool.map(abs, range(5))))"
)
BATCH = (
    "seen = []\n"
    "q = (spark.readStream.format('rate-micro-batch').option('rowsPerBatch', 3).load()"
    ".writeStream.foreachBatch(lambda frame, number: seen.append(frame.count()))"
    ".trigger(once=True).start())\nq.awaitTermination(60); print(seen[0])"
)


class Storm:
    """What was done to the kernel, and what must therefore be so."""

    def __init__(self, session: Session, chance: random.Random, disk: Path | None) -> None:
        self.session, self.chance, self.disk = session, chance, disk
        self.names: dict[str, tuple[str, int]] = {}  # by name: who assigned it last, and what
        self.steps: list[str] = []
        self.seen: set[psutil.Process] = set()

    def run(self, language: str, code: str, **options: Any) -> Any:
        return self.session.run(f"%%{language}\n{code}", timeout=SLOW, **options)

    def language(self) -> str:
        return self.chance.choice(LANGUAGES)

    def lost(self, *languages: str) -> None:
        self.names = {n: row for n, row in self.names.items() if row[0] not in languages}

    # ---------------------------------------------------------------- steps

    def assign(self) -> None:
        language, value = self.language(), self.chance.randrange(1000)
        name = f"n{self.chance.randrange(6)}"
        ran = self.run(language, SET[language].format(name, value))
        assert ran.status == "ok", ran
        self.names[name] = (language, value)

    def fail(self) -> None:
        language, word = self.language(), f"w{self.chance.randrange(10**6)}"
        ran = self.run(language, FAIL[language].format(word))
        assert ran.status == "error" and word in ran.reply["evalue"] + ran.traceback, ran

    def stop(self) -> None:
        language = self.language()
        code = f"%%{language}\n{SAY[language].format(READY)}\n{LOOP[language].format()}"
        ran, _ = stopped(self.session, code, timeout=SLOW)
        assert ran.status == "error", ran

    def query(self) -> None:
        assert self.run("python", "print(spark.range(7).count())").text("stdout") == "7\n"
        assert self.run("sql", "select 6 * 7 as answer").status == "ok"

    def fork(self) -> None:
        assert self.run("python", FORK).text("stdout") == "10\n"

    def callback(self) -> None:
        ran = self.run("python", BATCH)
        assert ran.text("stdout") == "3\n", ran

    def restart(self) -> None:
        language = self.chance.choice((*LANGUAGES, "spark"))
        assert self.session.run(f"%restart {language}", timeout=SLOW).status == "ok"
        self.lost(language)

    def kill(self) -> None:
        """A process of the kernel's: JVM, R, PySpark's daemon, a worker; idle or at work."""
        others = [p for p in processes(self.session) if p.pid != self.session.pid]
        if not others:
            return
        victim = self.chance.choice(others)
        line = " ".join(line_of(victim))
        self.steps[-1] += f" {line[-60:]!r}"
        ours = "toree.Main" in line
        victim.kill()
        if ours:  # its threads die one after the other: the kernel knows when all are gone
            victim.wait(SLOW)
            self.lost("scala")
        until(lambda: gone([victim]))
        self.lost("r")  # R, or what it lives on: a shell, its session

    def kill_under_a_cell(self) -> None:
        self.run("scala", "1")
        ran, _ = stopped(
            self.session,
            f'%%scala\nprintln("{READY}")\nwhile (true) {{}}',
            stop=lambda: companion(self.session).kill(),
            timeout=SLOW,
        )
        assert ran.reply["ename"] == "CompanionFailed", ran
        self.lost("scala")

    def subshell(self) -> None:
        """A cell of a subshell while a cell runs: each has its own output."""
        client, language = self.session.client, self.language()
        made = client.session.msg("create_subshell_request", {})
        client.control_channel.send(made)
        reply = client.control_channel.get_msg(timeout=SLOW)["content"]
        if reply["status"] != "ok":  # an ipykernel without subshells
            return
        content = {"code": f"%%{language}\n{SAY[language].format('beside')}", "silent": False}
        beside = client.session.msg("execute_request", content)
        beside["header"]["subshell_id"] = reply["subshell_id"]
        main = client.execute("%%python\nimport time; time.sleep(0.5); print('main')")
        client.shell_channel.send(beside)
        said = {main: "", beside["header"]["msg_id"]: ""}
        waits, replies = set(said), set(said)
        while waits:
            message = client.get_iopub_msg(timeout=SLOW)
            cell, content = message["parent_header"].get("msg_id"), message["content"]
            if message["msg_type"] == "stream" and content["name"] == "stdout":
                said[cell] += content["text"]
            if content.get("execution_state") == "idle":
                waits.discard(cell)
        while replies:
            replies.discard(client.get_shell_msg(timeout=SLOW)["parent_header"].get("msg_id"))
        assert list(said.values()) == ["main\n", "beside\n"], said

    def fill(self) -> None:
        if self.disk is None:
            return
        filler = self.disk / "filler"
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(2**16))
        try:
            language = self.language()
            self.run(language, SAY[language].format("full"))  # it may fail, not hang
            self.run("python", "spark.range(100000).repartition(3).count()")
        finally:
            filler.unlink()

    # ---------------------------------------------------------------- checks

    def check(self) -> None:
        for language in self.chance.sample(LANGUAGES, 2):
            word = f"w{self.chance.randrange(10**6)}"
            ran = self.run(language, SAY[language].format(word))
            assert (ran.status, ran.text("stdout")) == ("ok", f"{word}\n"), ran
        if self.names:
            language = self.language()
            ran = self.run(language, ALL[language].format(", ".join(self.names)))
            values = " ".join(str(value) for _, value in self.names.values())
            assert ran.text("stdout").strip() == values, (language, self.names, ran)
        with contextlib.suppress(psutil.Error):
            self.seen.update(processes(self.session))


STEPS: list[tuple[Callable[[Storm], None], int]] = [
    (Storm.assign, 10),
    (Storm.query, 4),
    (Storm.stop, 4),
    (Storm.fail, 3),
    (Storm.fork, 2),
    (Storm.subshell, 2),
    (Storm.restart, 2),
    (Storm.kill, 2),
    (Storm.kill_under_a_cell, 1),
    (Storm.callback, 1),
    (Storm.fill, 1),
]


def left_in(folder: Path) -> list[str]:
    """All but what JVMs map: their performance counters, gone with the next JVM."""
    return [path.name for path in folder.iterdir() if not path.name.startswith("hsperfdata_")]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path | None]:
    """A small disk for the kernel's temporary files; None for who can't mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=128m,mode=0700", "toree-storm", str(folder)]
    if os.getuid() or subprocess.run(command, capture_output=True).returncode:
        yield None
        return
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_the_storm(specs: Path, disk: Path | None, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    temporary = disk or tmp_path / "disk"
    env = {**os.environ, "TMPDIR": str(temporary)}
    session = Session("toree_scala", env=env)
    with session:
        storm = Storm(session, chance, disk)
        storm.query()
        end = time.monotonic() + SECONDS
        steps, weights = zip(*STEPS, strict=True)
        try:
            while time.monotonic() < end:
                step = chance.choices(steps, weights)[0]
                storm.steps.append(step.__name__)
                step(storm)
                storm.check()
        except BaseException:
            print(f"\nseed {SEED}, after {len(storm.steps)} steps:", *storm.steps, sep="\n  ")
            raise
        print(f"\nseed {SEED}: {len(storm.steps)} steps")
    until(lambda: gone(storm.seen), 20, "processes are left")
    until(lambda: left_in(temporary) == [], 20, f"files are left: {left_in(temporary)}")
