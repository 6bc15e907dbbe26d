"""What we show can be read in both themes: WCAG's 4.5 : 1, computed from our own styles."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from toree.preview import STYLE, Preview
from toree.progress import Snapshot

Colour = tuple[float, float, float, float]

#: What the Jupyter extension sets in VS Code, in every theme of it.
WIDGETS = {"--jp-layout-color0": "white", "--jp-content-font-color1": "black"}
#: VS Code's "Light Modern" and "Dark Modern"; a page without variables.
OTHERS = {
    "vscode light": {
        **WIDGETS,
        "--vscode-editor-background": "#fff",
        "--vscode-editor-foreground": "#3b3b3b",
    },
    "vscode dark": {
        **WIDGETS,
        "--vscode-editor-background": "#1f1f1f",
        "--vscode-editor-foreground": "#ccc",
    },
    "page light": {"Canvas": "#fff", "CanvasText": "#000"},
    "page dark": {"Canvas": "#121212", "CanvasText": "#fff"},
}


def themes() -> dict[str, dict[str, str]]:
    found = dict(OTHERS)
    folder = Path(sys.prefix) / "share/jupyter/lab/themes/@jupyterlab"
    for name in ("light", "dark"):
        css = folder / f"theme-{name}-extension" / "index.css"
        if css.exists():
            found[f"lab {name}"] = dict(re.findall(r"(--[\w-]+):([^;}]+)", css.read_text()))
    return found


THEMES = themes()


def resolved(text: str, theme: dict[str, str]) -> Colour:
    text = text.strip()
    if called := re.fullmatch(r"var\((--[\w-]+)\s*(?:,(.*))?\)", text):
        name, otherwise = called.groups()
        value = theme.get(name) or otherwise
        assert value, f"{name} is nowhere"
        return resolved(value, theme)
    if text in theme:
        return resolved(theme[text], theme)
    if parts := re.fullmatch(r"rgba?\(([^)]*)\)", text):
        red, green, blue, *alpha = (float(part) for part in parts[1].split(","))
        return red / 255, green / 255, blue / 255, alpha[0] if alpha else 1.0
    named = {"white": "#fff", "black": "#000"}.get(text, text)
    digits = named.removeprefix("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    red, green, blue = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue, 1.0


def over(ink: Colour, ground: Colour, opacity: float = 1.0) -> Colour:
    alpha = ink[3] * opacity
    red, green, blue = (alpha * i + (1 - alpha) * g for i, g in zip(ink[:3], ground, strict=False))
    return red, green, blue, 1.0


def ratio(one: Colour, two: Colour) -> float:
    def light(colour: Colour) -> float:
        parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((light(one), light(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def grounds(theme: dict[str, str]) -> list[Colour]:
    """The page's, and what a front end puts under rows of tables and under errors."""
    page = resolved(re.search(r"background:((?:var\(|[^;}])*)", STYLE)[1], theme)  # type: ignore[index]
    if editor := theme.get("--vscode-editor-background"):
        assert page == resolved(editor, theme)
    under = [n for n in theme if re.search(r"table-row-(hover-)?background|error-background", n)]
    return [page, *(over(resolved(theme[name], theme), page) for name in under)]


def test_the_measure() -> None:
    white, black = resolved("#fff", {}), resolved("black", {})
    assert ratio(white, black) == pytest.approx(21)
    assert ratio(resolved("#767676", {}), white) == pytest.approx(4.54, abs=0.01)
    assert ratio(resolved("#777", {}), white) < 4.5


@pytest.mark.parametrize("name", THEMES)
def test_text_stands_out(name: str) -> None:
    theme = THEMES[name]
    declared = re.findall(r"(?<![-\w])color:((?:var\(|[^;}])*)", STYLE)
    assert declared
    inks = [resolved(ink, theme) for ink in declared]
    shown = Preview([("a", "int")], [["1"], [None]], more=True).as_html()
    facts = {
        "elapsed": 1.0,
        "ui": "http://x",
        "running": [{"id": 1, "attempt": 0, "name": "n"}],
        "jobs": {"done": 1, "total": 2},
        "stages": {"done": 0, "total": 1},
        "tasks": {"done": 1, "total": 2},
    }
    facts["running"][0] |= {"done": 1, "total": 2}  # type: ignore[index]
    bars = Snapshot(facts).bundle()["text/html"] + Snapshot(facts, over=True).bundle()["text/html"]
    opacities = [float(number) for number in re.findall(r"opacity:\s*([\d.]+)", shown + bars)]
    if link := theme.get("--jp-content-link-color"):  # a bar's links to Spark's pages
        inks.append(resolved(link, theme))
    page = grounds(theme)[0]
    for ink in inks:
        for opacity in (1.0, *opacities):
            assert ratio(over(ink, page, opacity), page) >= 4.5, (name, opacity)
    for ground in grounds(theme):
        assert ratio(over(inks[0], ground), ground) >= 4.5, name


def test_nothing_but_what_is_measured_has_colours() -> None:
    """Other colours in our sources would escape this test."""
    root = Path(__file__).parents[1]
    sources = [*root.glob("toree/**/*.py"), *root.glob("jvm/src/main/**/*.scala")]
    coloured = {
        path.name
        for path in [*sources, *root.glob("toree/rhost/r/*.R")]
        if re.search(r"opacity:|(?<![-\w])color:|background:|background-color:", path.read_text())
    }
    assert coloured == {"preview.py", "progress.py"}
