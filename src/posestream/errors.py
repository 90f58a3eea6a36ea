"""Every error that posestream raises on purpose.

PosestreamError
├── ConfigError                 (ValueError)          a setting that cannot be
├── MissingDependencyError      (ImportError)         an optional package that is not installed
├── SourceError                 (OSError)             an input that cannot be read
│   ├── SourceNotFoundError     (FileNotFoundError)   an input that is not there
│   └── SourceRefusedError      (PermissionError)     an input that may not be read by us
├── SinkError                   (OSError)             an output that cannot be written
│   └── OutputExistsError       (FileExistsError)     an output that would be overwritten
├── ModelError                  (ValueError)          a model or card that cannot be used
│   ├── UnknownModelError       (LookupError)         a model name that nobody has
│   └── DamagedModelError                             weights that differ from their card
├── InferenceError              (RuntimeError)        a network that failed while running
│   └── OutOfMemoryError        (MemoryError)         a batch that the device has no room for
└── ServeError                  (OSError)             an address that cannot be served at

Each also subclasses the builtin beside it, so callers may catch either. Messages name the stream,
file or key, the value, and what is allowed; they are fit to show to a user as they are.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PosestreamError(Exception):
    """Base of every error that posestream raises on purpose."""

    def __str__(self) -> str:
        """Return the message alone, without the quoting of `KeyError` and its like."""
        return str(self.args[0]) if self.args else ""


class ConfigError(PosestreamError, ValueError):
    """A setting has a value or a name that is not allowed."""


class MissingDependencyError(PosestreamError, ImportError):
    """An optional package is needed and not installed."""


class SourceError(PosestreamError, OSError):
    """An input cannot be opened or read."""


class SourceNotFoundError(SourceError, FileNotFoundError):
    """An input does not exist."""


class SourceRefusedError(SourceError, PermissionError):
    """An input refuses us, as where a password is wrong."""


class SinkError(PosestreamError, OSError):
    """An output cannot be opened or written."""


class OutputExistsError(SinkError, FileExistsError):
    """An output exists and overwriting was not asked for."""


class ModelError(PosestreamError, ValueError):
    """A model, or the card that describes it, cannot be used."""


class UnknownModelError(ModelError, LookupError):
    """No model has the name that was asked for."""


class DamagedModelError(ModelError):
    """A model file's sha256 differs from the one on its card."""


class InferenceError(PosestreamError, RuntimeError):
    """A network failed while running, or returned what its card does not promise."""


class OutOfMemoryError(InferenceError, MemoryError):
    """A device has no room for what was asked of it."""


class ServeError(PosestreamError, OSError):
    """The status server cannot listen where it was told to, or its certificate is no good."""


def suggestion(wrong: str, allowed: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the nearest allowed name, or an empty string."""
    nearest = difflib.get_close_matches(wrong, list(allowed), n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""
