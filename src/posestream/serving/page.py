"""The page for people: all streams in a table, and their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import quote

from posestream.credentials import redacted
from posestream.runtime.status import StreamStatus

ASSETS = {"page.css": "text/css", "page.js": "text/javascript"}
"""Files that the page refers to, and their media types."""


def asset(name: str) -> str:
    """Return one of the page's files."""
    return (files("posestream.serving") / "assets" / name).read_text(encoding="utf-8")


def render_page(
    statuses: Sequence[StreamStatus], *, estimator: str, mosaic: bool, pictures: bool
) -> str:
    """Return the page as it stands now; its script keeps it up to date.

    Args:
        statuses: Every stream's status.
        estimator: What estimates the poses, in words.
        mosaic: Whether there is a picture of all streams.
        pictures: Whether there are pictures of single streams.
    """
    names = [status.name for status in statuses]
    return Template(asset("page.html")).substitute(
        estimator=escape(redacted(estimator)),
        mosaic='<img class="mosaic" src="/mjpeg" alt="All streams, live">' if mosaic else "",
        rows="\n".join(map(_row, statuses)),
        pictures="\n".join(map(_figure, names)) if pictures else "",
    )


def _row(status: StreamStatus) -> str:
    age_s = status.last_frame_age_s
    cells = (
        redacted(status.name),
        status.state.value,
        f"{status.fps:.1f}",
        str(status.people),
        str(status.frames),
        str(status.dropped),
        str(status.reconnects),
        "" if age_s is None else f"{age_s:.1f} s",
        redacted(status.error or ""),
    )
    inner = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr class="{status.state.value}">{inner}</tr>'


def _figure(name: str) -> str:
    """Return a still that leads to the live picture: browsers open few connections to one host."""
    address, caption = quote(name, safe=""), escape(redacted(name))
    return (
        f'<figure><a href="/mjpeg/{address}">'
        f'<img class="still" src="/snapshot/{address}.jpg?width=640" alt="{caption}"></a>'
        f"<figcaption>{caption}</figcaption></figure>"
    )
