"""The door for plugins: its version, and what its page says of the changes."""

import re
from pathlib import Path

import globscope.api as api
from globscope import hookspecs

PAGE = (Path(__file__).parent.parent / "docs/reference/api-versions.md").read_text("utf-8")
# What version 1 had.
FIRST = """
API_VERSION AXES Adjacency AffineSpace Aligner Analysis Atlas Axis BATCH Bench Branches Chart Code DRAWS Depiction
Draft EPOCHS EXAMPLES Eigenpairs EvaluationError Evaluator FileError Finding Frozen FullSpace GlobscopeError Group
HeatMap Hessian Journal LAYERS Landscape Layout Lifting Loss MINIMUM MULTI_SADDLE Map Member Membership MergeTree
Mixtures NEIGHBOURS Neighbours NetworkBuffers Networks OFF_SLICE Outline Overlay PATH POINTS Panel Passes Picture Plan
Plot PluginError Population PopulationError Precision Probe Progress REFITS REPEATS ROOT RUNS Reducer ReducerInputs
RunError SADDLE SAMPLES SIDE STANDARD_ERROR STEPS Sampler Samples Series Space SpanSpace SpecError Symmetry
SymmetryError Table Task Tensors Topology TopologyMethod Trail Transform UNITS Unit UpperBound UserCodeError Weights
activations area barrier bottleneck calibration_batches chosen condensed default_type depiction device device_name
device_of diagram draws earlier edges eigenpairs examples_per_batch finite_or_none fixed_batches fixed_examples
float32_by_default higher_is_better hookimpl is_out_of_memory last_networks lengths_along mean_along means membership
names_in_npz near neighbours one_thread open_zip outline precise read_json read_npz read_safetensors require_unpacked
scores seed_of seeded simplified smad span stateless_call sweep_order symmetry threads_for trace trees value_range
wasserstein within_memory
"""


def test_the_page_is_of_this_version():
    assert api.API_VERSION == hookspecs.API_VERSION
    assert f"This is **version {api.API_VERSION}**." in PAGE
    assert f"GLOBSCOPE_API = {api.API_VERSION}" in PAGE


def test_every_name_that_left_the_api_is_on_the_page_with_what_replaces_it():
    left = set(FIRST.split()) - set(vars(api))
    first_column = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    named = {name for cell in first_column for name in re.findall(r"`(\w+)", cell)}
    assert left - named == set()


def test_every_trait_and_optional_method_that_the_page_names_is_there():
    written = re.findall(r"(\w+Traits)\((\w+)=…", PAGE)
    assert written
    assert [pair for pair in written if pair[1] not in {a.name for a in getattr(api, pair[0]).__attrs_attrs__}] == []
