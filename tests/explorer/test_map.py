"""The explorer's map in a browser: what a pixel shows, and what answers under the pointer."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
from attrs import evolve

from globscope.report.explorer import page as explorer_page
from globscope.report.map.graph import leading_edges
from globscope.spec.style import Style
from globscope.values.landscape import Samples
from tests.support.explorer_pages import HOSTILE, known, write_page
from tests.support.graphs import search_graph
from tests.support.maps import CENTRES, a_line_map, a_map, a_path_map, a_slice, population, wells

pytestmark = pytest.mark.browser
ASSETS = Path(explorer_page.__file__).parent / "assets"
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
    """The frame of the large map on the screen: left, top, width and height."""
    page.evaluate("scrollTo(0, 0)")
    place = page.locator("#map canvas.overlay").bounding_box()
    left, top, width, height = map(float, page.locator("#map .stage").get_attribute("data-frame").split(","))
    return place["x"] + left, place["y"] + top, width, height


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


def drawing(page, layer="base"):
    """How many colours the middle of a layer has."""
    found = pixels(page, 0.2, 0.8, 300, layer).reshape(-1, 3)
    return len(np.unique(found, axis=0))


def answer(browser, scripts, question, *arguments):
    """What some of the page's scripts that need no document answer."""
    code = "\n".join((ASSETS / f"{name}.js").read_text() for name in scripts)
    opened = browser.new_page()
    try:
        return opened.evaluate(f"given => {{ {code}\nreturn ({question})(...given); }}", list(arguments))
    finally:
        opened.close()


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
        page = page_of(open_page, tmp_path, a_map(samples=lattice(), values=values))
        left, right = pixels(page, 0.01, 0.02)[0, 0], pixels(page, 0.99, 0.98)[0, 0]
        assert np.abs(left - (0x1A, 0x1F, 0x48)).max() <= 12
        assert right.min() > 200
        assert left.sum() < pixels(page, 0.01, 0.9)[0, 0].sum() < right.sum()

    def test_colours_are_those_of_the_spec(self, open_page, tmp_path):
        atlas = known(a_map(samples=lattice(), values=1 + np.arange(28.0)))
        page = open_page(write_page(tmp_path / "page", atlas, style=Style(colours="viridis")))
        assert np.abs(pixels(page, 0.01, 0.02)[0, 0] - (0x44, 0x01, 0x54)).max() <= 12
        assert np.abs(pixels(page, 0.99, 0.98)[0, 0] - (0xFD, 0xE7, 0x25)).max() <= 12

    def test_the_field_at_first_is_that_of_the_spec(self, open_page, tmp_path):
        page = open_page(write_page(tmp_path / "page", known(a_map()), style=Style(field="test_loss")))
        assert page.get_by_role("combobox", name="Colour").locator("option:checked").inner_text() == "test loss"

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

    def test_two_fingers_zoom_about_their_middle(self, open_page):
        page = open_page("plain", has_touch=True)
        touch = page.context.new_cdp_session(page)

        def fingers(kind, *shares):
            places = [dict(zip("xy", at(page, share, 0.6), strict=True)) for share in shares]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
            frame(page)

        before = sample(page, 0.4, 0.6)
        fingers("touchStart", 0.35, 0.45)
        for share in (0.1, 0.15, 0.2):
            fingers("touchMove", 0.4 - share, 0.4 + share)
        fingers("touchEnd")
        assert sample(page, 0.4, 0.6) == before
        page.wait_for_url("**window=**")
        window = json.loads(parse_qs(urlsplit(page.url).fragment)["window"][0])
        assert window[1] - window[0] < 1


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


