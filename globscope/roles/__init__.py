"""What a component of each role must do, one Protocol a role, and what it may offer beside (`optional`).

A component *is* its options: a frozen, keyword-only attrs class whose fields a spec may set, with
the one or two methods of its role. Only `build`, `reduce`, `ask`, `plan`, `scorer`, `compute`, `analyse` and `align`
run code; constructing a component must cost nothing.
"""

from globscope.roles.aligner import Aligner, AlignerTraits, Learns, Scores, StartsFrom
from globscope.roles.analysis import Analysis, AnalysisTraits, Derives, Evaluates, Plans, Refits
from globscope.roles.bench import Bench, Draft, Pair, Part, Work
from globscope.roles.evaluator import Evaluator, EvaluatorTraits, UnitScorer
from globscope.roles.optional import OPTIONAL, CheckFacts, Checks, capability, misspelt_members, traits
from globscope.roles.pool import Item, Pool, Result, Shared, Workers, silent
from globscope.roles.probe import Digests, Encodes, Finishes, Probe, ProbeTraits, ReturnsOutputs, TakesInputs, Tensors
from globscope.roles.reducer import Reducer, ReducerTraits, Restores, Tries
from globscope.roles.sampler import Counts, FillsLattice, Sampler, SamplerTraits
from globscope.roles.task import Fits, Recognises, Task
from globscope.roles.topology import TopologyMethod, TopologyTraits

__all__ = [
    "OPTIONAL",
    "Aligner",
    "AlignerTraits",
    "Analysis",
    "AnalysisTraits",
    "Bench",
    "CheckFacts",
    "Checks",
    "Counts",
    "Derives",
    "Digests",
    "Draft",
    "Encodes",
    "Evaluates",
    "Evaluator",
    "EvaluatorTraits",
    "FillsLattice",
    "Finishes",
    "Fits",
    "Item",
    "Learns",
    "Pair",
    "Part",
    "Plans",
    "Pool",
    "Probe",
    "ProbeTraits",
    "Recognises",
    "Reducer",
    "ReducerTraits",
    "Refits",
    "Restores",
    "Result",
    "ReturnsOutputs",
    "Sampler",
    "SamplerTraits",
    "Scores",
    "Shared",
    "StartsFrom",
    "TakesInputs",
    "Task",
    "Tensors",
    "TopologyMethod",
    "TopologyTraits",
    "Tries",
    "UnitScorer",
    "Work",
    "Workers",
    "capability",
    "misspelt_members",
    "silent",
    "traits",
]
