"""``posestream doctor``: what is installed, what is usable, and why not."""

from __future__ import annotations

import typer

from posestream.cli import options

_SIGNS = {"ok": "[green]ok[/]", "optional": "[yellow]absent[/]", "bad": "[red]bad[/]"}


def doctor(debug: options.Debug = False) -> None:
    """Tell what is installed, what is usable, and why not; exit 1 if the main job cannot run."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from posestream.cli.checkup import examine

    findings = examine()
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for finding in findings:
        table.add_row(_SIGNS[finding.state], f"[bold]{finding.part}[/]", escape(finding.detail))
    Console().print(table, highlight=False)
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(1)
