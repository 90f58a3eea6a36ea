"""Which parts make an estimator of a network: one recipe for each family of model cards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from posestream.config import EstimatorConfig
from posestream.decoding import Decoder
from posestream.errors import ConfigError
from posestream.estimation import Estimator
from posestream.estimation.passes import Pass
from posestream.estimation.profiles import DEFAULT_MIN_SCORE, find_profile
from posestream.estimation.profiles import build_estimator as build_center_estimator
from posestream.estimation.single_pass import SinglePassEstimator
from posestream.estimation.top_down import TopDownEstimator
from posestream.geometry import InputRule
from posestream.models.card import CROP_FAMILIES, InputSpec, ModelCard
from posestream.models.registry import find_model

MakePass = Callable[[ModelCard, Decoder], Pass]
"""Loads a card's network and joins it with what understands it, on a CPU or on a GPU."""
Recipe = Callable[[ModelCard, EstimatorConfig, MakePass], Estimator]

_SIZES = {"fast": 0.75, "balanced": 1.0, "accurate": 1.25}
"""Long side of each profile, in those on the model's card."""
LARGEST = max(_SIZES.values())
"""The largest of them."""
_PAF_MIN_SCORE = 0.3  # where precision and recall are best together, as for centers
_ONE_STAGE_MIN_SCORE = 0.25  # of a box alone; what YOLO's own tools report from
_ONE_STAGE_OVERLAP = 0.7  # what YOLO's own tools take
_TOP_DOWN_MIN_SCORE = 0.1  # of a product: 0.25 for the person times 0.4 for the keypoints
_ONE_PERSON_MIN_SCORE = 0.2
_SINGLE_PERSON_MODEL = "movenet-thunder"
_DETECTOR = "movenet-multipose"
WHOLE_PICTURE = "none"
"""The ``detector`` of whoever wants the whole picture looked at as one person."""


def usual_min_score(card: ModelCard) -> float:
    """Return the least score of people that a network is asked for, unless somebody says so."""
    usual = {"center": DEFAULT_MIN_SCORE, "paf": _PAF_MIN_SCORE}
    if card.family in usual:
        return usual[card.family]
    return _TOP_DOWN_MIN_SCORE if card.family in CROP_FAMILIES else _ONE_STAGE_MIN_SCORE


def recipe(card: ModelCard) -> Recipe:
    """Return what makes an estimator of a card's network."""
    return RECIPES[card.family]


def _center(card: ModelCard, settings: EstimatorConfig, make: MakePass) -> Estimator:
    from posestream.decoding.centers import CenterDecoder

    profile = find_profile(settings.profile)
    single = find_model(_SINGLE_PERSON_MODEL) if profile.refined else None
    if single and single.topology.keypoints != card.topology.keypoints:
        profile, single = replace(profile, refined=False), None
    return build_center_estimator(
        profile,
        make(card, CenterDecoder(card.topology, stride=card.stride)),
        make(single, _crop_decoder(single, 0)) if single else None,
        card.topology,
        long_side=settings.long_side,
        min_score=_min_score(settings, DEFAULT_MIN_SCORE),
        stride=card.stride,
        multiple=card.input.multiple,
    )


def _paf(card: ModelCard, settings: EstimatorConfig, make: MakePass) -> Estimator:
    from posestream.decoding.paf import PafDecoder  # a tenth of a second that others need not wait

    min_score = _min_score(settings, _PAF_MIN_SCORE)
    decoder = PafDecoder(card.topology, stride=card.stride, min_score=min_score)
    return _single_pass(card, settings, make, decoder)


def _one_stage(card: ModelCard, settings: EstimatorConfig, make: MakePass) -> Estimator:
    from posestream.decoding.one_stage import OneStageDecoder
    from posestream.decoding.one_stage_formats import FORMATS, REPEATING

    decoder = OneStageDecoder(
        FORMATS[card.family],
        len(card.topology.keypoints),
        min_score=_min_score(settings, _ONE_STAGE_MIN_SCORE),
        suppression=_ONE_STAGE_OVERLAP if card.family in REPEATING else None,
    )
    return _single_pass(card, settings, make, decoder)


