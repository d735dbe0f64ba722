"""The explorer's map in a browser: what a pixel shows, and what answers under the pointer."""

import json
import re
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest

from globscope.values.landscape import Samples
from tests.support.explorer_pages import HOSTILE, known, write_page
from tests.support.maps import a_map

pytestmark = pytest.mark.browser
SHAPE = (7, 4)


def lattice(shape=SHAPE):
    """A lattice that is wider than high, whose axes have different units."""
    index = np.indices(shape).reshape(len(shape), -1).T
    points = np.stack(
        [np.linspace(-1 - axis, 2 + 3 * axis, size)[index[:, axis]] for axis, size in enumerate(shape)], 1
    )
    return Samples(points=points, index=index, shape=shape)


def frame(page):
    """Wait until what was chosen is drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def box(page):
    """The frame of the large map on the screen: left, top, width and height; its margins are those of the page."""
    page.evaluate("scrollTo(0, 0)")
    place = page.locator("#map canvas.overlay").bounding_box()
    return place["x"] + 52, place["y"] + 22, place["width"] - 126, place["height"] - 62


def at(page, across, up):
    """The place on the screen at shares of the frame, from its lower left corner."""
    left, top, width, height = box(page)
    return left + across * width, top + (1 - up) * height


def point(page, across, up):
    page.mouse.move(*at(page, across, up))
    frame(page)
    return page.locator("#map .tip").inner_text()


def sample(page, across, up):
    """The number of the sample under the pointer, and its coordinates."""
    found = re.search(r"sample (\d+) at \((.*)\)", point(page, across, up))
    return int(found[1]), [float(one.replace("−", "-")) for one in found[2].split(", ")]


def pixels(page, across, up, size=1, layer="base"):
    """Colours about a place of the frame, (size, size, 3)."""
    x, y = at(page, across, up)
    found = page.evaluate(
        """([layer, x, y, size]) => {
          const canvas = document.querySelector(`#map canvas.${layer}`), place = canvas.getBoundingClientRect();
          const [left, top] = [x - place.left, y - place.top].map(one => Math.round(one * canvas.width / place.width));
          return [...canvas.getContext('2d').getImageData(left, top, size, size).data];
        }""",
        [layer, x, y, size],
    )
    return np.array(found).reshape(size, size, 4)[:, :, :3]


def page_of(open_page, tmp_path, *maps, **options):
    return open_page(write_page(tmp_path / "page", known(*maps)), **options)


class TestColours:
    def test_sample_under_the_pointer_is_the_one_that_is_drawn_there(self, open_page, tmp_path):
        samples = lattice()
        page = page_of(open_page, tmp_path, a_map(samples=samples, values=1 + np.arange(28.0)))
        page.get_by_role("searchbox", name="Find runs").fill("none")  # no network lies over a sample
        frame(page)
        for i in range(SHAPE[0]):
            for j in range(SHAPE[1]):
                number, place = sample(page, (i + 0.5) / SHAPE[0], (j + 0.5) / SHAPE[1])
                assert number == i * SHAPE[1] + j
                np.testing.assert_allclose(place, samples.points[number], rtol=5e-3)

    def test_lowest_is_dark_and_highest_is_sand(self, open_page, tmp_path):
        values = 1 + np.arange(28.0)
        page = page_of(open_page, tmp_path, a_map(samples=lattice(), values=values, threshold=100))
        left, right = pixels(page, 0.01, 0.02)[0, 0], pixels(page, 0.99, 0.98)[0, 0]
        assert np.abs(left - (0x1A, 0x1F, 0x48)).max() <= 12
        assert right.min() > 200
        assert left.sum() < pixels(page, 0.01, 0.9)[0, 0].sum() < right.sum()

    def test_untrusted_is_grey_and_as_light(self, open_page, tmp_path):
        trusted = np.arange(28) < 16
        page = page_of(open_page, tmp_path, a_map(samples=lattice(), values=1 + np.arange(28.0), trusted=trusted))
        grey = np.median(pixels(page, 0.8, 0.3, 30).reshape(-1, 3), axis=0)
        page.keyboard.press("t")
        frame(page)
        colour = np.median(pixels(page, 0.8, 0.3, 30).reshape(-1, 3), axis=0)
        assert np.ptp(grey) <= 2 < 20 < np.ptp(colour)
        assert abs(luminance(grey) - luminance(colour)) < 0.03

    def test_what_is_not_finite_is_hatched(self, open_page, tmp_path):
        values = 1 + np.arange(28.0)
        values[[13, 14]] = np.nan, np.inf
        page = page_of(open_page, tmp_path, a_map(samples=lattice(), values=values))
        hatched = pixels(page, 3.3 / 7, 1.3 / 4, 30).reshape(-1, 3)
        assert {tuple(one) for one in hatched[::7]} >= {(255, 255, 255)}
        assert hatched.min() < 60
        assert "–" in point(page, 3.5 / 7, 1.5 / 4)


def luminance(colour):
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in np.asarray(colour) / 255]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


class TestMoving:
    def test_wheel_keeps_the_point_under_the_pointer(self, open_page):
        page = open_page("plain")
        before = sample(page, 0.31, 0.62)
        for _ in range(6):
            page.mouse.wheel(0, -200)
            frame(page)
        assert sample(page, 0.31, 0.62) == before
        page.get_by_role("button", name="Show the whole map").click()
        frame(page)
        assert sample(page, 0.02, 0.02)[0] == 0

    def test_drag_takes_the_point_along(self, open_page):
        page = open_page("plain")
        page.locator("#map canvas.overlay").focus()
        for _ in range(6):
            page.keyboard.press("+")
            frame(page)
        before = sample(page, 0.35, 0.4)
        page.mouse.down()
        page.mouse.move(*at(page, 0.5, 0.5), steps=4)
        page.mouse.up()
        frame(page)
        assert sample(page, 0.35, 0.4) != before
        assert sample(page, 0.5, 0.5) == before

    def test_arrows_move_the_part_and_nought_shows_all(self, open_page):
        page = open_page("plain")
        page.locator("#map canvas.overlay").focus()
        for key in ("+", "+", "+", "ArrowRight", "ArrowUp"):
            page.keyboard.press(key)
            frame(page)
        page.wait_for_url("**window=**")
        window = json.loads(parse_qs(urlsplit(page.url).fragment)["window"][0])
        assert (window[0] + window[1]) / 2 > 0.05 < (window[2] + window[3]) / 2
        page.keyboard.press("0")
        page.wait_for_url(lambda url: "window" not in url)


class TestPicking:
    def test_click_on_the_end_of_a_run_makes_it_an_end_of_the_pass(self, open_page):
        page = open_page("plain")
        text = point(page, 0.5 + 0.3 * 30 / 31, 0.5 - 0.2 * 30 / 31)
        assert text.splitlines()[0] == "B"
        page.mouse.click(*at(page, 0.5 + 0.3 * 30 / 31, 0.5 - 0.2 * 30 / 31))
        page.mouse.click(*at(page, 0.5, 0.5 + 0.35 * 30 / 31))
        frame(page)
        assert "B to C" in page.locator("#pass").inner_text()

    def test_shift_arrows_move_over_samples_and_enter_picks(self, open_page):
        page = open_page("plain")
        page.locator("#map canvas.overlay").focus()
        for key in ("Shift+ArrowLeft", "Shift+ArrowRight", "Shift+ArrowUp"):
            page.keyboard.press(key)
            frame(page)
        assert "sample" in page.locator("#say").inner_text()
        page.keyboard.press("Enter")
        assert "The pass begins at" in page.locator("#say").inner_text()


class TestFiles:
    def test_svg_holds_the_colours_as_an_image_and_names_as_text(self, open_page):
        page = open_page("hostile")
        with page.expect_download() as download:
            page.locator("#map-saves").get_by_role("button", name="Save as SVG").click()
        root = ElementTree.parse(download.value.path()).getroot()
        tags = [element.tag.split("}")[1] for element in root.iter()]
        assert root.tag.endswith("}svg")
        assert "script" not in tags
        assert tags.count("image") >= 1
        assert len([one for one in root.iter() if one.tag.endswith("text") and one.text == HOSTILE[1]]) > 0

    def test_png_is_as_large_as_the_map(self, open_page):
        page = open_page("plain", device_scale_factor=2)
        with page.expect_download() as download:
            page.locator("#map-saves").get_by_role("button", name="Save as PNG").click()
        head = download.value.path().read_bytes()[:24]
        width = int.from_bytes(head[16:20], "big")
        assert head[:4] == b"\x89PNG"
        assert width == round(2 * page.locator("#map canvas.overlay").bounding_box()["width"])