class TestKinds:
    def test_surfaces_of_three_axes_turn_by_dragging_and_keys(self, open_page):
        page = open_page("space")
        assert "surfaces where the training loss is" in page.locator("#map-about").inner_text()
        assert drawing(page) > 50
        before = pixels(page, 0.2, 0.8, 300)
        page.mouse.move(*at(page, 0.5, 0.5))
        page.mouse.down()
        page.mouse.move(*at(page, 0.7, 0.4), steps=3)
        page.mouse.up()
        frame(page)
        turned = pixels(page, 0.2, 0.8, 300)
        assert (turned != before).any(axis=2).mean() > 0.02
        page.locator("#map canvas.overlay").focus()
        page.keyboard.press("ArrowLeft")
        frame(page)
        assert (pixels(page, 0.2, 0.8, 300) != turned).any(axis=2).mean() > 0.02
        page.keyboard.press("0")
        frame(page)
        np.testing.assert_array_equal(pixels(page, 0.2, 0.8, 300), before)

    def test_level_of_the_surfaces_follows_its_slider(self, open_page):
        page = open_page("space")
        slider, before = page.get_by_role("slider", name="Surface around"), pixels(page, 0.2, 0.8, 300)
        slider.fill("0.9")
        frame(page)
        assert slider.get_attribute("aria-valuetext") == "90 % of samples"
        assert (pixels(page, 0.2, 0.8, 300) != before).any(axis=2).mean() > 0.02

    def test_without_webgl_a_slice_stands_in_and_says_so(self, open_page):
        page = open_page("space", before=NO_WEBGL)
        text = page.locator("#map-about").inner_text()
        assert "the slice through the lowest sample" in text
        assert "WebGL2" in text
        assert "sample" in point(page, 0.1, 0.1)

    def test_slice_shows_the_samples_of_its_plane(self, open_page):
        page = open_page("space")
        page.get_by_role("combobox", name="Picture").select_option("slice")
        frame(page)
        low, high = sample(page, 0.02, 0.02)[1], sample(page, 0.98, 0.98)[1]
        assert low[:2] == [-1, -1]
        assert high[:2] == [1, 1]
        assert low[2] == high[2]

    def test_lattice_of_four_axes_is_a_slice_over_any_two(self, open_page, tmp_path):
        samples = lattice((3, 4, 3, 5))
        page = page_of(open_page, tmp_path, a_map(samples=samples, values=1 + np.arange(180.0), d=4))
        page.get_by_text("Options", exact=True).click()
        page.get_by_role("combobox", name="Axis across").select_option("latent 4")
        page.get_by_role("combobox", name="upwards").select_option("latent 2")
        page.get_by_role("searchbox", name="Find runs").fill("none")
        frame(page)
        for across, up in ((0.02, 0.02), (0.98, 0.3), (0.5, 0.98)):
            number, place = sample(page, across, up)
            np.testing.assert_allclose(place, samples.points[number], rtol=5e-3)
            assert place[0] == place[2] + 2 == samples.points[0, 0]  # the lowest sample's place on the other axes
        assert sample(page, 0.98, 0.02)[0] == 4
        assert sample(page, 0.02, 0.98)[0] == 45

    def test_samples_are_drawn_when_they_are_asked_for(self, open_page):
        page = open_page("plain")
        before = pixels(page, 0.2, 0.8, 300)
        page.keyboard.press("s")
        frame(page)
        assert (pixels(page, 0.2, 0.8, 300) != before).any()

    def test_graph_of_five_axes_is_drawn_over_two_of_them_and_as_a_network(self, open_page, tmp_path):
        centres = np.pad(CENTRES, ((0, 0), (0, 3)))
        samples = search_graph(centres)
        page = page_of(open_page, tmp_path, a_map("five", samples, wells(samples.points), d=5))
        assert "over two of 5 axes" in page.locator("#map-about").inner_text()
        assert drawing(page) > 50
        page.get_by_text("Options", exact=True).click()
        page.get_by_role("combobox", name="upwards").select_option("latent 5")
        frame(page)
        assert page.locator(".failure").count() == 0
        page.get_by_role("combobox", name="Picture").select_option("minima and passes")
        frame(page)
        assert "minima and the passes between them" in page.locator("#map-about").inner_text()
        assert "basin of" in point(page, 0.5, 0.5)

    def test_one_axis_is_a_line_over_it(self, open_page, tmp_path):
        page = page_of(open_page, tmp_path, a_line_map())
        assert "heights are training loss" in page.locator("#map-about").inner_text()
        assert sample(page, 0.02, 0.9)[0] == 0
        assert sample(page, 0.98, 0.9)[0] == 8

    def test_path_is_drawn_along_its_length(self, open_page, tmp_path):
        page = page_of(open_page, tmp_path, a_path_map())
        assert sample(page, 0.02, 0.9)[0] == 0
        assert sample(page, 0.98, 0.9)[0] == 3

    def test_map_without_a_landscape_shows_its_networks_and_says_why(self, open_page):
        page = open_page("bare")
        assert "MDS has no inverse" in page.locator("#map-about").inner_text()
        assert page.locator("#map .failure").count() == 0
        assert drawing(page, "runs") > 5

    def test_graph_lies_over_the_colours_of_its_maps_lattice(self, open_page, tmp_path):
        samples, drawn = search_graph(CENTRES), a_map()
        searched = a_map(samples=samples, values=wells(samples.points))
        both = evolve(
            drawn,
            landscapes=drawn.landscapes | {"search": searched.landscape},
            topologies=drawn.topologies | {"search": searched.topologies["grid"]},
        )
        page = page_of(open_page, tmp_path, both)
        page.keyboard.press("2")
        frame(page)
        assert page.locator("#map-heading").inner_text() == "one, search"
        assert drawing(page) > 50
        assert (pixels(page, 0.25, 0.3, 20) != 255).all(axis=2).mean() > 0.9  # no bare paper between the samples

    def test_all_maps_are_small_and_a_click_makes_one_large(self, open_page):
        page = open_page("plain")
        page.locator("#minis").get_by_role("button", name="bumpy").click()
        frame(page)
        assert page.locator("#map-heading").inner_text() == "bumpy"
        assert page.locator("#minis button[aria-pressed=true]").inner_text() == "bumpy"


