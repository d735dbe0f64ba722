"""The door for plugin authors: values, roles, the hook marker. Built-ins import nothing else."""

from globscope.bounds import (
    AXES,
    BATCH,
    DRAWS,
    EPOCHS,
    EXAMPLES,
    LAYERS,
    NEIGHBOURS,
    POINTS,
    REFITS,
    RUNS,
    SAMPLES,
    SIDE,
    STEPS,
    UNITS,
    UpperBound,
)
from globscope.curvature.eigen import Eigenpairs, eigenpairs
from globscope.curvature.hessian import Hessian, Loss
from globscope.curvature.trace import trace
from globscope.default_type import default_type, float32_by_default
from globscope.device import device, device_name
from globscope.errors import (
    EvaluationError,
    FileError,
    GlobscopeError,
    PluginError,
    PopulationError,
    RunError,
    SpecError,
    SymmetryError,
    UserCodeError,
    near,
)
from globscope.hookspecs import hookimpl
from globscope.isometry import span
from globscope.memory import is_out_of_memory, within_memory
from globscope.precision import Precision, precise
from globscope.reading import names_in_npz, open_zip, read_json, read_npz, read_safetensors, require_unpacked
from globscope.references import Code
from globscope.roles import (
    Aligner,
    Analysis,
    Bench,
    Draft,
    Evaluator,
    Probe,
    Reducer,
    Sampler,
    Task,
    Tensors,
    TopologyMethod,
)
from globscope.scoring.buffers import NetworkBuffers
from globscope.scoring.draws import REPEATS, STANDARD_ERROR, device_of, draws, scores, seed_of, seeded
from globscope.scoring.examples import calibration_batches, examples_per_batch, fixed_batches, fixed_examples
from globscope.scoring.lines import area, barrier, higher_is_better, lengths_along, mean_along
from globscope.scoring.means import means
from globscope.stateless import stateless_call
from globscope.symmetry.activations import activations
from globscope.symmetry.found import Axis, Frozen, Group, Symmetry
from globscope.symmetry.search import symmetry
from globscope.threads import one_thread, threads_for
from globscope.topology.adjacency import Adjacency, Neighbours, chosen, earlier, edges, neighbours
from globscope.topology.branches import Branches
from globscope.topology.condense import condensed
from globscope.topology.distance import bottleneck, diagram, wasserstein
from globscope.topology.membership import OFF_SLICE, PATH, Depiction, Membership, depiction, last_networks, membership
from globscope.topology.metrics import smad, value_range
from globscope.topology.outline import Outline, outline
from globscope.topology.passes import Passes
from globscope.topology.tree import simplified, sweep_order, trees
from globscope.values.chart import Chart, Progress, ReducerInputs, Transform
from globscope.values.evaluation import Journal, Networks, Plan, Unit
from globscope.values.findings import Atlas, Finding, Map, Table, finite_or_none
from globscope.values.landscape import Landscape, Samples
from globscope.values.members import Layout, Member, Population
from globscope.values.pictures import HeatMap, Overlay, Panel, Picture, Plot, Series, Trail
from globscope.values.rows import Weights
from globscope.values.space import AffineSpace, FullSpace, Lifting, Mixtures, Space, SpanSpace
from globscope.values.topology import MINIMUM, MULTI_SADDLE, ROOT, SADDLE, MergeTree, Topology

API_VERSION = 1

__all__ = [
    "API_VERSION",
    "AXES",
    "BATCH",
    "DRAWS",
    "EPOCHS",
    "EXAMPLES",
    "LAYERS",
    "MINIMUM",
    "MULTI_SADDLE",
    "NEIGHBOURS",
    "OFF_SLICE",
    "PATH",
    "POINTS",
    "REFITS",
    "REPEATS",
    "ROOT",
    "RUNS",
    "SADDLE",
    "SAMPLES",
    "SIDE",
    "STANDARD_ERROR",
    "STEPS",
    "UNITS",
    "Adjacency",
    "AffineSpace",
    "Aligner",
    "Analysis",
    "Atlas",
    "Axis",
    "Bench",
    "Branches",
    "Chart",
    "Code",
    "Depiction",
    "Draft",
    "Eigenpairs",
    "EvaluationError",
    "Evaluator",
    "FileError",
    "Finding",
    "Frozen",
    "FullSpace",
    "GlobscopeError",
    "Group",
    "HeatMap",
    "Hessian",
    "Journal",
    "Landscape",
    "Layout",
    "Lifting",
    "Loss",
    "Map",
    "Member",
    "Membership",
    "MergeTree",
    "Mixtures",
    "Neighbours",
    "NetworkBuffers",
    "Networks",
    "Outline",
    "Overlay",
    "Panel",
    "Passes",
    "Picture",
    "Plan",
    "Plot",
    "PluginError",
    "Population",
    "PopulationError",
    "Precision",
    "Probe",
    "Progress",
    "Reducer",
    "ReducerInputs",
    "RunError",
    "Sampler",
    "Samples",
    "Series",
    "Space",
    "SpanSpace",
    "SpecError",
    "Symmetry",
    "SymmetryError",
    "Table",
    "Task",
    "Tensors",
    "Topology",
    "TopologyMethod",
    "Trail",
    "Transform",
    "Unit",
    "UpperBound",
    "UserCodeError",
    "Weights",
    "activations",
    "area",
    "barrier",
    "bottleneck",
    "calibration_batches",
    "chosen",
    "condensed",
    "default_type",
    "depiction",
    "device",
    "device_name",
    "device_of",
    "diagram",
    "draws",
    "earlier",
    "edges",
    "eigenpairs",
    "examples_per_batch",
    "finite_or_none",
    "fixed_batches",
    "fixed_examples",
    "float32_by_default",
    "higher_is_better",
    "hookimpl",
    "is_out_of_memory",
    "last_networks",
    "lengths_along",
    "mean_along",
    "means",
    "membership",
    "names_in_npz",
    "near",
    "neighbours",
    "one_thread",
    "open_zip",
    "outline",
    "precise",
    "read_json",
    "read_npz",
    "read_safetensors",
    "require_unpacked",
    "scores",
    "seed_of",
    "seeded",
    "simplified",
    "smad",
    "span",
    "stateless_call",
    "sweep_order",
    "symmetry",
    "threads_for",
    "trace",
    "trees",
    "value_range",
    "wasserstein",
    "within_memory",
]
