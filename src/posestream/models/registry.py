"""Find models: the embedded ones by name, others by path."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

from posestream.errors import ModelError, UnknownModelError, suggestion
from posestream.models.card import ModelCard
from posestream.models.card_file import Weights, read_card, read_template
from posestream.models.onnx_file import MAX_BYTES

CARD = "card.toml"
_EMBEDDED = resources.files("posestream.models")
_TEMPLATES = _EMBEDDED.joinpath("templates")


def list_models() -> tuple[ModelCard, ...]:
    """Return the cards of the embedded models, by name."""
    return tuple(_embedded(name) for name in _embedded_names())


def list_templates() -> tuple[str, ...]:
    """Return the names of the built-in cards for networks that people bring."""
    files = (Path(file.name) for file in _TEMPLATES.iterdir())
    return tuple(sorted(file.stem for file in files if file.suffix == ".toml"))


def find_model(name_or_path: str | Path, *, card: str | Path | None = None) -> ModelCard:
    """Return the card of an embedded model, or of one that the caller brings.

    Args:
        name_or_path: Name of an embedded model; or a card file; or a folder with a ``card.toml``;
            or an ONNX file with a card beside it, ``NAME.toml`` for ``NAME.onnx``.
        card: What describes the ONNX file instead: a template's name, or a card file.

    Raises:
        UnknownModelError: If there is no such model or template.
        ModelError: If its card cannot be used.
    """
    if card is not None:
        return _described(Path(name_or_path), card)
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
    """Check that a model's weights are the file its card describes.

    Raises:
        ModelError: If the file cannot be read.
        DamagedModelError: If its hash is not the card's; the message names both.
    """
    card.read_weights()


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
        raise UnknownModelError(
            f"{path} has no model card: {card} does not exist; write one, or give --card FILE or "
            f"one of: {', '.join(list_templates())}"
        )
    return card


def _read(path: Path) -> ModelCard:
    return read_card(_text(path), file=str(path), folder=path.parent)


def _described(network: Path, card: str | Path) -> ModelCard:
    """Return the card of a network that does not describe itself."""
    if not network.is_file():
        raise UnknownModelError(f"{network}: no such file; --card describes an ONNX file")
    if card in list_templates():
        text, file = _TEMPLATES.joinpath(f"{card}.toml").read_text(encoding="utf-8"), f"card {card}"
    elif Path(card).is_file():
        text, file = _text(Path(card)), str(card)
    else:
        known = list_templates()
        raise UnknownModelError(
            f"no card or file is called {str(card)!r}.{suggestion(str(card), known)} "
            f"Allowed: {', '.join(known)}, or the path of a model card"
        )
    return read_template(text, file=file, weights=_weights(network))


def _weights(network: Path) -> Weights:
    size = network.stat().st_size
    if size > MAX_BYTES:
        raise ModelError(f"{network} is {size >> 20} MB; allowed: {MAX_BYTES >> 20} MB")
    with network.open("rb") as file:
        return Weights(network, hashlib.sha256(file.read()).hexdigest(), size)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: cannot read the model card: {error}") from error