def _one_person(card: ModelCard, settings: EstimatorConfig, make: MakePass) -> Estimator:
    """See each person that a detector finds, or the whole picture as one person."""
    if settings.detector_card is not None and settings.detector in (None, WHOLE_PICTURE):
        raise ConfigError(f"detector_card: {settings.detector_card!r} needs a detector, a file")
    detector = settings.detector or (WHOLE_PICTURE if card.family == "single" else _DETECTOR)
    if detector == WHOLE_PICTURE:
        decoder = _crop_decoder(card, _min_score(settings, _ONE_PERSON_MIN_SCORE))
        return _single_pass(card, settings, make, decoder)
    rule = _rule(card.input, settings)
    return TopDownEstimator(
        _detector(detector, settings, make),
        make(card, _crop_decoder(card, 0)),
        card.topology,
        input_size=rule.fixed_size or (0, 0),
        padding=card.crop_padding,
        min_score=_min_score(settings, _TOP_DOWN_MIN_SCORE),
    )


def _detector(name: str, settings: EstimatorConfig, make: MakePass) -> Estimator:
    """Make what finds the people of a top-down network, in its fastest profile.

    Nobody can score more than the detector says, so the least score holds there already.
    """
    card = find_model(name, card=settings.detector_card)
    if card.family in CROP_FAMILIES:
        raise ConfigError(
            f"detector: {name!r} is not allowed: family {card.family!r} places one person's "
            f"keypoints; allowed: a model that finds people, or {WHOLE_PICTURE!r}"
        )
    plain = EstimatorConfig(model=name, profile="fast", min_score=settings.min_score)
    return recipe(card)(card, plain, make)


def _crop_decoder(card: ModelCard, min_score: float) -> Decoder:
    from posestream.decoding.one_person import OnePersonDecoder, person_keypoints, simcc

    if card.family == "simcc":
        return OnePersonDecoder(simcc(card.split_ratio), min_score=min_score)
    if card.family == "heatmap":
        from posestream.decoding.heatmaps import heatmaps

        read = heatmaps(stride=card.stride, grid=card.heatmap_grid)
        return OnePersonDecoder(read, min_score=min_score)
    return OnePersonDecoder(person_keypoints, min_score=min_score)


def _single_pass(
    card: ModelCard, settings: EstimatorConfig, make: MakePass, decoder: Decoder
) -> Estimator:
    rule = _rule(card.input, settings)
    return SinglePassEstimator(make(card, decoder), card.topology, rule=rule)


def _min_score(settings: EstimatorConfig, usual: float) -> float:
    return usual if settings.min_score is None else settings.min_score


def _rule(spec: InputSpec, settings: EstimatorConfig) -> InputRule:
    """Return how frames become inputs: as the settings say, else as card and profile do.

    Raises:
        ConfigError: If the settings ask for another size than the network's only one.
    """
    if spec.long_side is None:
        if settings.long_side is not None:
            width, height = spec.fixed_size or (0, 0)
            raise ConfigError(
                f"long_side: {settings.long_side} is not allowed; "
                f"the network takes {width} x {height} pixels only"
            )
        return spec.rule()
    multiple = spec.multiple
    usual = round(spec.long_side * _SIZES[settings.profile] / multiple) * multiple
    return spec.rule(settings.long_side or max(usual, multiple))


RECIPES: Mapping[str, Recipe] = {
    "center": _center,
    "paf": _paf,
    "single": _one_person,
    "simcc": _one_person,
    "heatmap": _one_person,
    "yolo": _one_stage,
    "yolo-end2end": _one_stage,
    "rtmo": _one_stage,
    "movenet-multi": _one_stage,
}
"""What makes an estimator, by the family on the model card."""
