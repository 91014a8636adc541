"""The confusion tables of a calibration as one SVG picture, to look at and to send."""

from collections.abc import Sequence
from html import escape

from rewards.workbench.judging.agreement import Agreement

#: Side of a cell, in pixels; size of the text; how wide one of its characters is, at most.
_CELL, _FONT, _CHAR = 44, 13, 8

#: A level's name is cut to this, beside its row and above its column.
MAX_LEVEL_CHARS = 16

#: From the edge to the row labels: the axis's name stands there, upright.
_LEFT = 36


def confusion_svg(tables: Sequence[tuple[str, Agreement]], title: str) -> str:
    """People's levels down, the judge's across, worst first; darker is more."""
    parts = [_text(10, 24, title, size=16, weight="bold")]
    y, width = 40, 20 + 12 * len(title)
    for name, table in tables:
        drawn, height, needed = _table(name, table, y)
        parts += drawn
        y += height
        width = max(width, needed)
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" role="img" '
        f'font-family="sans-serif" font-size="{_FONT}" style="background: white">\n'
        f"<title>{escape(title)}</title>\n{body}\n</svg>\n"
    )


def _table(name: str, table: Agreement, top: int) -> tuple[list[str], int, int]:
    """One table from `top` down: its parts, its height, and the width that it needs."""
    levels = [
        level if len(level) <= MAX_LEVEL_CHARS else level[: MAX_LEVEL_CHARS - 1] + "…"
        for level in table.levels
    ]
    room = _CHAR * max(map(len, levels))  # of the longest label
    left = _LEFT + room + 8
    side = len(levels) * _CELL
    measured = "n/a" if table.weighted_kappa is None else f"{table.weighted_kappa:.2f}"
    heading = f"{name}: weighted kappa {measured}, n = {table.count}"
    # The labels above the columns stand at an angle, so that none reaches into the next.
    slant = round(0.71 * (room + _FONT))
    cells = top + 48 + slant + 8
    parts = [
        _text(10, top + 18, heading, weight="bold"),
        _text(left + side // 2, top + 42, "judge", anchor="middle", style="italic"),
        _text(20, cells + side // 2, "people", anchor="middle", style="italic", turned=-90),
    ]
    most = max(max(row) for row in table.confusion) or 1
    for i, row in enumerate(table.confusion):
        middle = i * _CELL + _CELL // 2
        parts.append(_text(left + middle, cells - 6, levels[i], turned=-45))
        parts.append(_text(left - 8, cells + middle + 5, levels[i], anchor="end"))
        for j, count in enumerate(row):
            shade = 255 - round(200 * count / most)
            x, y = left + j * _CELL, cells + i * _CELL
            parts.append(
                f'<rect x="{x}" y="{y}" width="{_CELL}" height="{_CELL}" '
                f'fill="rgb({shade},{shade},255)" stroke="#999"/>'
            )
            fill = "white" if shade < 128 else "black"
            centre = x + _CELL // 2
            parts.append(_text(centre, y + _CELL // 2 + 5, str(count), anchor="middle", fill=fill))
    width = max(left + side + slant, 20 + 9 * len(heading))
    return parts, cells - top + side + 30, width


def _text(
    x: int,
    y: int,
    text: str,
    *,
    size: int = _FONT,
    anchor: str = "start",
    fill: str = "black",
    weight: str = "normal",
    style: str = "normal",
    turned: int = 0,
) -> str:
    turn = f' transform="rotate({turned} {x} {y})"' if turned else ""
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{fill}" font-size="{size}" '
        f'font-weight="{weight}" font-style="{style}"{turn}>{escape(text)}</text>'
    )
