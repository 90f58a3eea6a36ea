"""``posestream models``: what networks there are, and whether their files are whole."""

from __future__ import annotations

from typing import Annotated

import typer

from posestream.cli import options

app = typer.Typer(help="List the embedded networks and check their files.", no_args_is_help=False)


@app.callback(invoke_without_command=True)
def models(context: typer.Context, debug: options.Debug = False) -> None:
    """List the embedded networks with size, licence, accuracy and speed."""
    if context.invoked_subcommand is not None:
        return
    from rich.console import Console
    from rich.table import Table

    from posestream.models.registry import list_models, list_templates

    console = Console(soft_wrap=True)
    for card in list_models():
        size = f"{card.size_bytes / 1e6:.1f} MB"
        console.print(
            f"[bold]{card.name}[/]  {card.title}, {size}, {card.licence}", highlight=False
        )
        table = Table("  profile", "AP", "ms / image", box=None)
        for one in card.measured:
            table.add_row(f"  {one.profile or '-'}", f"{one.ap:.3f}", f"{one.ms_per_image:.0f}")
        if card.measured:
            console.print(table, highlight=False)
    measurements = [m for card in list_models() for m in card.measured]
    for line in sorted({f"AP on {m.dataset}; ms on {m.machine}" for m in measurements}):
        console.print(f"[dim]{line}[/]", highlight=False)
    console.print(f"Cards for your own networks (--card): {', '.join(list_templates())}")


@app.command("verify")
def verify_models(
    names: Annotated[
        list[str] | None, typer.Argument(help="Models to check; all embedded ones by default.")
    ] = None,
    debug: options.Debug = False,
) -> None:
    """Compare each model file's sha256 with its card; exit 1 if any differs."""
    from rich.console import Console
    from rich.markup import escape

    from posestream.errors import ModelError
    from posestream.models.registry import find_model, list_models, verify

    console = Console(soft_wrap=True)
    cards = [find_model(name) for name in names] if names else list_models()
    damaged = 0
    for card in cards:
        try:
            verify(card)
        except ModelError as error:
            damaged += 1
            console.print(f"[red]damaged[/]  {escape(str(error))}", highlight=False)
        else:
            console.print(f"[green]ok[/]       {card.name}  {card.sha256}", highlight=False)
    if damaged:
        raise typer.Exit(1)
