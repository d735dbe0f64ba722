"""Counts are bounded by arithmetic before anything is allocated; text is shortened, shown escaped, and no formula."""

import csv
import tracemalloc
from io import StringIO

import numpy as np
import pytest
from support.study import TINY

from globscope.bounds import UpperBound
from globscope.cli.ending import ending
from globscope.cli.screen import cut, escape_markup, stderr, stdout
from globscope.errors import PluginError, SpecError, near
from globscope.files.member_points import MemberPoints, read_member_points
from globscope.files.table import escape_formula, unescape_formula
from globscope.report.page.embedded import EmbeddedPictures
from globscope.report.page.files import as_csv
from globscope.report.page.html import environment
from globscope.session import load
from globscope.spec.overrides import override
from globscope.spec.read import read_spec
from globscope.spec.words import toml
from globscope.sweep import load as load_any
from globscope.values.findings import Table
from globscope.visible import visible, visible_lines

# Bytes that a refusal may take.
LITTLE = 64 * 2**20


def problems(path, overrides, act):
    tracemalloc.start()
    try:
        with pytest.raises(SpecError) as caught:
            act(path, overrides)
        assert tracemalloc.get_traced_memory()[1] < LITTLE
    finally:
        tracemalloc.stop()
    return caught.value.problems


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (
            ["population.train.epochs=1000000000000"],
            "--set population.train.epochs: must be <= 1,000,000: every epoch is a pass over the data, and its "
            "checkpoints are listed before the first, got 1000000000000",
        ),
        (
            ["population.variant.0.repeat=1000000000"],
            "--set population.variant.0.repeat: must be <= 10,000: every run is a network that is trained and kept, "
            "got 1000000000",
        ),
        (
            ["population.variant.0.repeat=10000", "population.variant.1.repeat=10000"],
            "population: asks for 20,001 training runs, which must be <= 10,000: every run is a network that is "
            "trained and kept",
        ),
        (
            ["population.train.epochs=1000000", "population.train.save_every=1"],
            "population: saves 3,000,003 checkpoints, which must be <= 100,000: maps compare every two networks; "
            "a larger save_every saves fewer",
        ),
        (
            ["reducer.0.latent_dim=1000000000"],
            "--set reducer.0.latent_dim: must be <= 1,000: every latent axis is a direction in weight space that is "
            "kept in memory, got 1000000000",
        ),
        (
            ["sampler.0.resolution=9000000000"],
            "--set sampler.0.resolution: must be <= 100,000,000: every sample is a network that is decoded and scored, "
            "got 9000000000",
        ),
        ([f"title={'x' * 5000}"], f"--set title: must be at most 1,000 long, got '{'x' * 60}…{'x' * 9}'"),
        (
            [f"reducer.0.name={'x' * 5000}"],
            f"--set reducer.0.name: must be at most 200 long, got '{'x' * 60}…{'x' * 9}'",
        ),
        (["seed=0x" + "f" * 9000], "--set seed: must be an integer of 64 bits, got 10^10836"),
    ],
)
def test_a_count_out_of_bounds_is_reported_with_the_bound_and_why(overrides, says, spec_file):
    where = "" if says.startswith("--set ") else f"{spec_file()}: "
    assert problems(spec_file(), overrides, read_spec) == (where + says,)


def test_a_lattice_out_of_bounds_is_refused_before_the_training(spec_file):
    study = load(spec_file(), ["sampler.0.resolution=5000", "reducer.0.latent_dim=3"])
    with pytest.raises(SpecError) as caught:
        study.estimate()
    assert caught.value.problems[0].endswith(
        "sampler.0 on 'pca': asks for 125,000,000,000 samples, which must be <= 100,000,000: every sample is a network "
        "that is decoded and scored; take a lower resolution"
    )


def test_a_lattice_of_a_thousand_axes_is_counted_and_not_made(spec_file):
    study = load(spec_file(), ["sampler.0.resolution=100000000", "reducer.0.use=random", "reducer.0.latent_dim=1000"])
    with pytest.raises(SpecError, match="samples, which must be"):
        study.estimate()


def test_a_sweep_of_very_many_cells_is_counted_and_not_made(spec_file):
    text = TINY + "[sweep]\nseed = [" + ", ".join(map(str, range(20000))) + "]\n"
    [problem] = problems(spec_file(text), (), load_any)
    assert problem.endswith("sweep: makes 20,000 cells; at most 1,000 are run at once")


def test_a_huge_list_of_tables_is_read_in_time(spec_file):
    text = TINY + "".join(f'[[population.variant]]\nname = "v{n}"\n' for n in range(20000))
    [problem] = problems(spec_file(text), (), read_spec)
    assert problem.endswith("asks for 20,003 training runs, which must be <= 10,000: every run is a network that is "
                            "trained and kept")  # fmt: skip


