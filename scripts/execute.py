"""Executes a notebook and prints its cells with their outputs: execute.py IN OUT."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config


def main(source: Path, target: Path) -> int:
    notebook = nbformat.read(source, as_version=4)  # type: ignore[no-untyped-call]
    resources = {"metadata": {"path": str(source.parent)}}
    encrypted = Config(KernelManager={"transport_encryption": "auto"})
    client = NotebookClient(
        notebook, timeout=300, resources=resources, on_cell_executed=show, config=encrypted
    )
    try:
        client.execute()
    except CellExecutionError:
        return 1  # the cell's error has been shown
    finally:
        nbformat.write(notebook, target)  # type: ignore[no-untyped-call]
    return 0


def show(cell: Any, **_: Any) -> None:
    print("\n" + "\n".join("| " + line for line in cell.source.splitlines()))
    for output in cell.outputs:
        print(text(output).rstrip("\n"), flush=True)


def text(output: Any) -> str:
    if output.output_type == "stream":
        return str(output.text)
    if output.output_type == "error":
        return "\n".join(output.traceback)
    shown = output.data.get("text/plain")
    return str(shown if shown is not None else f"({', '.join(output.data)})")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
