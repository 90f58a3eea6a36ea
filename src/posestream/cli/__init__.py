"""The ``posestream`` command: one file per subcommand."""

from __future__ import annotations

import sys
from typing import NoReturn

from posestream.errors import (
    ConfigError,
    OutputExistsError,
    PosestreamError,
    SourceNotFoundError,
    UnknownModelError,
)

WRONG_CALL = (ConfigError, OutputExistsError, SourceNotFoundError, UnknownModelError)
"""Errors that another command line would have avoided; exit code 2. Others exit with 1."""


def program() -> NoReturn:
    """Be the process of the command line: run it and leave with its code."""
    from posestream.runtime.leaving import leave

    try:
        main()
    except SystemExit as end:
        leave(end.code)
    leave()


def main() -> None:
    """Run the command line and exit with its code."""
    from posestream.cli.app import app
    from posestream.cli.options import debugging

    _hide_credentials(sys.argv)
    try:
        app()
    except PosestreamError as error:
        if debugging():
            raise
        _report(error)
        sys.exit(2 if isinstance(error, WRONG_CALL) else 1)


def _hide_credentials(arguments: list[str]) -> None:
    """Keep passwords on the command line from everybody who lists the machine's processes."""
    from posestream.credentials import redacted

    hidden = [redacted(argument) for argument in arguments]
    if hidden != arguments:
        import setproctitle

        setproctitle.setproctitle(" ".join(hidden))


def _report(error: PosestreamError) -> None:
    """Print an error as one line on standard error."""
    from rich.console import Console
    from rich.markup import escape

    from posestream.credentials import redacted

    console = Console(stderr=True, soft_wrap=True)
    console.print(f"[bold red]error:[/] {escape(redacted(str(error)))}", highlight=False)
