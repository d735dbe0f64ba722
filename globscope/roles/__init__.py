"""What a component of each role must do, one Protocol a role, and what it may offer beside (`optional`).

A component *is* its options: a frozen, keyword-only attrs class whose fields a spec may set, with
the one or two methods of its role. Only `build`, `reduce`, `ask`, `plan`, `scorer`, `compute`, `analyse` and `align`
run code; constructing a component must cost nothing.
"""

from globscope.roles.aligner import (
    Aligner as Aligner,
    AlignerTraits as AlignerTraits,
    AlignsSets as AlignsSets,
    Learns as Learns,
    Scores as Scores,
    StartsFrom as StartsFrom,
)
from globscope.roles.analysis import (
    Analysis as Analysis,
    AnalysisTraits as AnalysisTraits,
    Derives as Derives,
    Evaluates as Evaluates,
    FindsCurves as FindsCurves,
    Merges as Merges,
    Plans as Plans,
    Refits as Refits,
)
from globscope.roles.bench import (
    Bench as Bench,
    Draft as Draft,
    FitRequest as FitRequest,
    Pair as Pair,
    Part as Part,
    Work as Work,
)
from globscope.roles.evaluator import (
    AddsFields as AddsFields,
    CountsExamples as CountsExamples,
    Evaluator as Evaluator,
    EvaluatorTraits as EvaluatorTraits,
    GivesBuffers as GivesBuffers,
    OffersFields as OffersFields,
    Renews as Renews,
    TriesScoring as TriesScoring,
    UnitScorer as UnitScorer,
)
from globscope.roles.map_term import MapFit as MapFit, MapTerm as MapTerm
from globscope.roles.optional import (
    OPTIONAL as OPTIONAL,
    CheckFacts as CheckFacts,
    Checks as Checks,
    GivesQuickExamples as GivesQuickExamples,
    capability as capability,
    misspelt_members as misspelt_members,
    traits as traits,
)
from globscope.roles.pool import (
    Pool as Pool,
    PoolTraits as PoolTraits,
    Workers as Workers,
    silent as silent,
)
from globscope.roles.probe import (
    Digests as Digests,
    Encodes as Encodes,
    Finishes as Finishes,
    GivesFisher as GivesFisher,
    Probe as Probe,
    ProbeTraits as ProbeTraits,
    ReturnsOutputs as ReturnsOutputs,
    SplitsLoss as SplitsLoss,
    TakesInputs as TakesInputs,
    Tensors as Tensors,
)
from globscope.roles.reducer import (
    Compiles as Compiles,
    Reducer as Reducer,
    ReducerTraits as ReducerTraits,
    Restores as Restores,
    Tries as Tries,
)
from globscope.roles.sampler import (
    BuildsOn as BuildsOn,
    Counts as Counts,
    Explains as Explains,
    FillsLattice as FillsLattice,
    Sampler as Sampler,
    SamplerTraits as SamplerTraits,
    Searches as Searches,
)
from globscope.roles.task import (
    Fits as Fits,
    PreparedTask as PreparedTask,
    Recognises as Recognises,
    RecognisesFolders as RecognisesFolders,
    Task as Task,
)
from globscope.roles.topology import TopologyMethod as TopologyMethod, TopologyTraits as TopologyTraits
