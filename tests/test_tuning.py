"""How the JVM is started: early, with options that give way to the user's."""

from __future__ import annotations

import subprocess
import sys

import pytest

from toree.companion import java, sparkhome, tuning

STARTED = """
import sys
from toree.companion.companion import Companion
def start(self):
    print("begins", "ipykernel" in sys.modules, flush=True)
    sys.exit()
Companion.start = start
sys.argv = ["toree", *sys.argv[1:]]
from toree.__main__ import main
main()
"""


def runtime() -> java.Java:
    return java.find(*sparkhome.find().java_range)


@pytest.mark.parametrize(
    ("arguments", "said"), [(["-f", "none.json"], "begins False\n"), (["--version"], "")]
)
def test_the_jvm_starts_before_jupyter_is_loaded(arguments: list[str], said: str) -> None:
    command = [sys.executable, "-c", STARTED, *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.stdout.startswith(said)
    assert said or "begins" not in ran.stdout


@pytest.mark.parametrize(
    "users",
    ["-XX:+UseSerialGC", "-XX:+UseParallelGC", "-XX:+UseZGC", "-Xms256m -XX:MaxHeapFreeRatio=90"],
)
def test_options_give_way_to_the_users(users: str) -> None:
    found = runtime()
    options = [*tuning.options(found), *users.split()]
    # Spark puts the heap's limit and the driver's options behind.
    command = [str(found.executable), *options, "-Xmx1g", "-XX:+PrintFlagsFinal", "-version"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    flags = {line.split()[1]: line.split()[3] for line in ran.stdout.splitlines()[1:-1] if line}
    for option in users.split():
        if option.startswith("-XX:+"):
            assert flags[option[5:]] == "true"
        elif option.startswith("-XX:"):
            name, _, value = option[4:].partition("=")
            assert flags[name] == value
        else:
            assert flags["InitialHeapSize"] == str(256 << 20)


def test_old_java_gets_no_option_it_does_not_know() -> None:
    for version in (8, 11, 16):
        options = " ".join(tuning.options(java.Java(runtime().home, version, "")))
        assert "ArchiveRelocationMode" not in options
        assert ("G1PeriodicGCInterval" in options) == (version >= 12)


def test_the_environment_is_the_users_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLOC_ARENA_MAX", "7")
    monkeypatch.setenv("SPARK_LAUNCHER_OPTS", "-Dmine=1")
    found = tuning.environment(sparkhome.find())
    assert found["MALLOC_ARENA_MAX"] == "7"
    assert found["SPARK_LAUNCHER_OPTS"].endswith(" -Dmine=1")
