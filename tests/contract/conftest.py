from __future__ import annotations

import sys
from pathlib import Path

# The example of a language in a package of its own.
sys.path.append(str(Path(__file__).resolve().parents[2] / "examples" / "toree-echo"))
