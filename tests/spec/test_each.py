"""`[reducer.each]`: one table that stands for several maps, how they are named, and how mistakes are reported."""

import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from support.messages import GOOD

import globscope
from globscope.errors import SpecError
from globscope.spec.cells import read_sweep
from globscope.spec.describe import as_toml
from globscope.spec.read import build, read_spec
from globscope.spec.schema import schema
from globscope.sweep.subjects import swept_entries

EACH = GOOD.replace('use = "pca"\n', 'use = "pca"\n[reducer.each]\nlatent_dim = [1, 2]\nseed = [0, 1]\n', 1)
NAMES = ["pca latent_dim=1,seed=0", "pca latent_dim=1,seed=1", "pca latent_dim=2,seed=0", "pca latent_dim=2,seed=1"]


@pytest.fixture
def read(tmp_path, registry, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def spec_of(text, *overrides):
        Path("study.toml").write_text(text, "utf-8")
        return read_spec(Path("study.toml"), overrides, registry)

    return spec_of


def problems(read, text, *overrides):
    with pytest.raises(SpecError) as refused:
        read(text, *overrides)
    return list(refused.value.problems)


def test_a_table_stands_for_a_map_of_every_combination(read):
    found = read(EACH).reducer
    assert [entry.name for entry in found] == NAMES
    assert [(entry.component.latent_dim, entry.seed) for entry in found] == [(1, 0), (1, 1), (2, 0), (2, 1)]
    assert {entry.place.name for entry in found} == {"pca"}  # by which their maps are of one kind


def test_a_name_of_its_own_begins_the_names_and_other_tables_keep_their_order(read):
    text = EACH.replace('use = "pca"\n', 'use = "pca"\nname = "axes"\n') + '[[reducer]]\nuse = "kernel-pca"\n'
    assert [entry.name for entry in read(text, "reducer.0.each.seed=[3]").reducer] == [
        "axes latent_dim=1,seed=3",
        "axes latent_dim=2,seed=3",
        "kernel-pca",
    ]


def test_a_value_may_be_a_list(read):
    text = GOOD.replace('use = "pca"\n', 'use = "hull"\n[reducer.each]\nof = [["A", "B"], ["B", "A@1"]]\n', 1)
    found = read(text).reducer
    assert [(entry.name, entry.component.of) for entry in found] == [
        ("hull of=AxB", ("A", "B")),
        ("hull of=BxA-1", ("B", "A@1")),
    ]


def test_the_resolved_spec_lists_the_maps_one_by_one(read, registry):
    found = read(EACH)
    assert "each" not in as_toml(found)
    assert build(tomllib.loads(as_toml(found)), found.source, registry) == found


def test_a_sweep_over_the_table_is_about_all_of_its_maps(read, registry):
    document = tomllib.loads(EACH + '[sweep]\n"reducer.0.each.latent_dim" = [[1], [2]]\n')
    found = read_sweep(document, Path("study.toml"), registry)
    assert [cell.name for cell in found.cells] == ["latent_dim=1", "latent_dim=2"]
    assert swept_entries(found.axes, found.cells[1].spec) == ("pca latent_dim=2,seed=0", "pca latent_dim=2,seed=1")


WRONG = {
    "value of a key": (
        "reducer.0.each.latent_dim=[0, 2]",
        ["--set reducer.0.each.latent_dim: must be >= 1, got 0 (map 'pca latent_dim=0,seed=0' and 1 more)"],
    ),
    "unknown key": (
        "reducer.0.each.latent_dims=[2]",
        ["--set reducer.0.each.latent_dims: there is no such key; did you mean 'latent_dim'?"],
    ),
    "a key of the entry": (
        "reducer.0.latent_dim=3",
        ["study.toml: reducer.0.each.latent_dim: has a value in the entry too, 3; remove one of them"],
    ),
    "another reducer": (
        'reducer.0.each.use=["pca", "umap"]',
        ["--set reducer.0.each.use: must be the same for all maps of the entry"],
    ),
    "no list": (
        "reducer.0.each.latent_dim=2",
        ["--set reducer.0.each.latent_dim: expected a list of values, got 2 (integer)"],
    ),
    "no table": (
        "reducer.0.each=[2]",
        [
            "--set reducer.0.each: expected a table [reducer.0.each] of keys and lists of their values, got [2] (list)",
        ],
    ),
    "nothing": ("reducer.0.each={}", ["--set reducer.0.each: needs at least one key with a list of its values"]),
    "a value twice": (
        "reducer.0.each.seed=[1, 1]",
        ["--set reducer.0.each.seed: values 1 and 1 give two maps of one name, 'seed=1'"],
    ),
    "unknown sampler": (
        'reducer.0.each.sampler=["grids"]',
        ["--set reducer.0.each.sampler: there is no sampler named 'grids'; did you mean 'grid'?"],
    ),
    "a thousand maps and more": (
        f"reducer.0.each.seed={list(range(501))}",
        [
            "study.toml: reducer.0.each: makes 1,002 maps, "
            "which must be <= 1,000: every one of them is computed by itself"
        ],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_list_is_reported_at_its_place(case, read):
    override, wanted = WRONG[case]
    assert problems(read, EACH, override) == wanted


def test_two_tables_of_the_same_maps_are_reported(read):
    again = EACH[EACH.index("[[reducer]]") :].partition("[[sampler]]")[0]
    text = "study.toml: reducer.1.name: 'pca latent_dim=1,seed=0' is the name of reducer.0 too; "
    assert f"{text}give this one its own 'name'" in problems(read, EACH + again)


@pytest.mark.usefixtures("read")
def test_check_reports_axes_that_the_networks_lack_at_the_list():
    study = globscope.load(_written(EACH))
    with pytest.raises(SpecError) as refused:
        study.run()
    assert list(refused.value.problems) == [
        f"{Path('study.toml')}: reducer.0.each.latent_dim: 2 members span at most 1 direction, got 2"
    ]


def _written(text):
    Path("study.toml").write_text(text, "utf-8")
    return Path("study.toml")


@pytest.mark.parametrize(
    ("each", "valid"),
    [
        ({"latent_dim": [1, 2], "seed": [0]}, True),
        ({"latent_dim": [0]}, False),
        ({"latent_dim": 2}, False),
        ({"latent_dims": [2]}, False),
        ({"use": ["pca"]}, False),
        ({"space": ["span"]}, False),
        ({}, False),
    ],
    ids=str,
)
def test_the_schema_accepts_what_reading_accepts(each, valid, registry):
    validator = Draft202012Validator(schema(registry)["properties"]["reducer"]["items"])
    assert validator.is_valid({"use": "pca", "space": "full", "each": each}) is valid
