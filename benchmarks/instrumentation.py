"""What the checks that let a cell be stopped cost in tight loops.

    python benchmarks/instrumentation.py [KERNEL]

Runs `instrumentation.scala` in an installed kernel (toree_scala). Best of 15 rounds of each loop,
turn by turn, so that other load on the machine hits both alike. The bar is 5 %.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_client.manager import start_new_kernel

BAR = 5.0


def printed(kernel: str, code: str) -> str:
    manager, client = start_new_kernel(kernel_name=kernel, startup_timeout=120)
    text: list[str] = []

    def hook(message: dict[str, object]) -> None:
        content = message["content"]
        assert isinstance(content, dict)
        if message["msg_type"] == "stream" and content["name"] == "stdout":
            text.append(content["text"])
        elif message["msg_type"] == "error":
            sys.exit("\n".join(content["traceback"]))

    try:
        client.execute_interactive(code, output_hook=hook, timeout=600)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    return "".join(text)


def main() -> None:
    kernel = sys.argv[1] if len(sys.argv) > 1 else "toree_scala"
    code = Path(__file__).with_suffix(".scala").read_text(encoding="utf-8")
    lines = [line.split() for line in printed(kernel, code).splitlines()]
    print(f"{'loop':10} {'checked ms':>11} {'plain ms':>9} {'cost':>7}")
    for name, checked, plain in lines:
        cost = (float(checked) / float(plain) - 1) * 100
        print(f"{name:10} {checked:>11} {plain:>9} {cost:>6.1f}%{'' if cost <= BAR else '  !'}")


if __name__ == "__main__":
    main()
