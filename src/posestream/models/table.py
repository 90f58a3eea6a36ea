"""Read a TOML table strictly: every key is known, of the right type and an allowed value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from posestream.errors import ModelError, suggestion

T = TypeVar("T")
_REQUIRED = object()
_TYPE_NAMES = {str: "text", int: "a whole number", float: "a number", dict: "a table"}


class Table:
    """One table of a model card."""

    def __init__(
        self, values: Mapping[str, Any], *, keys: Collection[str] | None, path: str = ""
    ) -> None:
        """Wrap parsed values.

        Args:
            values: What the TOML parser gave.
            keys: Every key that the table may have; None for any.
            path: Dotted name of the table inside the card, empty for the outermost.

        Raises:
            ModelError: If there is another key.
        """
        self._values = values
        self._path = path
        for key in values:
            if keys is not None and key not in keys:
                hint, allowed = suggestion(key, keys), ", ".join(keys)
                raise self.error(key, f"unknown key.{hint} Allowed: {allowed}")

    def text(self, key: str, *, allowed: Collection[str] = (), default: Any = _REQUIRED) -> str:
        """Return a text, one of ``allowed`` if that is not empty."""
        value = self._get(key, str, default)
        if allowed and value not in allowed:
            choices = ", ".join(sorted(allowed))
            hint = suggestion(value, allowed)
            raise self.error(key, f"{value!r} is not allowed; allowed: {choices}.{hint}")
        return value

    def whole(self, key: str, *, default: Any = _REQUIRED) -> Any:
        """Return a whole number of at least 1, or ``default`` where the key is missing."""
        value = self._get(key, int, default)
        if value is not default and value < 1:
            raise self.error(key, f"{value} is not allowed; allowed: 1 or more")
        return value

    def number(self, key: str, *, default: Any = _REQUIRED) -> Any:
        """Return a number, or ``default`` where the key is missing."""
        return self._get(key, float, default)

    def sequence(self, key: str, of: type[T], *, default: Any = _REQUIRED) -> tuple[T, ...]:
        """Return a list of values of one type."""
        value = self._get(key, list, default)
        for item in value:
            self._check(key, item, of)
        return tuple(value)

    def pairs(self, key: str, *, default: Any = _REQUIRED) -> tuple[tuple[int, int], ...]:
        """Return a list of pairs of whole numbers."""
        rows = self._get(key, list, default)
        for row in rows:
            if not (isinstance(row, list) and len(row) == 2 and all(_is(i, int) for i in row)):
                raise self.error(key, f"{row!r} is not allowed; allowed: pairs of whole numbers")
        return tuple((row[0], row[1]) for row in rows)

    def table(self, key: str, *, keys: Collection[str] | None) -> Table:
        """Return a table inside this one, which may have ``keys``."""
        return Table(self._get(key, dict, _REQUIRED), keys=keys, path=self._dotted(key))

    def tables(self, key: str, *, keys: Collection[str]) -> list[Table]:
        """Return the tables of a list, none where the key is missing."""
        rows = enumerate(self.sequence(key, dict, default=[]))
        return [Table(row, keys=keys, path=self._dotted(f"{key}[{i}]")) for i, row in rows]

    def __contains__(self, key: str) -> bool:
        """Tell whether a key is there."""
        return key in self._values

    def sequences(self, of: type[T]) -> dict[str, tuple[T, ...]]:
        """Return the whole table as free keys with lists of values of one type."""
        return {key: self.sequence(key, of) for key in self._values}

    def is_table(self, key: str) -> bool:
        """Tell whether a key holds a table."""
        return isinstance(self._values.get(key), dict)

    def texts(self, *, allowed: Collection[str]) -> dict[str, str]:
        """Return the whole table as free keys with texts, each one of ``allowed``."""
        return {key: self.text(key, allowed=allowed) for key in self._values}

    def error(self, key: str, problem: str) -> ModelError:
        """Return an error that names the key."""
        return ModelError(f"{self._dotted(key)}: {problem}")

    def _get(self, key: str, of: type, default: Any) -> Any:
        if key not in self._values:
            if default is _REQUIRED:
                raise self.error(key, "missing")
            return default
        return self._check(key, self._values[key], of)

    def _check(self, key: str, value: Any, of: type) -> Any:
        if not _is(value, of):
            name = _TYPE_NAMES.get(of, "a list")
            raise self.error(key, f"{value!r} is not allowed; allowed: {name}")
        return value

    def _dotted(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key


def _is(value: object, of: type) -> bool:
    """Tell whether a TOML value has a type; whole numbers are numbers, booleans are not."""
    if isinstance(value, bool):
        return of is bool
    return isinstance(value, (int, float) if of is float else of)
