"""What the end of a kernel takes, from the request until no process of it is left.

    python benchmarks/end.py [KERNEL] [--rounds 3] [--wait 5] [--cell CODE ...]

Seconds until the reply, until the kernel's process has ended, and until all are gone; the CPU of
the kernel's process meanwhile. Of two versions give two kernels, which take turns. Linux only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from pathlib import Path

from jupyter_client.manager import KernelManager
from start import children, run, seconds

CELLS = ("1 + 1", "spark.range(1000).count()")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def end(kernel: str, cells: list[str], wait: float) -> tuple[float, ...]:
    manager = KernelManager(kernel_name=kernel)
    manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=300)
        for code in cells:
            run(client, code)
        time.sleep(wait)
        pid = manager.provisioner.pid
        others = list(children(pid))
        stat = Path(f"/proc/{pid}/stat")
        before = used = seconds(stat)[1]
        begun = time.perf_counter()
        client.shutdown()
        client.get_control_msg(timeout=60)
        replied = time.perf_counter() - begun
        while alive(pid):
            used = seconds(stat)[1]
            time.sleep(0.002)
        ended = time.perf_counter() - begun
        while any(map(alive, others)):
            time.sleep(0.002)
        return replied, ended, time.perf_counter() - begun, used - before
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernels", nargs="*", default=["toree_scala"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wait", type=float, default=5.0, help="seconds after the last cell")
    parser.add_argument("--cell", action="append", help=f"instead of {CELLS}")
    arguments = parser.parse_args()
    print("kernel               reply    ended     gone  CPU of its process   load")
    for _ in range(arguments.rounds):
        for kernel in arguments.kernels:
            found = end(kernel, arguments.cell or list(CELLS), arguments.wait)
            row = "".join(f"{figure:9.2f}" for figure in found)
            print(f"{kernel:16}{row}{os.getloadavg()[0]:18.1f}", flush=True)


if __name__ == "__main__":
    main()
