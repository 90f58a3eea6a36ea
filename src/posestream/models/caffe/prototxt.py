"""Read protobuf's text format, as far as ``.prototxt`` files use it.

Source:
    Protocol Buffers documentation, Text Format Language Specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from posestream.errors import ModelError

Scalar: TypeAlias = str | int | float | bool
Message: TypeAlias = "dict[str, list[Scalar | Message]]"

MAX_CHARACTERS = 2**20
"""No longer text is read; OpenPose's have 42 and 46 thousand characters."""
_MAX_DEPTH = 8
_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
      | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?f?)
      | (?P<word>-?[A-Za-z_]\w*)
      | (?P<sign>[{}:;,<>\[\]])""",
    re.VERBOSE,
)
_WORDS: dict[str, Scalar] = {"true": True, "false": False}
_CLOSING = {"{": "}", "<": ">"}


def parse_prototxt(text: str) -> Message:
    """Return a message as lists of values by field name.

    Words that are no truth values, such as ``MAX``, stay texts.

    Raises:
        ModelError: If the text is too long or no such message; the message names the line.
    """
    if len(text) > MAX_CHARACTERS:
        raise ModelError(f"{len(text)} characters are not allowed; allowed: up to {MAX_CHARACTERS}")
    return _Parser(text).message(closing="", depth=0)


class _Parser:
    """Goes over the tokens once."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._line = 1
        self._kind = self._token = ""
        self._advance()

    def message(self, *, closing: str, depth: int) -> Message:
        if depth > _MAX_DEPTH:
            raise self._error(f"more than {_MAX_DEPTH} messages inside each other")
        found: Message = {}
        while self._token != closing:
            if self._kind != "word":
                raise self._error(f"{self._token or 'the end'!r} is not the name of a field")
            name = self._take()
            found.setdefault(name, []).extend(self._values(depth))
            if self._token in (",", ";"):
                self._advance()
        if closing:
            self._advance()
        return found

    def _values(self, depth: int) -> list[Scalar | Message]:
        has_colon = self._token == ":"
        if has_colon:
            self._advance()
        if self._token in _CLOSING:
            return [self.message(closing=_CLOSING[self._take()], depth=depth + 1)]
        if not has_colon:
            raise self._error(f"{self._token or 'the end'!r} where ':' or '{{' must be")
        if self._token != "[":
            return [self._scalar()]
        self._advance()
        values: list[Scalar | Message] = []
        while self._token != "]":
            values.append(self._scalar())
            if self._token == ",":
                self._advance()
        self._advance()
        return values

    def _scalar(self) -> Scalar:
        kind, token = self._kind, self._token
        if kind not in ("text", "number", "word"):
            raise self._error(f"{token or 'the end'!r} is not a value")
        self._advance()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if kind == "word":
            return _WORDS.get(token, token)
        return int(token) if re.fullmatch(r"[-+]?\d{1,18}", token) else float(token.rstrip("f"))

    def _take(self) -> str:
        token = self._token
        self._advance()
        return token

    def _advance(self) -> None:
        self._line, self._kind, self._token = next(self._tokens, (self._line, "end", ""))

    def _error(self, problem: str) -> ModelError:
        return ModelError(f"line {self._line}: {problem}")


def _tokens(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, kind and text of each token."""
    place, line = 0, 1
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ModelError(f"line {line}: {text[place]!r} is not allowed")
        if match.lastgroup != "space":
            yield line, str(match.lastgroup), match.group()
        line += match.group().count("\n")
        place = match.end()
