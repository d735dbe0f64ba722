"""The JSON schema says what structuring accepts: it is made from the same declarations."""

import json
import tomllib
from pathlib import Path

import pytest
from attrs import define, field
from attrs.validators import deep_iterable, ge, min_len
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from support.messages import GOOD, SPECS
from support.paths import ROOT

from globscope.registry import Component, Registry
from globscope.spec.cells import read_sweep
from globscope.spec.describe import resolved_document
from globscope.spec.read import TABLES, build
from globscope.spec.schema import schema

# Problems that only reading can see: what exists on disk, and what several tables say together.
BEYOND = {
    "an analysis named like what every study finds",
    "two reducers of one name",
    "two samplers of one name",
    "two topologies of one name",
    "two variants of one name",
    "no such sampler",
    "one of two samplers",
    "a sampler twice",
    "no variant",
    "variants of checkpoints",
    "pattern without anything",
    "pattern without a variant",
    "pattern with a word that nothing uses",
    "template with a word that the pattern has not",
    "template of a pattern without words",
    "template of runs that are trained",
    "template beside tables",
    "renaming networks that are trained",
    "what chooses among files, for networks that are trained",
    "conditions that could reach Python",
    "a template of names for a table",
    "renaming to no text",
    "empty template",
    "table of checkpoints with pattern and path",
    "table of checkpoints whose pattern has a step of its own",
    "table of checkpoints with an unknown word",
    "word that is no name",
    "missing file of code",
    "code without its suffix",
    "missing path",
    "missing path of data that can be downloaded",
    "missing path of data that can be downloaded, near another",
    "missing path of the user's own data",
    "path with a null",
    "path too long",
    "home of nobody",
    "rule over two options",
    "rule over two numbers",
    "a density without an error",
    "weight decay of an optimiser without",
    "weight decay of a parent's optimiser without",
    "limits that cannot be logarithmic",
    # JSON has no NaN, infinity or dates, and no rule against control characters was worth a pattern.
    "nan",
    "infinity",
    "dates handed on",
    "name of two lines",
    "title of two lines",
    "variant that would clear a terminal",
    # Rules of a component's own that are code.
    "a validator's own words",
    "number of more than 64 bits",
    # To JSON Schema 1e300 is an integer too, and a float.
    "an integer that no float holds",
}


@pytest.fixture(scope="module")
def validator(registry):
    made = schema(registry)
    Draft202012Validator.check_schema(made)
    return Draft202012Validator(made)


def parsed(text):
    """Return a case's document, or None where it is no TOML."""
    try:
        return tomllib.loads(text if isinstance(text, str) else text.decode())
    except (ValueError, RecursionError):
        return None


DOCUMENTS = {case: document for case, (text, _) in SPECS.items() if (document := parsed(text)) is not None}


@pytest.mark.parametrize(
    "path", [*sorted((ROOT / "specs").glob("*.toml")), ROOT / "globscope/spec/starter.toml"], ids=str
)
def test_a_shipped_spec_is_valid_and_so_is_what_it_resolves_to(path, validator, registry, home):
    document = tomllib.loads(path.read_text("utf-8"))
    assert not list(validator.iter_errors(document))
    cells = read_sweep(document, path, registry).cells if "sweep" in document else ()
    for found in [one.spec for one in cells] or [build(document, path, registry)]:
        assert not list(validator.iter_errors(resolved_document(found)))


@pytest.mark.parametrize("case", sorted(DOCUMENTS.keys() - BEYOND))
def test_what_structuring_refuses_the_schema_refuses(case, validator):
    assert not validator.is_valid(DOCUMENTS[case])


@pytest.mark.parametrize("case", sorted(BEYOND))
def test_what_the_schema_cannot_see_is_listed_here_for_no_other_reason(case, validator):
    assert validator.is_valid(json.loads(json.dumps(DOCUMENTS[case], default=str)))


def test_an_unknown_key_is_reported_where_it_is_with_the_keys_that_there_are(validator):
    [error] = validator.iter_errors(tomllib.loads("sed = 1\n" + GOOD))
    assert error.json_path == "$.sed"
    assert "no such key; this table has aligner, analysis, evaluator, " in error.message
    assert " seed, " in error.message


def test_a_misspelt_option_is_reported_once_with_its_key(validator):
    document = tomllib.loads(GOOD.replace('use = "pca"', 'use = "pca"\nlatent_dims = 3'))
    [error] = validator.iter_errors(document)
    assert error.json_path == "$.reducer[0].latent_dims"
    assert "no such key; this table has align, each, latent_dim, name, " in error.message
    assert best_match(validator.iter_errors(document)).message == error.message


