"""A streaming table while it runs: its newest rows and how fast they come."""

from __future__ import annotations

import dataclasses
import json

from .foreign import Facts
from .interpreters.base import Bundle
from .preview import Preview, counted


def bundle(message: Facts) -> Bundle:
    """What `LiveTable.scala` tells, as MIME types."""
    said = _said(message["stream"])
    if not message["table"]:
        return {"text/plain": said}
    table = Preview.from_wire(json.loads(message["table"]))
    return dataclasses.replace(table, note=said).bundle()


def _said(facts: Facts) -> str:
    parts = [f"{counted(facts['rows'], 'row')} in {counted(facts['batches'], 'batch')}"]
    if facts["over"]:
        return f"The stream has ended: {parts[0]}"
    parts.append(f"{facts['input']:,.0f} rows/s in, {facts['processed']:,.0f} rows/s processed")
    return f"Streaming: {', '.join(parts)}"