class TestRuns:
    def test_filter_fades_the_rest(self, open_page):
        page = open_page("plain")
        before = pixels(page, 0.2, 0.8, 300, "runs").sum()
        page.get_by_role("searchbox", name="Find runs").fill("no weight decay")
        frame(page)
        assert 0 < pixels(page, 0.2, 0.8, 300, "runs").sum() < 0.8 * before

    def test_training_draws_up_to_its_step(self, open_page):
        page = open_page("plain")
        whole = (pixels(page, 0.2, 0.8, 300, "runs").sum(axis=2) > 0).sum()
        page.get_by_role("slider", name="Training step").fill("1")
        frame(page)
        half = (pixels(page, 0.2, 0.8, 300, "runs").sum(axis=2) > 0).sum()
        assert 0 < half < 0.7 * whole

    def test_head_lies_between_two_networks(self, browser):
        question = "(step, steps) => pointsUpTo([0, 1, 2], steps, step, member => [10 * member, -member])"
        ask = lambda step: answer(browser, ["map/runs_on_map"], question, step, [0, 4, 8])  # noqa: E731
        assert ask(0) == [[0, 0]]
        assert ask(5) == [[0, 0], [10, -1], [12.5, -1.25]]
        assert ask(9) == [[0, 0], [10, -1], [20, -2]]

    def test_networks_show_how_far_true_and_decoded_values_differ(self, open_page):
        page = open_page("plain")
        before = pixels(page, 0.2, 0.8, 300, "runs")
        page.keyboard.press("g")
        frame(page)
        assert (pixels(page, 0.2, 0.8, 300, "runs") != before).any()

    def test_layer_of_an_analysis_is_drawn_when_it_is_asked_for(self, open_page):
        page = open_page("plain")
        before = pixels(page, 0.2, 0.8, 300, "runs")
        page.get_by_text("Options", exact=True).click()
        page.get_by_role("checkbox", name="mode-connectivity: curve from A to B").check()
        frame(page)
        assert (pixels(page, 0.2, 0.8, 300, "runs") != before).any()

    def test_names_of_five_hundred_runs_do_not_overlap(self, open_page):
        page = open_page("crowd")
        with page.expect_download() as download:
            page.locator("#map-saves").get_by_role("button", name="Save as SVG").click()
        root = ElementTree.parse(download.value.path()).getroot()
        names = {
            (float(one.get("x")), float(one.get("y")))
            for one in root.iter()
            if one.tag.endswith("text") and (one.text or "").startswith("run ")
        }
        assert 10 <= len(names) <= 30
        pairs = [(a, b) for a in names for b in names if a < b]
        assert not [1 for (x, y), (p, q) in pairs if abs(x - p) < 40 and abs(y - q) < 15]


