"""The figures of tables as colours of the runs, in pictures, files and the explorer."""

import numpy as np
import pytest
from attrs import evolve
from matplotlib.colors import to_hex
from support.explorer import Decoded
from support.maps import a_map, atlas_of, population, scene_of

from globscope.files.member_points import member_points, read_member_points
from globscope.report.explorer.blocks import Blocks
from globscope.report.explorer.study_data import study_data
from globscope.report.map.figure import plot
from globscope.report.style.figure_colours import figure_colours
from globscope.report.style.palette import FIGURES, RIM, UNKNOWN, VARIANTS
from globscope.spec.style import Style


def members_with(figures):
    who = population()
    return who.with_figures(figures(m) for m in who.members)


def rates(member):
    return {"rate": 10.0 ** -("ABC".index(member.variant) + 1), "kind": "x" if member.variant == "A" else "y"}


def contrast(one, other):
    def luminance(colour):
        channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return linear @ (0.2126, 0.7152, 0.0722)

    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_every_colour_of_a_figure_stands_out_from_its_rim():
    assert min(contrast(colour, RIM) for colour in (*FIGURES, UNKNOWN)) >= 3


def test_numbers_rise_and_those_over_a_decade_do_so_by_their_logarithm():
    linear = figure_colours("a", [{"a": v} for v in (0.0, 0.5, 1.0)])
    assert linear.of_members == (FIGURES[0], FIGURES[16], FIGURES[-1])
    log = figure_colours("a", [{"a": v} for v in (1e-3, 10**-1.5, 1.0)])
    assert log.of_members == linear.of_members
    assert [*linear.key] == ["0", "0.333", "0.667", "1"]


def test_what_is_missing_or_not_finite_has_a_colour_of_its_own():
    found = figure_colours("a", [{"a": 1.0}, {}, {"a": float("inf")}, {"a": 2.0}])
    assert found.of_members == (FIGURES[0], UNKNOWN, UNKNOWN, FIGURES[-1])
    assert found.key["not known"] == UNKNOWN


def test_the_most_frequent_texts_have_colours_and_the_others_one():
    found = figure_colours("a", [{"a": text} for text in "aabbccddeeffgghi"])
    assert len(set(found.of_members)) == 8
    assert found.of_members[-2:] == (VARIANTS[7],) * 2 == (found.key["another"],) * 2


def test_equal_numbers_have_one_colour():
    assert set(figure_colours("a", [{"a": 3.0}] * 4).of_members) == {FIGURES[0]}


def colours_drawn(figure):
    lines = [line for axes in figure.axes for line in axes.lines]
    return {to_hex(line.get_color()) for line in lines if line.get_linestyle() != "None"}


@pytest.mark.parametrize("name", ["rate", "kind"])
def test_the_runs_of_a_map_have_the_colours_of_the_figure_and_a_key(name):
    who = members_with(rates)
    atlas = atlas_of(a_map(who=who))
    figure = plot(atlas.maps[0], atlas, figure=name)
    wanted = figure_colours(name, [m.figures for m in who.members])
    assert set(wanted.of_members) <= colours_drawn(figure)
    texts = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert {f"{name}: {words}" for words in wanted.key} <= set(texts)
    assert not set(wanted.of_members) & set(VARIANTS[2:3]) & colours_drawn(figure)


def test_without_a_figure_runs_keep_their_own_colours():
    plain, shown = (scene_of(a_map(who=who)) for who in (population(), members_with(rates)))
    assert [one.tint for one in plain.trajectories] == [one.tint for one in shown.trajectories] == [*VARIANTS[:3]]


def test_figures_are_columns_of_the_members_file_and_come_back(tmp_path):
    who = members_with(lambda m: {"variant": f"={m.variant}", "rate": m.step / 3} if m.step else {})
    written = member_points(who.members, np.zeros((12, 2)), {"train_loss": np.arange(12.0)})
    (tmp_path / "a.csv").write_text(written.csv)
    read = read_member_points(tmp_path / "a.csv")
    assert read.figures == {"variant": [None, "=A", "=A", "=A", None, "=B", "=B", "=B", None, "=C", "=C", "=C"],
                            "rate": [None, 1 / 3, 2 / 3, 1.0] * 3}  # fmt: skip
    assert read.variants == written.variants
    assert ",'=A," in written.csv  # no spreadsheet computes it


def test_the_explorer_knows_figures_their_colours_and_the_first_one():
    who = members_with(rates)
    blocks = Blocks()
    study = study_data("s", atlas_of(a_map(who=who)), {}, {}, blocks, style=Style(figure="kind"))
    page = Decoded(study, blocks.places, blocks.text)
    rate, kind = study["known"]
    wanted = figure_colours("rate", [m.figures for m in who.members])
    assert [f"#{colour:06x}" for colour in page.array(rate["colours"])] == [*wanted.of_members]
    assert page.array(rate["values"]).tolist() == [m.figures["rate"] for m in who.members]
    assert kind["texts"] == ["x"] * 4 + ["y"] * 8
    assert study["figure"] == 1
    assert study_data("s", atlas_of(a_map()), {}, {}, Blocks())["figure"] == -1


def test_a_derived_member_without_figures_has_the_colour_of_what_is_not_known():
    who = members_with(rates)
    derived = evolve(who.members[0], kind="curve", figures={})
    assert figure_colours("rate", [*(m.figures for m in who.members), derived.figures]).of_members[-1] == UNKNOWN
