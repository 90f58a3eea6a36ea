"""The page for picking works in a browser, alone."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml

from posestream.config import validated
from posestream.config_zones import ZonesConfig
from posestream.images import HostImage
from posestream.picking.page import picker_page

GREY = HostImage.from_rgb(np.full((360, 640, 3), 128, np.uint8))
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
GIVEN = {
    "zones": {"door": {"polygon": [[64, 36], [320, 36], [320, 180]], "dwell": 10}},
    "lines": {"gate": {"from": [0.1, 0.5], "to": [0.9, 0.5], "directions": ["down", "on"]}},
    "ground": {
        "picture": [[0.3, 0.5], [0.7, 0.5], [0.9, 0.9], [0.1, 0.9]],
        "metres": [[0, 4], [4, 4], [4, 0], [0, 0]],
    },
}
CLICKS = """
<script>
const clicked = [];
function click(x, y) {
  const box = canvas.getBoundingClientRect();
  const place = { clientX: box.left + x * box.width, clientY: box.top + y * box.height };
  canvas.dispatchEvent(new PointerEvent("pointerdown", { ...place, bubbles: true }));
  canvas.dispatchEvent(new PointerEvent("pointerup", { ...place, bubbles: true }));
}
function choose(kind) { document.querySelector(`[data-mode=${kind}]`).click(); }
addEventListener("load", () => {
  ACTIONS
  const shown = document.createElement("pre");
  shown.id = "result";
  shown.textContent = document.getElementById("yaml").value;
  document.body.append(shown);
});
</script></body>"""


def page(**values) -> str:
    return picker_page(GREY, validated(ZonesConfig, values))


def in_browser(text: str, actions: str, folder: Path) -> dict:
    """Open a page, act on it, and return the settings that it shows."""
    assert CHROMIUM is not None
    file = folder / "pick.html"
    file.write_text(text.replace("</body>", CLICKS.replace("ACTIONS", actions)), encoding="utf-8")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    quiet += ["--disable-gpu", "--disable-quic", "--no-first-run", "--no-sandbox"]
    command = [CHROMIUM, "--headless", *quiet, f"--user-data-dir={folder / 'profile'}"]
    command += ["--window-size=1400,900", "--virtual-time-budget=3000", "--dump-dom"]
    done = subprocess.run(
        [*command, file.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    shown = re.search(r'<pre id="result">(.*?)</pre>', done.stdout, re.DOTALL)
    assert shown, done.stdout[-500:]
    return yaml.safe_load(html.unescape(shown[1])) or {}


def test_the_page_needs_nothing_else():
    text = page(**GIVEN)
    assert not re.findall(r"(?:https?:)?//[a-z]", re.sub(r"data:image[^\"]*", "", text))
    assert "default-src 'none'" in text


def test_a_name_cannot_leave_the_data_it_stands_in():
    text = page(zones={"</script><script>bad()": {"polygon": [[0, 0], [1, 0], [1, 1]]}})
    assert "<script>bad()" not in text
    state = re.search(r'application/json" id="state">(.*?)</script>', text, re.DOTALL)
    assert state
    assert json.loads(state[1])["shapes"][0]["name"] == "</script><script>bad()"


needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")


@needs_browser
def test_what_is_known_comes_back_unchanged_in_fractions(tmp_path: Path):
    found = in_browser(page(**GIVEN), "", tmp_path)
    assert found == {
        **GIVEN,
        "zones": {"door": {"polygon": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]], "dwell": 10}},
    }
    validated(ZonesConfig, found)


@needs_browser
def test_clicked_points_become_settings(tmp_path: Path):
    found = in_browser(
        page(),
        """click(.1, .1); click(.4, .1); click(.4, .5); click(.1, .1);
        click(.5, .5); click(.9, .9); document.getElementById("undo").click();
        click(.9, .5); click(.7, .9); document.getElementById("finish").click();
        choose("line"); click(.2, .2); click(.8, .2);
        choose("ground"); click(.3, .6); click(.7, .6); click(.95, .95); click(.05, .95);""",
        tmp_path,
    )
    settings = validated(ZonesConfig, found)
    assert list(settings.zones) == ["zone1", "zone2"]
    np.testing.assert_allclose(
        settings.zones["zone1"].polygon, [(0.1, 0.1), (0.4, 0.1), (0.4, 0.5)], atol=0.002
    )
    np.testing.assert_allclose(
        settings.zones["zone2"].polygon, [(0.5, 0.5), (0.9, 0.5), (0.7, 0.9)], atol=0.002
    )
    assert settings.lines["line1"].directions == ("in", "out")
    assert settings.ground is not None


@needs_browser
def test_pixels_say_of_what_picture_they_are(tmp_path: Path):
    found = in_browser(page(**GIVEN), 'document.getElementById("pixels").click();', tmp_path)
    assert found["zones"]["door"] == {
        "polygon": [[64, 36], [320, 36], [320, 180]],
        "dwell": 10,
        "drawn_on": [640, 360],
    }
    validated(ZonesConfig, found)


@needs_browser
def test_an_outline_that_crosses_itself_is_not_taken(tmp_path: Path):
    bow = "click(.1,.1); click(.9,.9); click(.9,.1); click(.1,.9); "
    assert in_browser(page(), bow + 'document.getElementById("finish").click();', tmp_path) == {}
