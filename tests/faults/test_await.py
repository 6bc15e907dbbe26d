"""The stop button and cells that await."""

from __future__ import annotations

import pytest
from session import Session
from victim import stopped

pytestmark = pytest.mark.spark

AWAITED = {
    "sleep": "await asyncio.sleep(120)",
    "gather": "await asyncio.gather(asyncio.sleep(120), asyncio.sleep(121))",
    "async for": """
async def ticks():
    while True:
        await asyncio.sleep(60)
        yield 1
async for tick in ticks(): pass""",
    "async with": """
lock = asyncio.Lock()
await lock.acquire()
async with lock: pass""",
    "short waits": "while True: await asyncio.sleep(0)",
    "its own computing": "await asyncio.sleep(0)\nwhile True: pass",
    "a job in a thread": """
def job(): return spark.range(10**15).selectExpr("sum(id)").collect()
await asyncio.to_thread(job)""",
}


@pytest.mark.parametrize("what", AWAITED)
def test_stop_ends_what_is_awaited(kernel: Session, what: str) -> None:
    kernel.run(
        "%%python\nimport asyncio\nkept = asyncio.ensure_future(asyncio.sleep(600))\n"
        "spark.range(1).count()"
    )
    code = f"%%python\nprint('this cell runs', flush=True)\n{AWAITED[what]}"
    ran, seconds = stopped(kernel, code)
    assert (ran.status, ran.reply["ename"]) == ("error", "KeyboardInterrupt")
    errors = [m["content"]["ename"] for m in ran.messages if m["msg_type"] == "error"]
    assert errors == ["KeyboardInterrupt"]
    assert seconds < 10
    # A task that the cell did not wait for lives on.
    after = kernel.run(
        "%%python\nstate = kept.done(); kept.cancel(); state, spark.range(3).count()"
    )
    assert after.result == "(False, 3)"
    assert kernel.run("%%python\nawait asyncio.sleep(0, 'on')").result == "'on'"


def test_a_cancelled_task_of_the_users_is_an_error_as_ever(kernel: Session) -> None:
    code = (
        "%%python\nimport asyncio\nt = asyncio.ensure_future(asyncio.sleep(9))\nt.cancel()\nawait t"
    )
    assert kernel.run(code).reply["ename"] == "CancelledError"
