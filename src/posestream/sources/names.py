"""Give streams names that are safe in file names, addresses and metrics, and unique."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from posestream.credentials import HIDDEN, redacted
from posestream.errors import SourceError
from posestream.sources.addresses import InputKind, kind_of_input
from posestream.sources.files import expanded

MAX_LENGTH = 64
"""Characters of the longest name."""

RESERVED = ("pose_estimation",)
"""Names that no stream gets, because the mosaic's file is called so."""

_MAX_BYTES = 160  # file systems allow 255, and endings such as ".poses.jsonl" follow
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$"}
_DEVICES |= {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}


def stream_name(text: str) -> str:
    """Return a short safe name for an input: ``rtsp://u:p@cam1/live/main`` is ``cam1-live-main``.

    It has only letters, digits, ``.``, ``_`` and ``-``, begins with none of ``.-``, is at most 64
    characters long, never empty, and holds no credentials and no query of an address.
    """
    try:
        kind = kind_of_input(text)
    except SourceError:  # an unknown kind of address
        kind = InputKind.HTTP
    if kind is InputKind.CAMERA:
        number = re.search(r"(\d+)$", text)
        device = number[1] if number else text.partition(":")[2].rpartition("/")[2]
        return safe_name(f"camera-{device}")
    if kind is InputKind.GSTREAMER:
        return safe_name("gst-" + redacted(text).partition(":")[2].strip().split(" ")[0])
    if kind is InputKind.FAKE:
        return "fake"
    if kind in (InputKind.FILES, InputKind.SDP):
        return safe_name(_file_name(text))
    return safe_name(_address_name(redacted(text)))


def safe_name(text: str) -> str:
    """Return the text with everything replaced that is not safe in a name; see `stream_name`."""
    text = unicodedata.normalize("NFKC", text).replace(HIDDEN, "")
    text = "".join(c if c.isalnum() or c in "._-" else "-" for c in text)
    text = re.sub(r"-{2,}", "-", text).lstrip(".-")[:MAX_LENGTH]
    text = text.encode()[:_MAX_BYTES].decode(errors="ignore").rstrip(".-")
    if _key(text.partition(".")[0]) in _DEVICES:
        return f"stream-{text}"[:MAX_LENGTH].rstrip(".-")
    return text or "stream"


def unique_names(names: Iterable[str], *, reserved: Iterable[str] = RESERVED) -> list[str]:
    """Make names safe, and different from each other and from reserved ones in any case.

    The second ``door`` becomes ``door-2``, the third ``door-3``.
    """
    taken = {_key(name) for name in reserved}
    unique: list[str] = []
    for name in map(safe_name, names):
        candidate, number = name, 1
        while _key(candidate) in taken:
            number += 1
            ending = f"-{number}"
            candidate = safe_name(name[: MAX_LENGTH - len(ending)]) + ending
        taken.add(_key(candidate))
        unique.append(candidate)
    return unique


def _key(name: str) -> str:
    """Return what file systems that ignore case compare."""
    return unicodedata.normalize("NFKC", name.casefold()).casefold()


def _file_name(text: str) -> str:
    path = expanded(text)
    named = [part for part in path.parts if not set(part) & set("*?") and part not in ("/", "..")]
    if path.name in named:
        return path.stem if path.suffix[1:].isalnum() else path.name
    # Such as "." and "*": the folder where it is.
    return named[-1] if named else Path.cwd().name


def _address_name(address: str) -> str:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", str(parts.port or "")
    except ValueError:  # half an IPv6 address or no proper port
        return address.partition("://")[2].partition("?")[0]
    path = re.sub(r"\.[a-z0-9]{1,5}$", "", parts.path, flags=re.IGNORECASE)
    told_apart_by_port = not path.strip("/")
    words = (host, port if told_apart_by_port else "", *path.split("/"))
    return "-".join(word for word in words if word)
