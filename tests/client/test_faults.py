"""What goes wrong between client and kernel: told in a sentence, and nothing hangs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
import urllib.request
from pathlib import Path

import pytest
from lines import LIGHT, TOKEN, Connect, Cut, file_of, free_port, run
from session import Session

from toree.client import (
    AsyncClient,
    Client,
    ConnectionLost,
    ExecutionError,
    KernelGone,
    Refused,
    Unsupported,
)


async def light() -> AsyncClient:
    return await AsyncClient.start("toree_pyspark", env=LIGHT)


def test_a_kernel_that_dies(specs: Path) -> None:
    async def body() -> None:
        async with await light() as owner:
            manager = owner._connection.transport._manager  # type: ignore[attr-defined]
            async with await AsyncClient.connect(manager.connection_file) as other:
                pid = int((await owner.execute("import os; os.getpid()").result()).text)
                waiting = owner.execute("import time; time.sleep(60)")
                queued = other.execute("1")
                os.kill(pid, signal.SIGKILL)
                with pytest.raises(KernelGone, match="has ended"):
                    await waiting.result()
                with pytest.raises(KernelGone, match="not been heard of"):
                    await queued.result()
                for client in (owner, other):
                    with pytest.raises(KernelGone):
                        client.execute("1")
                    await client.shutdown()  # it is what was wanted

    run(body())


def test_wrong_keys_files_tokens_and_addresses(
    python_kernel: Session, server: str, tmp_path: Path
) -> None:
    info = json.loads(Path(file_of(python_kernel)).read_text())
    (tmp_path / "key.json").write_text(json.dumps(info | {"key": "another"}))
    (tmp_path / "text.json").write_text("not JSON")
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(Refused, match="key"):
        Client.connect(tmp_path / "key.json", timeout=3)
    for name in ("text.json", "list.json"):
        with pytest.raises(Refused, match="no connection file"):
            Client.connect(tmp_path / name)
    with pytest.raises(Refused, match="no connection file"):
        Client.connect(tmp_path / "absent.json")
    with pytest.raises(Refused, match="does not take this token"):
        Client.connect(server, token="wrong")
    with pytest.raises(Refused, match="wants a token"):
        Client.connect(server)
    with pytest.raises(Refused, match="no_such_kernel"):
        Client.connect(server, token=TOKEN, kernel="no_such_kernel")
    with pytest.raises(ConnectionLost, match="can't be reached"):
        Client.connect(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Refused, match="no kernel 'no_such_kernel'"):
        Client.start("no_such_kernel")
    with Client.connect(file_of(python_kernel)) as client:
        assert client.execute("1").result().text == "1"


def test_a_kernel_that_is_not_torees(specs: Path) -> None:
    async def body() -> None:
        async with await AsyncClient.start("python3") as client:
            assert (await client.execute("6 * 7").result()).text == "42"
            with pytest.raises(Unsupported, match="ipython"):
                await client.fetch("x")
            stopped = client.execute("print('begun'); import time; time.sleep(60)")
            async for _ in stopped:
                break
            await stopped.cancel()
            with pytest.raises(ExecutionError, match="KeyboardInterrupt"):
                await stopped.result()

    run(body())


def test_a_line_that_breaks_under_cells(server: str) -> None:
    async def body() -> None:
        line = Cut(server)
        async with (
            line.listening() as url,
            await AsyncClient.connect(url, token=TOKEN, kernel="toree_pyspark") as client,
        ):
            long = client.execute(
                "import time\nfor i in range(4): print(i); time.sleep(0.5)\n'end'"
            )
            behind = client.execute("'behind'")
            async for _ in long:
                break
            line.open = False
            line.cut()
            await asyncio.sleep(0.8)  # prints come while nobody is there
            line.open = True
            assert (await long.result()).text == "'end'"
            assert "".join(o.get("text", "") for o in long.outputs) == "0\n1\n2\n3\n"
            assert (await behind.result()).text == "'behind'"
            line.cut()
            await asyncio.sleep(0.1)  # what is sent before it is noticed here is lost
            assert (await client.execute("'after'").result()).text == "'after'"

    run(body())


def test_a_line_that_breaks_in_the_middle_of_a_fetch(server: str) -> None:
    async def body() -> None:
        line = Cut(server)
        async with (
            line.listening() as url,
            await AsyncClient.connect(url, token=TOKEN, kernel="toree_pyspark") as client,
        ):
            await client.execute(
                "import numpy as np, pandas as pd\n"
                "big = pd.DataFrame({str(i): np.arange(2_000_000) for i in range(4)})"
            ).result()
            rows, broken = 0, False
            with pytest.raises(ConnectionLost, match="broke"):
                async for batch in client.batches("big"):
                    rows += batch.num_rows
                    if rows > 500_000 and not broken:
                        broken = True
                        line.cut()
            assert 500_000 < rows < 2_000_000
            table = await client.fetch("big")
            assert table.num_rows == 2_000_000
            assert table["3"][-1].as_py() == 1_999_999

    run(body())


def test_outputs_that_join_a_restarted_kernel_late(specs: Path, tmp_path: Path) -> None:
    """Each channel finds the new process on its own: what nobody hears must not be waited for."""

    async def body() -> None:
        async with await light() as owner:
            manager = owner._connection.transport._manager  # type: ignore[attr-defined]
            info = json.loads(Path(manager.connection_file).read_text())
            line = Cut(f"iopub:{info['iopub_port']}")
            async with line.listening() as address:
                info["iopub_port"] = int(address.rpartition(":")[2])
                (tmp_path / "late.json").write_text(json.dumps(info))
                async with await AsyncClient.connect(tmp_path / "late.json") as client:
                    waiting = client.execute("print('begun'); import time; time.sleep(60)")
                    async for _ in waiting:
                        break
                    line.open = False
                    await manager.restart_kernel(now=True)
                    with pytest.raises(KernelGone, match="restarted"):
                        await waiting.result()
                    after = client.execute("print('heard')\n'waiting' in globals()")
                    told = await client._connection.request("control", "kernel_info_request", {})
                    assert told.content["status"] == "ok"
                    assert not after.done
                    line.open = True
                    assert (await after.result()).text == "False"
                    assert after.outputs[0]["text"] == "heard\n"

    run(body())


def test_a_server_that_does_not_come_back(server: str) -> None:
    async def body() -> None:
        line = Cut(server)
        async with (
            line.listening() as url,
            await AsyncClient.connect(url, token=TOKEN, kernel="toree_pyspark") as client,
        ):
            transport = client._connection.transport
            client._connection._patience = 1.0
            waiting = client.execute("import time; time.sleep(30)")
            line.open = False
            line.cut()
            with pytest.raises(ConnectionLost, match="can't be reached"):
                await waiting.result()
            with pytest.raises(ConnectionLost):
                client.execute("1")
            line.open = True
            await transport.shutdown()

    run(body())


def test_a_kernel_that_others_end_or_restart(server: str) -> None:
    def call(method: str, path: str) -> None:
        request = urllib.request.Request(
            f"{server}/api/kernels/{path}",
            method=method,
            headers={"Authorization": f"token {TOKEN}"},
            data=b"{}" if method == "POST" else None,
        )
        with urllib.request.urlopen(request, timeout=60):
            pass

    async def body() -> None:
        async with await AsyncClient.connect(server, token=TOKEN, kernel="toree_pyspark") as client:
            kernel = client._connection.transport.kernel  # type: ignore[attr-defined]
            waiting = client.execute("x = 1; import time; time.sleep(60)")
            await asyncio.sleep(0.5)
            await asyncio.to_thread(call, "POST", f"{kernel}/restart")
            with pytest.raises(KernelGone, match="restarted"):
                await waiting.result()
            assert (await client.execute("'x' in globals()").result()).text == "False"
            waiting = client.execute("import time; time.sleep(60)")
            await asyncio.sleep(0.5)
            await asyncio.to_thread(call, "DELETE", kernel)
            with pytest.raises(KernelGone):
                await waiting.result()

    run(body())


def test_a_client_that_goes_away_in_the_middle(connect: Connect) -> None:
    async def body() -> None:
        async with await connect() as other:
            async with await connect() as leaving:
                gone = leaving.execute("import time; time.sleep(1); stayed = 'yes'")
                await asyncio.sleep(0.3)
            with pytest.raises(ConnectionLost, match="closed"):
                await gone.result()
            assert (await other.execute("stayed").result()).text == "'yes'"

    run(body())


def test_a_client_that_goes_away_in_the_middle_of_a_fetch(python_kernel: Session) -> None:
    """What it has left in the kernel goes too."""
    streams = "len(get_ipython().kernel.clients._streams)"

    async def body() -> None:
        async with await AsyncClient.connect(file_of(python_kernel)) as client:
            await client.execute(
                "import toree.jupyter.clients as clients; clients.PATIENCE = 40.0\n"
                "import pandas as pd; big = pd.DataFrame({'a': range(2_000_000)})"
            ).result()
            leaving = await AsyncClient.connect(file_of(python_kernel))
            async for _ in leaving.batches("big"):
                # Its process is gone from one moment to the next: nothing is said.
                for queue in (leaving._connection._cells, leaving._connection._others):
                    queue.put_nowait = lambda *_: None  # type: ignore[method-assign]
                await leaving._connection.transport.close()
                break
            assert (await client.execute(streams).result()).text == "1"
            await client.execute("clients.PATIENCE = 1.0").result()  # looked at every 10 s
            deadline = time.monotonic() + 60
            while (await client.execute(streams).result()).text != "0":
                assert time.monotonic() < deadline
                await asyncio.sleep(0.2)
            await client.execute("clients.PATIENCE = 120.0; del big").result()

    run(body())
