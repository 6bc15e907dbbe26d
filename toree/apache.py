"""Apache Toree's package, which has the same folder: side by side neither is whole."""

from __future__ import annotations

import sys
from pathlib import Path


def refuse() -> None:
    """Ends the program with a sentence when files of Apache's lie among ours."""
    folder = Path(__file__).parent
    if (folder / "toreeapp.py").exists():  # theirs alone, and in all their releases
        sys.exit(
            f"Apache Toree's Python package is installed into {folder}, which is this one's too: "
            "each has overwritten files of the other. Run `pip uninstall toree apache-toree`, "
            "then install spark-polyglot-kernel again."
        )
