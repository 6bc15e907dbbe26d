"""`%session` through a Jupyter server: notebooks that share a kernel, as JupyterLab has them."""

from __future__ import annotations

import asyncio
import urllib.request

import pytest
from lines import TOKEN, run

from toree.client import AsyncClient, ExecutionError, KernelGone, Stream


def test_notebooks_with_one_kernel(server: str) -> None:
    """Each notebook is a connection with a Jupyter session of its own, which `%session` moves."""

    async def notebook(kernel: str) -> AsyncClient:
        return await AsyncClient.connect(server, token=TOKEN, kernel=kernel)

    async def text(place: AsyncClient, code: str) -> str:
        return (await place.execute(code, timeout=60).result()).text

    async def pressed(kernel: str, button: str) -> None:
        request = urllib.request.Request(
            f"{server}/api/kernels/{kernel}/{button}",
            method="POST",
            headers={"Authorization": f"token {TOKEN}"},
            data=b"{}",
        )
        await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=60).close())

    async def body() -> None:
        async with await AsyncClient.connect(server, token=TOKEN, kernel="toree_pyspark") as owner:
            kernel = owner._connection.transport.kernel  # type: ignore[attr-defined]
            async with await notebook(kernel) as left, await notebook(kernel) as right:
                # "Run All": what follows the magic is sent before it has run.
                sent = [left.execute(code) for code in ("%session left", "x = 1", "x")]
                assert (await sent[-1].result()).text == "1"
                await text(right, "%session right")
                await text(right, "x = 2\nright_only = 1")
                assert await text(owner, "'x' in globals()") == "False"
                assert [await text(place, "x") for place in (left, right)] == ["1", "2"]
                found = await right.complete("right_o")
                assert "right_only" in found["matches"]
                assert "right_only" not in (await left.complete("right_o"))["matches"]

                # A loop in one keeps nobody waiting, and the stop button ends it.
                endless = left.execute("print('begun')\nwhile True: pass")
                async for event in endless:
                    assert event == Stream("stdout", "begun\n")
                    break
                assert await text(right, "x + 1") == "3"
                assert await text(owner, "1 + 1") == "2"
                await pressed(kernel, "interrupt")
                with pytest.raises(ExecutionError) as stopped:
                    await endless.result()
                assert stopped.value.ename == "KeyboardInterrupt"
                assert [await text(place, "x") for place in (left, right)] == ["1", "2"]

                # The page is loaded anew: a new connection, which finds the session by its name.
                await left.close()
                async with await notebook(kernel) as again:
                    assert await text(again, "'x' in globals()") == "False"
                    await text(again, "%session left")
                    assert await text(again, "x") == "1"

                waiting = right.execute("import time; time.sleep(60)")
                await pressed(kernel, "restart")
                with pytest.raises(KernelGone):
                    await waiting.result()
                assert await text(right, "'x' in globals()") == "False"
                shown = right.execute("%session")
                await shown.wait()
                assert "right" not in str(shown.outputs)  # all sessions went with the kernel
                await text(right, "%session right")
                assert await text(right, "'x' in globals()") == "False"

    run(body())
