"""Settings replace what a card says."""

from pathlib import Path

import pytest

from posestream.assembly import build_estimator
from posestream.config import estimator_config
from posestream.errors import ConfigError, ModelError

MODELS = Path(__file__).parents[1] / "src" / "posestream" / "models"
PAF = {"model": str(MODELS / "movenet-paf" / "card.toml")}


def description(**options):
    return build_estimator(estimator_config({**PAF, **options})).description


@pytest.mark.parametrize(("profile", "side"), [("fast", 384), ("balanced", 512), ("accurate", 640)])
def test_a_profile_scales_the_cards_own_size(profile, side):
    assert description(profile=profile).startswith(f"long side {side}, ")


def test_the_settings_choose_the_long_side_or_the_whole_size():
    assert description(long_side=320).startswith("long side 320, ")
    assert description(input_size="320x192").startswith("320x192, ")


def test_a_long_side_is_refused_where_the_size_is_fixed():
    with pytest.raises(
        ConfigError, match=r"long_side: 320 .*the network takes 256 x 128 pixels only"
    ):
        description(input_size="256x128", long_side=320)


def test_pixels_that_a_network_takes_as_whole_numbers_cannot_be_scaled():
    with pytest.raises(ModelError, match=r"input.dtype: 'int32' is not allowed with a scale"):
        description(input_scale=0.5)
