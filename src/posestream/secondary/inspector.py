"""All secondary models of a run, one after the other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from posestream.errors import InferenceError
from posestream.findings import Findings
from posestream.images import Image
from posestream.types import Poses


class SecondaryModel(Protocol):
    """Looks at frames, or at the people in them."""

    name: str
    """What its findings are called."""

    @property
    def description(self) -> str:
        """What really runs, for people."""
        ...

    def look(self, images: Sequence[Image], poses: Sequence[Poses]) -> list[Findings]:
        """Return the findings in each picture, given the people in it."""
        ...


class Inspector:
    """Lets every model that is due look at pictures; several threads may call it at once.

    Args:
        models: With different names.
    """

    def __init__(self, models: Sequence[SecondaryModel]) -> None:
        self.models = tuple(models)

    @property
    def description(self) -> str:
        """What really runs, for people."""
        return "; ".join(f"{model.name}: {model.description}" for model in self.models)

    def inspect(
        self,
        images: Sequence[Image],
        poses: Sequence[Poses],
        due: Sequence[Collection[str]] | None = None,
    ) -> list[Findings]:
        """Return what the models find in each picture.

        Args:
            images: Pictures of any frames and streams.
            poses: The people in each.
            due: Names of the models to ask about each; by default all.

        Raises:
            InferenceError: If a network fails or says what its card does not promise.
        """
        parts: list[list[Findings]] = [[] for _ in images]
        for model in self.models:
            places = [i for i in range(len(images)) if due is None or model.name in due[i]]
            if places:
                found = _look(model, [images[i] for i in places], [poses[i] for i in places])
                for place, one in zip(places, found, strict=True):
                    parts[place].append(one)
        return [merged(one) for one in parts]


def _look(model: SecondaryModel, images: Sequence[Image], poses: Sequence[Poses]) -> list[Findings]:
    try:
        return model.look(images, poses)
    except InferenceError as error:
        raise InferenceError(f"secondary {model.name!r}: {error}") from error


def merged(parts: Iterable[Findings]) -> Findings:
    """Return the findings of several models as one."""
    whole = list(parts)
    return Findings(
        {name: found for part in whole for name, found in part.objects.items()},
        {name: found for part in whole for name, found in part.attributes.items()},
        {name: found for part in whole for name, found in part.frame_attributes.items()},
    )
