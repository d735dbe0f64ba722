"""Everyone can distinguish colours and forms, on every colour of the map, on a light page and on a dark one."""

import json
from functools import cache
from itertools import combinations, pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

from globscope.report.explorer.look import look
from globscope.report.style.palette import (
    DASHES,
    DEPTH,
    DEPTHS,
    EDGE,
    FAINT,
    FORMS,
    GREY,
    GREYS,
    INK,
    LINES,
    PALE,
    RIM,
    TRAILS,
    VARIANTS,
)

# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE
# TVCG 15 (2009), table of severity 1.0: of linear sRGB.
DEFICIENCIES = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
# Ottosson, "A perceptual color space for image processing" (2020): linear sRGB to cone responses, their roots to OKLab.
CONES = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
CONES += [[0.0883024619, 0.2817188376, 0.6299787005]]
LAB = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]]
LAB += [[0.0259040371, 0.7827717662, -0.8086757660]]
# Colours chosen for people with deficiencies: Okabe and Ito, "Color Universal Design" (2008).
OKABE_ITO = ("#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7")
PAGES = ("#ffffff", "#f4f5f3", "#1a2027", "#12161b")  # cards and papers of the light page and the dark one
MAP = [to_hex(colours(step)) for colours in (DEPTH, GREY) for step in range(256)]


def linear(colour):
    """Return linear sRGB (IEC 61966-2-1)."""
    shown = np.array(to_rgb(colour))
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


def oklab(colour, deficiency="normal"):
    seen = np.clip(np.array(DEFICIENCIES[deficiency]) @ linear(colour), 0, 1)
    return np.array(LAB) @ np.cbrt(np.array(CONES) @ seen)


@cache
def luminance(colour):
    return float(linear(colour) @ (0.2126, 0.7152, 0.0722))


def contrast(one, other):
    """Return WCAG's contrast of two colours, 1 to 21."""
    dark, bright = sorted(luminance(colour) + 0.05 for colour in (one, other))
    return bright / dark


def least_distance(colours, deficiency):
    return min(
        float(np.linalg.norm(oklab(one, deficiency) - oklab(other, deficiency)))
        for one, other in combinations(colours, 2)
    )


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("palette", [VARIANTS, LINES, TRAILS], ids=["runs", "series", "trails"])
def test_any_two_colours_are_further_apart_than_those_of_the_palette_made_for_colour_vision_deficiencies(
    palette, deficiency
):
    """Okabe's and Ito's come as near as 0.076; a difference that one just notices is 0.02 (Ottosson, 2020)."""
    bound = min(least_distance(OKABE_ITO, one) for one in DEFICIENCIES)
    assert least_distance(palette, deficiency) > bound > 3 * 0.02


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_minima_and_saddles_differ_for_everyone_by_colour_and_form(deficiency):
    """Their distance is that of two runs at least."""
    (pin, minimum), (diamond, saddle), (cross, _) = FORMS.values()
    assert np.linalg.norm(oklab(minimum, deficiency) - oklab(saddle, deficiency)) > 0.1
    assert len({pin, diamond, cross}) == 3


def test_the_lightness_of_the_runs_is_spread_and_so_tells_them_apart_without_any_colour():
    lightness = np.array([oklab(colour)[0] for colour in VARIANTS])
    assert np.ptp(lightness) > 0.4


def test_the_first_24_runs_differ_by_colour_or_dash_and_neighbours_by_both():
    looks = [(VARIANTS[k % len(VARIANTS)], DASHES[k % len(DASHES)]) for k in range(25)]
    assert len(set(looks[:24])) == 24
    assert all(one[0] != two[0] and one[1] != two[1] for one, two in pairwise(looks))


def stands_out(fill, rims, ground):
    """Return the least contrast by which a mark is seen: some layer against the ground, and each against the next."""
    layers, outermost = [fill, *rims], 0.0
    for depth, layer in enumerate(layers):
        within = min([contrast(*pair) for pair in pairwise(layers[: depth + 1])], default=np.inf)
        outermost = max(outermost, min(within, contrast(layer, ground)))
    return outermost


def test_every_mark_has_a_contrast_of_3_to_1_on_every_colour_of_the_map_and_both_pages():
    """WCAG 2.2, 1.4.11: dark marks with a white and a dark rim, bright ones with a dark rim."""
    bright = {*TRAILS, *(fill for _, fill in FORMS.values())}
    for ground in (*MAP, *PAGES):
        assert min(stands_out(run, (RIM, EDGE), ground) for run in VARIANTS) >= 3
        # On the dark page, a bright mark's dark rim is lost and the mark is not.
        assert min(stands_out(mark, (EDGE,), ground) for mark in bright) >= 3


def test_text_has_a_contrast_of_4_5_to_1_with_what_is_beside_its_letters():
    """WCAG 2.2, 1.4.3: runs' names stand on their white rim, whatever lies below it."""
    assert min(contrast(run, RIM) for run in VARIANTS) >= 4.5
    assert min(contrast(text, page) for text in (INK, FAINT) for page in PAGES[:2]) >= 4.5


def test_series_and_pale_marks_have_a_contrast_of_3_to_1_on_white():
    assert min(contrast(colour, "white") for colour in (*LINES, PALE)) >= 3


def test_greys_are_as_light_as_the_colours_in_whose_place_they_stand():
    """So that a loss can be read where a map is not trusted; 8 bits round the lightness by up to 0.002."""
    for colour, grey in zip(DEPTHS, GREYS, strict=True):
        assert oklab(grey)[0] == pytest.approx(oklab(colour)[0], abs=0.003)
        assert len(set(to_rgb(grey))) == 1


def test_steps_of_the_map_are_equally_light():
    """For everyone: its lightness rises in equal steps, to a twentieth of a step."""
    steps = np.diff([oklab(colour)[0] for colour in DEPTHS])
    assert steps == pytest.approx(np.full(len(steps), steps.mean()), abs=steps.mean() / 20)


def test_a_page_that_draws_by_itself_has_all_colours_and_forms_as_json():
    known = json.loads(json.dumps(look(), allow_nan=False))
    assert known["runs"] == list(VARIANTS)
    assert known["dashes"] == [[], [5, 1.5], [1.5, 1.2]]
    assert {kind: form["fill"] for kind, form in known["forms"].items()} == {k: fill for k, (_, fill) in FORMS.items()}
