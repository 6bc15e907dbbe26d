"""`toree mcp` as an agent uses it: over stdin and stdout, by the protocol's own client."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import pytest
from lines import file_of, run
from mcp import Client as Agent
from mcp import StdioServerParameters
from mcp.server.mcpserver.exceptions import ToolError
from session import Session

from toree.client import Client
from toree.client.agents import bare

READING = {"names", "tables", "describe", "query", "explain"}


def unpacked(answer: Any) -> Any:
    said = "\n".join(part.text for part in answer.content if part.type == "text")
    assert not answer.is_error, said
    found = answer.structured_content
    return found if found is not None else json.loads(said)


@pytest.mark.spark
def test_an_agent_runs_cells_in_a_session_of_its_own(spark_kernel: Session) -> None:
    with Client.connect(file_of(spark_kernel)) as client:
        client.execute('val mine = 1; kernel.data.put("given", 7)').result()
        _run_cells(spark_kernel, client)


def _run_cells(spark_kernel: Session, client: Client) -> None:
    command = ["-m", "toree.client.app", "mcp", "--existing", file_of(spark_kernel)]

    def sessions() -> str:
        shown = client.execute("%session")
        shown.wait()
        return str(shown.outputs)

    async def body() -> None:
        started = StdioServerParameters(command=sys.executable, args=command)
        async with Agent(started, read_timeout_seconds=120) as agent:

            async def cell(code: str, language: str = "python", **options: Any) -> Any:
                asked = {"code": code, "language": language, **options}
                return unpacked(await agent.call_tool("run", asked))

            assert "agent-" not in sessions()
            first = await cell("mine = 2\nprint('said')\nkernel.data['given'] + mine")
            assert first == {"status": "ok", "printed": "said\n", "value": "9"}
            assert (await cell("spark.range(3).count() + mine", "scala"))["value"] == "5"
            failed = await cell("1 / 0")
            assert failed["status"] == "error" and "ZeroDivisionError" in failed["error"]
            assert (await agent.call_tool("run", {"code": "1", "language": "cobol"})).is_error
            long = await cell("print('x' * 100_000)")
            assert len(long["printed"]) < 30_000
            # Too long, and stopped: the next cell finds a session that is free.
            late = await cell("while True: pass", timeout=2)
            assert late["status"] == "timeout" and "2 s" in late["error"]
            endless = 'println("begun"); while (true) {}'
            waiting = [
                asyncio.ensure_future(cell(code, "scala")) for code in (endless, "val queued = 1")
            ]
            assert client.execute("1 + 1").result().text == "2"  # which does not wait for them
            await asyncio.sleep(1)  # begun or not: both are stopped
            stopped = unpacked(await agent.call_tool("cancel", {}))
            assert "2 stopped" in str(stopped)
            for one in waiting:
                assert (await one)["status"] == "cancelled"
            assert (await cell("mine"))["value"] == "2"
            # The notebook has heard nothing of it.
            assert client.execute("mine").result().text == "1"
            assert "agent-" in sessions()

    run(body(), 250)
    deadline = time.monotonic() + 30
    while "agent-" in sessions():  # the agent has left
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_an_agent_that_may_only_read(python_kernel: Session) -> None:
    command = ["-m", "toree.client.app", "mcp", "--read-only", "--existing", file_of(python_kernel)]

    async def body() -> None:
        started = StdioServerParameters(command=sys.executable, args=command)
        async with Agent(started, read_timeout_seconds=60) as agent:
            tools = {tool.name for tool in (await agent.list_tools()).tools}
            assert tools == READING

    run(body())


@pytest.mark.spark
def test_an_agent_reads_and_changes_nothing(spark_kernel: Session) -> None:
    with Client.connect(file_of(spark_kernel)) as client:
        client.execute('val agents = spark.range(3).selectExpr("id", "id * 2 as twice")').result()
        client.execute('spark.range(7).createOrReplaceTempView("agents_view")').result()
    command = ["-m", "toree.client.app", "mcp", "--existing", file_of(spark_kernel)]

    async def body() -> None:
        started = StdioServerParameters(command=sys.executable, args=command)
        async with Agent(started, read_timeout_seconds=120) as agent:

            async def call(tool: str, **arguments: Any) -> Any:
                return unpacked(await agent.call_tool(tool, arguments))

            async def refused(tool: str, **arguments: Any) -> str:
                answer = await agent.call_tool(tool, arguments)
                assert answer.is_error, answer
                return "\n".join(part.text for part in answer.content if part.type == "text")

            tools = {tool.name for tool in (await agent.list_tools()).tools}
            assert tools == READING | {"run", "cancel"}
            listed = (await call("names"))["result"]
            assert "agents" in {row["name"] for row in listed}
            assert "agents_view" in {row["tableName"] for row in (await call("tables"))["result"]}
            described = await call("describe", name="agents")
            assert described["columns"][1] == {"name": "twice", "type": "int64"}
            assert described["rows"][2] == {"id": 2, "twice": 4}
            found = await call("query", select="select sum(twice) s from agents;")
            assert found == {"rows": [{"s": 6}]}
            found = await call("query", select="select id from range(100)", limit=2)
            assert len(found["rows"]) == 2
            plan = await call("explain", select="select count(*) from agents_view")
            assert "HashAggregate" in str(plan)
            assert "absent" in await refused("describe", name="absent")
            assert "nothing_like_it" in await refused("query", select="select nothing_like_it")
            slow = "select count(*) from range(100000000000) a where a.id % 7 = 9"
            assert "longer than 2 s" in await refused("query", select=slow, timeout=2)
            for harm in (
                "drop view agents_view",
                "insert into agents_view values (1)",
                "create table harm as select 1",
                "set spark.harm = 1",
                "select 1) x; drop view agents_view; select * from (select 1",
            ):
                await refused("query", select=harm)
            assert "agents_view" in {row["tableName"] for row in (await call("tables"))["result"]}

    run(body(), 250)


def test_what_would_not_stay_a_subquery() -> None:
    assert bare(" select '(' || \")\", `a)` from (select 1);  ") == (
        "select '(' || \")\", `a)` from (select 1)"
    )
    for wrong in ("select 1)", "select (1", "select 'a", "select 1 -- x", "select /* ) */ 1"):
        with pytest.raises(ToolError):
            bare(wrong)