class TestSurfaces:
    @pytest.mark.parametrize("shape", [(4, 3, 5), (2, 2, 2)])
    def test_corners_lie_on_the_level_of_a_linear_field(self, browser, shape):
        places = np.indices(shape).reshape(3, -1).T
        values, level = places @ (1.0, 2.0, -0.7) + 0.31, 1.0
        found = answer(
            browser, ["topology/neighbours", "drawing/isosurface"], CORNERS, values.tolist(), list(shape), level
        )
        corners = np.reshape(found, (-1, 3))
        assert len(corners) % 3 == 0 < len(corners)
        np.testing.assert_allclose(corners @ (1.0, 2.0, -0.7) + 0.31, level, atol=1e-5)  # of float32

    def test_surface_around_a_sample_is_closed(self, browser):
        values = np.ones((3, 3, 3))
        values[1, 1, 1] = 0
        found = answer(
            browser, ["topology/neighbours", "drawing/isosurface"], CORNERS, values.ravel().tolist(), [3, 3, 3], 0.5
        )
        triangles = np.round(np.reshape(found, (-1, 3, 3)), 4)
        sides = [
            tuple(sorted(map(tuple, triangle[[k, (k + 1) % 3]].tolist()))) for triangle in triangles for k in range(3)
        ]
        assert len(triangles) > 0
        assert {sides.count(side) for side in sides} == {2}

    def test_cells_with_a_sample_that_is_not_finite_are_left_out(self, browser):
        values, scripts = [float(k) for k in range(8)], ["topology/neighbours", "drawing/isosurface"]
        some = answer(browser, scripts, CORNERS, values, [2, 2, 2], 2.5)
        fewer = answer(browser, scripts, CORNERS, [*values[:7], float("nan")], [2, 2, 2], 2.5)
        assert 0 < len(fewer) < len(some)


NO_WEBGL = """
const found = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind === 'webgl2' ? null : found.call(this, kind, ...rest);
};
"""
CORNERS = """(values, shape, level) => {
  const surface = isosurface(values, shape, level);
  return [...alongEdges(surface, 3, sample => latticeIndex(shape, sample))];
}"""


class TestFrame:
    def test_zoom_keeps_its_place_and_a_window_stays_within_the_map(self, browser):
        window = answer(browser, ["drawing/frame"], "(w, f, x, y) => zoomWindow(w, f, x, y)", [0, 10, -5, 5], 0.5, 2, 0)
        assert window == [1, 6, -2.5, 2.5]
        keep = "(window, whole) => keepWindow(window, whole)"
        assert answer(browser, ["drawing/frame"], keep, [-4, 2, 0, 1], [0, 10, 0, 10]) == [0, 6, 0, 1]
        assert answer(browser, ["drawing/frame"], keep, [-20, 40, -9, 30], [0, 10, 0, 10]) is None


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


