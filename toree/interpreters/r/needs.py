"""What R cells need: R itself, and an rpy2 that loads in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator

from ...needs import Finding, get, packaged

#: rpy2-rinterface from 3.6.6 on does not load in an R older than 4.5.
R_OF_NEW_RPY2 = (4, 5)
FIRST_NEW_RPY2 = (3, 6, 6)
RPY2 = '"rpy2>=3.6,<3.7" "rpy2-rinterface<3.6.6" pyarrow'
DEBIAN_R = (
    "apt-get install r-base-core r-base-dev python3-dev r-cran-dbi r-cran-dplyr r-cran-dbplyr"
)


def findings() -> Iterator[Finding]:
    program = shutil.which("R")
    found = installed() if program else None
    if program is None or found is None:
        yield Finding("R", "missing", "only R cells need it", f"Debian: {DEBIAN_R}")
    else:
        yield Finding("R", ".".join(map(str, found)), program)
    rpy2 = packaged("rpy2-rinterface")
    if rpy2 is None:
        yield Finding("rpy2", "missing", "only R cells need it", get(RPY2))
    elif found and found < R_OF_NEW_RPY2 and numbers(rpy2) >= FIRST_NEW_RPY2:
        yield Finding("rpy2", rpy2, "does not load in an R older than 4.5", get(RPY2))
    else:
        yield Finding("rpy2", rpy2, "rpy2-rinterface")


def installed() -> tuple[int, ...] | None:
    try:
        said = subprocess.run(
            ["R", "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None
    number = re.search(r"R version (\d+\.\d+\.\d+)", said.stdout)
    return numbers(number[1]) if number else None


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
