"""Jupyter's questions about a cell that is being written: completion, inspection, completeness."""

from __future__ import annotations

from ..foreign import Json
from ..host import Host
from .routing import HOME, RoutedKernel

_TYPES = "_jupyter_types_experimental"


class AnalysedKernel(RoutedKernel):
    """Asks the host of the workspace whose request it is."""

    host: Host  # of the main workspace

    @property
    def here(self) -> Host:
        """The host of the workspace whose request is handled."""
        home = HOME.get()
        return self.host if home is None else home.host

    def do_complete(self, code: str, cursor_pos: int | None) -> Json:  # type: ignore[override]
        cursor = len(code) if cursor_pos is None else cursor_pos
        try:
            found = self.here.analysis.complete(code, cursor)
        except Exception:  # completion is a courtesy: it never disturbs the user
            self.log.debug("completion failed", exc_info=True)
            return {
                "status": "ok",
                "matches": [],
                "cursor_start": cursor,
                "cursor_end": cursor,
                "metadata": {},
            }
        types = [
            {
                "text": text,
                "start": found.start,
                "end": found.end,
                "type": found.types[i] if i < len(found.types) else "",
                "signature": found.signatures[i] if i < len(found.signatures) else "",
            }
            for i, text in enumerate(found.matches)
        ]
        return {
            "status": "ok",
            "matches": list(found.matches),
            "cursor_start": found.start,
            "cursor_end": found.end,
            "metadata": {_TYPES: types},
        }

    def do_inspect(  # type: ignore[override]
        self, code: str, cursor_pos: int, detail_level: int = 0, omit_sections: object = ()
    ) -> Json:
        try:
            data = self.here.analysis.inspect(code, cursor_pos, detail_level)
        except Exception:
            self.log.debug("inspection failed", exc_info=True)
            data = None
        return {"status": "ok", "found": bool(data), "data": dict(data or {}), "metadata": {}}

    def do_is_complete(self, code: str) -> Json:  # type: ignore[override]
        try:
            found = self.here.analysis.is_complete(code)
        except Exception:
            self.log.debug("no answer whether a cell is complete", exc_info=True)
            return {"status": "unknown"}
        reply: Json = {"status": found.status}
        if found.status == "incomplete":
            reply["indent"] = found.indent
        return reply