def test_a_list_of_very_many_components_is_refused(spec_file):
    text = TINY + "".join(f'[[analysis]]\nuse = "stability"\nname = "s{n}"\n' for n in range(1001))
    [problem] = problems(spec_file(text), (), read_spec)
    assert problem.endswith("analysis: lists 1,001, which must be <= 1,000: every one of them is computed by itself")


def test_very_many_problems_are_counted_on_the_screen():
    code, lines = ending(SpecError(f"problem {number}" for number in range(30000)))
    assert (code, len(lines), lines[-1]) == (2, 201, "error: … and 29,800 more")


def test_a_search_for_a_near_name_is_bounded():
    assert near("x" * 10**6, ["a", "b"]) == "known: a, b"
    assert near("zz", (f"n{number:06d}" for number in range(10**5))).endswith(", … (100,000 in all)")


def test_among_thousands_of_names_those_of_like_length_are_searched():
    library = [*(f"A{number:030d}" for number in range(5000)), "GPT2LMHeadModel"]
    assert near("GPT2LMHeadModle", library) == "did you mean 'GPT2LMHeadModel'?"


def test_a_bound_is_a_validator_that_says_why():
    rule = UpperBound(3, "four would be too many")
    assert rule.words == "must be <= 3: four would be too many"


def test_a_long_override_is_abbreviated_in_its_message():
    with pytest.raises(SpecError) as caught:
        override({}, "x" * 5000)
    assert len(str(caught.value)) < 200


def test_an_integer_that_python_refuses_to_print_is_reported_by_its_size():
    assert toml(1 << 20000) == "10^6020"


def test_backend_ttk_without_its_package_names_it(spec_file, registry, tmp_path):
    from globscope.exchange import condense

    np.savez(tmp_path / "a.npz", values=np.zeros((3, 3)))
    bare = type(registry)(components=tuple(c for c in registry.components if c.name != "ttk"))
    says = "it comes with the package globscope-ttk, which is not installed: pip install globscope-ttk"
    with pytest.raises((SpecError, PluginError)) as caught:
        condense(tmp_path / "a.npz", backend="ttk", registry=bare)
    assert str(caught.value) == f"--backend: there is no topology 'ttk'; {says}"
    with pytest.raises(SpecError, match=says):
        read_spec(spec_file(TINY + '[[topology]]\nuse = "ttk"\n'), (), bare)


# Formulas, and letters that do not show.

FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''+"]


@pytest.mark.parametrize("text", [*FORMULAS, "plain", "'plain", ""])
def test_a_cell_that_would_be_a_formula_is_kept_as_text_and_read_back(text):
    assert escape_formula(text)[:1] not in "=+-@\t\r" or not text
    assert unescape_formula(escape_formula(text)) == text
    assert (escape_formula(text) == text) == (text not in FORMULAS)


def test_numbers_in_tables_stay_numbers():
    table = Table(name="t", caption="T.", columns=("=name", "loss"), rows=({"=name": "=A1", "loss": -0.5},))
    assert list(csv.reader(StringIO(as_csv(table)))) == [["'=name", "loss"], ["'=A1", "-0.5"]]


def test_members_named_like_formulas_are_read_back_from_their_file(tmp_path):
    made = MemberPoints(
        variants=("=A", "-B"),
        steps=np.array([0, 1]),
        kinds=("trained",) * 2,
        points=-np.eye(2),
        fields={"+f": np.ones(2)},
    )
    (tmp_path / "m.csv").write_text(made.csv, "utf-8", newline="")
    again = read_member_points(tmp_path / "m.csv")
    assert (again.variants, list(again.fields)) == (("=A", "-B"), ["+f"])
    assert not any(cell[:1] in "=+@" for line in made.csv.splitlines() for cell in line.split(",") if cell)


HIDDEN = "a\u202eb\x1b[2Jc\x85\u200b\u2066"


def test_letters_that_do_not_show_are_escaped_on_the_screen_and_on_pages(capsys):
    stdout(HIDDEN)
    stderr(HIDDEN)
    messages = capsys.readouterr()
    page = environment({}, EmbeddedPictures(sources={})).from_string("{{ name }}").render(name=HIDDEN)
    for text in (messages.out.rstrip("\n"), messages.err.rstrip("\n"), escape_markup(HIDDEN), page, visible(HIDDEN)):
        assert text.isprintable()
        assert "202e" in text
    assert visible_lines("a\n\tb") == "a\n\tb"
    assert visible("می\u200cخواهم 👩\u200d🔬") == "می\u200cخواهم 👩\u200d🔬"


def test_names_with_letters_that_do_not_show_are_refused(spec_file):
    [problem] = problems(spec_file(), ["reducer.0.name=a\u202eb"], read_spec)
    assert problem.endswith('must be one line without control characters, got "a\\U0000202eb"')


def test_a_line_about_the_run_is_cut_where_it_is_very_long():
    assert len(cut("x" * 10**6)) == 2000
