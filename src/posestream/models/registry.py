"""Find models: the embedded ones by name, others by path."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from posestream.errors import ModelError, UnknownModelError, suggestion
from posestream.models.card import ModelCard
from posestream.models.card_file import read_card

CARD = "card.toml"
_EMBEDDED = resources.files("posestream.models")


def list_models() -> tuple[ModelCard, ...]:
    """Return the cards of the embedded models, by name."""
    return tuple(_embedded(name) for name in _embedded_names())


def find_model(name_or_path: str | Path) -> ModelCard:
    """Return the card of an embedded model, or of one that the caller brings.

    Args:
        name_or_path: Name of an embedded model; or a card file; or a folder with a ``card.toml``;
            or an ONNX file with a card beside it, ``NAME.toml`` for ``NAME.onnx``.

    Raises:
        UnknownModelError: If there is no such model.
        ModelError: If its card cannot be used.
    """
    names = _embedded_names()
    if name_or_path in names:
        return _embedded(str(name_or_path))
    path = Path(name_or_path)
    if path.exists():
        return _read(_card_of(path))
    known = ", ".join(names)
    raise UnknownModelError(
        f"no model or file is called {str(name_or_path)!r}."
        f"{suggestion(str(name_or_path), names)} Allowed: {known}, or the path of a model card "
        "or of an ONNX file with its card beside it"
    )


def verify(card: ModelCard) -> None:
    """Check that a model's weights, and those in INT8, are the files its card describes.

    Raises:
        ModelError: If the file cannot be read.
        DamagedModelError: If its hash is not the card's; the message names both.
    """
    card.read_weights()
    if card.int8 is not None:
        card.in_int8().read_weights()


def _embedded_names() -> list[str]:
    folders = (entry for entry in _EMBEDDED.iterdir() if entry.is_dir())
    return sorted(folder.name for folder in folders if folder.joinpath(CARD).is_file())


def _embedded(name: str) -> ModelCard:
    folder = _EMBEDDED.joinpath(name)
    text = folder.joinpath(CARD).read_text(encoding="utf-8")
    return read_card(text, file=f"{name}/{CARD}", folder=folder)


def _card_of(path: Path) -> Path:
    """Return the card file that describes what is at a path."""
    if path.is_dir():
        card = path / CARD
    elif path.suffix == ".toml":
        card = path
    else:
        card = path.with_suffix(".toml")
    if not card.is_file():
        raise UnknownModelError(f"{path} has no model card: {card} does not exist")
    return card


def _read(path: Path) -> ModelCard:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: cannot read the model card: {error}") from error
    return read_card(text, file=str(path), folder=path.parent)