def test_what_is_wrong_in_a_list_that_might_also_be_a_text_is_reported_in_the_list(validator):
    document = tomllib.loads(GOOD)
    document["population"] |= {"train": {}, "variant": [{"name": "A", "learningrate": 0.1}]}
    document["population"].pop("checkpoints", None)
    [error] = validator.iter_errors(document)
    assert error.json_path == "$.population.variant[0].learningrate"
    assert " learning_rate, " in error.message


def test_a_wrong_value_of_an_option_is_reported_once_at_its_key(validator):
    [error] = validator.iter_errors(tomllib.loads(GOOD + '[[sampler]]\nuse = "grid"\nmargin = -1\n'))
    assert error.json_path == "$.sampler[0].margin"


def test_a_misspelt_component_is_reported_once_with_those_that_there_are(validator):
    [error] = validator.iter_errors(tomllib.loads(GOOD.replace('use = "pca"', 'use = "pcaa"')))
    assert error.json_path == "$.reducer[0].use"
    assert "'pca'" in error.message


def test_an_evaluator_needs_no_use(validator, registry):
    document = tomllib.loads(GOOD + "[evaluator]\nexamples = 5\n")
    assert not list(validator.iter_errors(document))
    assert build(document, Path("study.toml"), registry).evaluator.use == "torch"


def test_every_key_of_a_spec_and_every_option_has_a_description(validator):
    def described(place):
        for name, rule in place.get("properties", {}).items():
            assert rule["description"], name
            described(rule)
            items = rule.get("items") or {}  # no schema where a list has a fixed length
            for part in rule.get("allOf", []) + items.get("allOf", []):
                described(part.get("then", part))
            described(items)

    assert set(validator.schema["properties"]) == set(TABLES)
    described(validator.schema)


def test_the_schema_is_strict_json(validator):
    assert json.loads(json.dumps(validator.schema, allow_nan=False)) == validator.schema


@define(frozen=True, kw_only=True)
class Options:
    """Options with rules on items and lengths."""

    widths: tuple[int, ...] = field(default=(3,), validator=[min_len(1), deep_iterable(ge(2))])
    pairs: tuple[tuple[str, str], ...] = ()


def test_a_strangers_component_is_offered_and_explained_beside_the_built_in_ones(registry):
    own = Component(role="reducer", name="x", cls=Options, distribution="some", version="1")
    made = schema(Registry(components=(*registry.components, own)))
    offered = made["properties"]["reducer"]["items"]["allOf"][0]["properties"]  # where editors look
    assert {"x", "pca"} <= {*offered["use"]["enum"]}
    assert "- `x`: Options with rules on items and lengths." in offered["use"]["description"]
    assert "(`x`)" in offered["widths"]["description"]
    assert {"latent_dim", "pairs", "seed"} <= {*offered}


@pytest.mark.parametrize(
    ("options", "valid"),
    [
        ({}, True),
        ({"widths": [2, 5]}, True),
        ({"widths": []}, False),
        ({"widths": [1]}, False),
        ({"widths": ["2"]}, False),
        ({"pairs": [["a", "b"]]}, True),
        ({"pairs": [["a", "b", "c"]]}, False),
        ({"pairs": [["a"]]}, False),
        ({"pairs": ["ab"]}, False),
    ],
    ids=str,
)
def test_rules_on_items_are_in_the_schema_as_in_structuring(options, valid):
    component = Component(role="reducer", name="x", cls=Options, distribution="some", version="1")
    made = schema(Registry(components=(component,)))
    table = {"use": "x", **options}
    assert Draft202012Validator(made["properties"]["reducer"]["items"]).is_valid(table) is valid


def test_a_registry_without_components_still_has_a_schema():
    made = schema(Registry(components=()))
    Draft202012Validator.check_schema(made)
    assert not Draft202012Validator(made).is_valid(tomllib.loads(GOOD))


def test_what_holds_for_items_is_said_of_each_item_of_a_list_of_fixed_length(validator):
    tasks = [part["then"] for part in validator.schema["properties"]["task"]["allOf"] if "then" in part]
    grids = [one["properties"]["grid"] for one in tasks if "grid" in one["properties"]]
    assert grids
    for grid in grids:
        assert [item["minimum"] for item in grid["prefixItems"]] == [2, 2]
