"""The stop button and the Spark jobs of Python's threads: those of the cell, and no others."""

from __future__ import annotations

import json

import pytest
from session import Session, printed, run
from victim import READY, stopped, until

pytestmark = pytest.mark.spark

JOBS = """%%python
import json, threading, time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from pyspark import InheritableThread
def active():
    return sorted(sc.statusTracker().getActiveJobsIds())
def wait_for(count):
    while len(active()) != count:
        time.sleep(0.05)
def job(*_):
    sc.parallelize([0], 1).map(lambda _: time.sleep(600)).count()
early, late, go = ThreadPoolExecutor(2), ThreadPool(1), threading.Event()
early.submit(len, "").result()
def waits(): go.wait(); job()
"""

#: What an earlier cell has started: one job runs, another comes while the next cell runs.
EARLIER = """%%python
threading.Thread(target=job, daemon=True).start()
early.submit(waits)
wait_for(1)
print(active())
"""

OWN = f"""%%python
go.set()
wait_for(2)
print(json.dumps(active()), end="!")
threads = [kind(target=job, daemon=True) for kind in (threading.Thread, InheritableThread)]
[thread.start() for thread in threads]
early.submit(job)
late.map_async(job, [0])
wait_for(6)
print({READY!r})
threads[0].join()
"""


def test_a_stop_cancels_those_of_the_cell_s_threads(kernel: Session) -> None:
    run(kernel, JOBS)
    printed(kernel, EARLIER)
    try:
        ran, _ = stopped(kernel, OWN)
        assert ran.reply["ename"] == "KeyboardInterrupt", ran.traceback
        earlier = json.loads(ran.text("stdout").partition("!")[0])

        def left() -> list[int]:
            found = json.loads(printed(kernel, "%%python\nprint(active())"))
            return list(found)

        until(lambda: left() == earlier, 60)
    finally:
        run(kernel, "%%python\nsc.cancelAllJobs(); wait_for(0); late.terminate()")