def saved_words(page):
    """The words of the large map, saved as SVG."""
    with page.expect_download() as download:
        page.locator("#map-saves").get_by_role("button", name="Save as SVG").click()
    drawn = ElementTree.fromstring(Path(download.value.path()).read_text("utf-8"))
    return {text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")}


def test_networks_that_analyses_derived_are_drawn_with_those_that_were_trained(open_page, tmp_path):
    """`open_page` fails where the page raises an error."""
    who = population(steps=4)
    members = [evolve(member, kind="rebased") if member.step == 3 else member for member in who.members]
    page = page_of(open_page, tmp_path, evolve(a_map(), population=evolve(who, members=tuple(members))))
    assert {"A", "networks from analyses"} <= saved_words(page)


@pytest.mark.parametrize("off", [0.0, 5.0])
def test_a_run_that_the_map_does_not_show_ends_with_a_star_that_is_explained(open_page, tmp_path, off):
    map_ = a_map()
    truth = {key: values + off * (np.arange(12) == 11) for key, values in map_.truth.items()}
    page = page_of(open_page, tmp_path, evolve(map_, truth=truth))
    words = saved_words(page)
    assert "end of a run" in words
    assert ("end of a run that is not on this map" in words) is bool(off)


def test_a_run_beside_a_slice_is_not_drawn(open_page, tmp_path):
    assert {"A", "B", "C"} & saved_words(page_of(open_page, tmp_path, a_slice())) == {"A", "C"}


def test_a_graph_of_samples_is_explained(open_page, tmp_path):
    samples = search_graph(CENTRES)
    page = page_of(open_page, tmp_path, a_map("descents", samples, wells(samples.points)))
    explained = {"sample, in the colour of its own value", "edge between samples", "lowest path between two basins"}
    assert explained <= saved_words(page)


class TestLayers:
    def test_a_point_of_a_curve_says_what_was_measured_of_its_own_network(self, open_page):
        page = open_page("plain")
        page.locator("details.options summary").click()
        page.get_by_role("checkbox", name="curve from A to B").check()
        page.keyboard.press("Escape")
        frame(page)
        middle = (CENTRES[0] + CENTRES[1]) / 2  # the third of five points, at 0.75
        across, up = (middle + 1 + 1 / 30) / (2 + 2 / 30)
        assert point(page, across, up).splitlines() == [
            "curve from A to B: training loss 0.75",
            "of the network itself, 3 of 5 that were measured; the worst of them has 0.75",
            "mode-connectivity",
        ]
        page.get_by_role("combobox", name="Colour").select_option("test loss")  # of which nothing was measured
        frame(page)
        assert point(page, across, up).startswith("test loss")


class TestTrees:
    def test_of_several_trees_of_one_field_the_reader_chooses(self, open_page, tmp_path):
        coarse, fine = a_map(threshold=1.88), a_map(threshold=0.1)
        trees = {"coarse": coarse.topology, "fine": evolve(fine.topology, adjacency="freudenthal")}
        page = page_of(open_page, tmp_path, evolve(coarse, topologies={"grid": trees}))
        choices = page.get_by_role("combobox", name="Merge tree")
        assert choices.locator("option").all_text_contents()[1] == "fine: triangulated neighbours, threshold 0.1"
        count = page.locator(".threshold .count")
        before = int(count.inner_text().split()[0])
        choices.select_option("fine")
        frame(page)
        assert before < int(count.inner_text().split()[0]) == 3
        assert page.get_by_role("spinbutton", name="Ignore basins shallower than").input_value() == "0.1"
        page.wait_for_function("() => location.hash.includes('tree=fine')")
        page.get_by_role("button", name="Show everything as at first").click()
        frame(page)
        assert choices.input_value() == "coarse"

    def test_one_tree_is_no_choice(self, open_page):
        page = open_page("plain")
        assert page.get_by_role("combobox", name="Merge tree").count() == 0


class TestEdges:
    def test_edges_to_single_samples_beside_a_path_are_not_drawn_as_in_the_report(self, browser):
        chosen = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [2, 5], [6, 2], [2, 7]])
        found = answer(
            browser,
            ["topology/neighbours"],
            "edges => [...leadingEdges(Uint32Array.from(edges))]",
            chosen.ravel().tolist(),
        )
        np.testing.assert_array_equal(np.reshape(found, (-1, 2)), leading_edges(chosen, 8))


class TestAxes:
    def test_either_axis_is_chosen_and_never_one_twice(self, open_page, tmp_path):
        centres = np.pad(CENTRES, ((0, 0), (0, 2)))
        samples = search_graph(centres)
        page = page_of(open_page, tmp_path, a_map("descents", samples, wells(samples.points), d=4))
        page.locator("details.options summary").click()
        across, up = (page.get_by_role("combobox", name=name) for name in ("Axis across", "upwards"))
        assert (across.input_value(), up.input_value()) == ("0", "1")
        before = page.locator("#map canvas.base").evaluate("canvas => canvas.toDataURL()")
        across.select_option("2")
        frame(page)
        assert (across.input_value(), up.input_value()) == ("2", "1")
        assert page.locator("#map canvas.base").evaluate("canvas => canvas.toDataURL()") != before
        up.select_option("2")  # the one that is across goes where this one was
        frame(page)
        assert (across.input_value(), up.input_value()) == ("1", "2")
        page.wait_for_function("() => new URLSearchParams(location.hash.slice(1)).get('axes') === '[1,2]'")
