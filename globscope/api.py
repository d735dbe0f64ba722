"""The door for plugin authors: values, roles, the hook marker. Built-ins import nothing else."""

from globscope.added_options import ADDED as ADDED
from globscope.bounds import (
    AXES as AXES,
    BATCH as BATCH,
    DRAWS as DRAWS,
    EPOCHS as EPOCHS,
    EXAMPLES as EXAMPLES,
    LAYERS as LAYERS,
    NEIGHBOURS as NEIGHBOURS,
    POINTS as POINTS,
    PROCESSES as PROCESSES,
    REFITS as REFITS,
    RUNS as RUNS,
    SAMPLES as SAMPLES,
    SIDE as SIDE,
    STEPS as STEPS,
    UNITS as UNITS,
    UpperBound as UpperBound,
)
from globscope.curvature.density import SpectralDensity as SpectralDensity
from globscope.curvature.eigen import Eigenpairs as Eigenpairs, eigenpairs as eigenpairs
from globscope.curvature.hessian import Hessian as Hessian
from globscope.curvature.lanczos import lanczos_quadrature as lanczos_quadrature
from globscope.curvature.loss import Loss as Loss, MatrixName as MatrixName
from globscope.curvature.matrix import CurvatureMatrix as CurvatureMatrix
from globscope.curvature.trace import (
    block_traces as block_traces,
    mean_and_error as mean_and_error,
    random_signs as random_signs,
    trace as trace,
)
from globscope.device import WHERE as WHERE, device as device, device_name as device_name
from globscope.errors import (
    EvaluationError as EvaluationError,
    FileError as FileError,
    GlobscopeError as GlobscopeError,
    PluginError as PluginError,
    PoolError as PoolError,
    PopulationError as PopulationError,
    RunError as RunError,
    SpecError as SpecError,
    SymmetryError as SymmetryError,
    UserCodeError as UserCodeError,
    near as near,
)
from globscope.hookspecs import API_VERSION as API_VERSION, hookimpl as hookimpl
from globscope.isometry import span as span
from globscope.memory import (
    free_memory as free_memory,
    is_out_of_memory as is_out_of_memory,
    within_memory as within_memory,
)
from globscope.reading import (
    map_npy as map_npy,
    names_in_npz as names_in_npz,
    open_zip as open_zip,
    read_csv as read_csv,
    read_json as read_json,
    read_json_lines as read_json_lines,
    read_npz as read_npz,
    read_safetensors as read_safetensors,
    require_unpacked as require_unpacked,
)
from globscope.references import Code as Code, users_line as users_line
from globscope.roles import (
    AddsFields as AddsFields,
    Aligner as Aligner,
    AlignerTraits as AlignerTraits,
    AlignsSets as AlignsSets,
    Analysis as Analysis,
    AnalysisTraits as AnalysisTraits,
    Bench as Bench,
    BuildsOn as BuildsOn,
    CheckFacts as CheckFacts,
    Checks as Checks,
    Compiles as Compiles,
    Counts as Counts,
    CountsExamples as CountsExamples,
    Derives as Derives,
    Digests as Digests,
    Draft as Draft,
    Encodes as Encodes,
    Evaluates as Evaluates,
    Evaluator as Evaluator,
    EvaluatorTraits as EvaluatorTraits,
    Explains as Explains,
    FillsLattice as FillsLattice,
    FindsCurves as FindsCurves,
    Finishes as Finishes,
    FitRequest as FitRequest,
    Fits as Fits,
    GivesBuffers as GivesBuffers,
    GivesFisher as GivesFisher,
    GivesQuickExamples as GivesQuickExamples,
    Learns as Learns,
    MapFit as MapFit,
    MapTerm as MapTerm,
    Merges as Merges,
    OffersFields as OffersFields,
    Pair as Pair,
    Part as Part,
    Plans as Plans,
    Pool as Pool,
    PoolTraits as PoolTraits,
    PreparedTask as PreparedTask,
    Probe as Probe,
    ProbeTraits as ProbeTraits,
    Recognises as Recognises,
    RecognisesFolders as RecognisesFolders,
    Reducer as Reducer,
    ReducerTraits as ReducerTraits,
    Refits as Refits,
    Renews as Renews,
    Restores as Restores,
    ReturnsOutputs as ReturnsOutputs,
    Sampler as Sampler,
    SamplerTraits as SamplerTraits,
    Scores as Scores,
    Searches as Searches,
    SplitsLoss as SplitsLoss,
    StartsFrom as StartsFrom,
    TakesInputs as TakesInputs,
    Task as Task,
    Tensors as Tensors,
    TopologyMethod as TopologyMethod,
    TopologyTraits as TopologyTraits,
    Tries as Tries,
    TriesScoring as TriesScoring,
    UnitScorer as UnitScorer,
    Workers as Workers,
    capability as capability,
    misspelt_members as misspelt_members,
    silent as silent,
    traits as traits,
)
from globscope.scoring.buffers import NetworkBuffers as NetworkBuffers
from globscope.scoring.capture import CaptureError as CaptureError, capture as capture
from globscope.scoring.channels_last import (
    channels_last as channels_last,
    prefers_channels_last as prefers_channels_last,
    takes_channels_last as takes_channels_last,
)
from globscope.scoring.differentiable_norms import (
    DifferentiableNorms as DifferentiableNorms,
    graft as graft,
    replaced_norms as replaced_norms,
)
from globscope.scoring.draws import (
    REPEATS as REPEATS,
    STANDARD_ERROR as STANDARD_ERROR,
    device_of as device_of,
    draws as draws,
    fixed_seed as fixed_seed,
    scores as scores,
    seed_of as seed_of,
)
from globscope.scoring.examples import (
    calibration_batches as calibration_batches,
    examples_per_batch as examples_per_batch,
    fixed_batches as fixed_batches,
    fixed_examples as fixed_examples,
)
from globscope.scoring.fisher import categorical_fisher as categorical_fisher
from globscope.scoring.lines import (
    area as area,
    barrier as barrier,
    lengths_along as lengths_along,
    mean_along as mean_along,
)
from globscope.scoring.means import Reduced as Reduced, means as means
from globscope.scoring.mixed_networks import mixed_networks as mixed_networks
from globscope.scoring.network_parts import NetworkParts as NetworkParts, network_parts as network_parts
from globscope.scoring.recorded_step import RecordedStep as RecordedStep
from globscope.search import Search as Search, next_round as next_round
from globscope.stateless import stateless_call as stateless_call
from globscope.symmetry.repair import (
    AffineLayer as AffineLayer,
    affine_layers as affine_layers,
    repair_corrections as repair_corrections,
)
from globscope.symmetry.search import symmetry as symmetry
from globscope.symmetry.symmetry import Axis as Axis, Frozen as Frozen, Group as Group, Symmetry as Symmetry
from globscope.symmetry.trace import attributes_of as attributes_of
from globscope.symmetry.unit_outputs import activations as activations
from globscope.topology.adjacency import (
    Adjacency as Adjacency,
    Neighbours as Neighbours,
    edge_blocks as edge_blocks,
    edge_ends as edge_ends,
    edges as edges,
    neighbours as neighbours,
    resolve_adjacency as resolve_adjacency,
)
from globscope.topology.basin_values import basin_values as basin_values
from globscope.topology.condense import condense as condense, smad as smad, value_range as value_range
from globscope.topology.distance import bottleneck as bottleneck, diagram as diagram, wasserstein as wasserstein
from globscope.topology.joins import join_heights as join_heights, nearest_samples as nearest_samples
from globscope.topology.lattice_critical_points import (
    CriticalPoints as CriticalPoints,
    critical_points as critical_points,
)
from globscope.topology.level_set_pictures import barcode_plot as barcode_plot, tree_plot as tree_plot
from globscope.topology.level_sets import (
    level_set_tree as level_set_tree,
    persistence_pairs as persistence_pairs,
    prune_tree as prune_tree,
)
from globscope.topology.membership import (
    OFF_SLICE as OFF_SLICE,
    PATH as PATH,
    Depiction as Depiction,
    Membership as Membership,
    depiction as depiction,
    last_networks as last_networks,
    membership as membership,
    runs_by_basin as runs_by_basin,
)
from globscope.topology.outline import Outline as Outline, outline as outline
from globscope.topology.passes import Passes as Passes, tree_edges as tree_edges, tree_neighbours as tree_neighbours
from globscope.topology.runs_on_map import BY_DESIGN as BY_DESIGN, SHARE as SHARE, RunsOnMap as RunsOnMap
from globscope.topology.steepest_cells import SteepestCells as SteepestCells, steepest_cells as steepest_cells
from globscope.topology.surrogates import permute as permute, randomise_phases as randomise_phases
from globscope.topology.tree import (
    Branches as Branches,
    simplify as simplify,
    sweep_order as sweep_order,
    trees as trees,
)
from globscope.topology.tree_figures import TreeFigures as TreeFigures
from globscope.torch_settings import (
    Precision as Precision,
    default_type as default_type,
    float32_by_default as float32_by_default,
    one_thread as one_thread,
    precise as precise,
    threads_for as threads_for,
    with_threads as with_threads,
)
from globscope.values.arrays import column_blocks as column_blocks
from globscope.values.chart import (
    Chart as Chart,
    Progress as Progress,
    Pullback as Pullback,
    ReducerInputs as ReducerInputs,
    Transform as Transform,
)
from globscope.values.compressed import Compressed as Compressed
from globscope.values.edge_graph import edge_graph as edge_graph
from globscope.values.evaluation import GRADIENT as GRADIENT, Networks as Networks, Plan as Plan, Unit as Unit
from globscope.values.field import Description as Description, Field as Field
from globscope.values.findings import (
    MOSTLY as MOSTLY,
    Atlas as Atlas,
    Figure as Figure,
    Finding as Finding,
    Map as Map,
    Table as Table,
)
from globscope.values.finite import finite_or_none as finite_or_none
from globscope.values.known_path import JOINED as JOINED, KnownPath as KnownPath
from globscope.values.labels import IGNORED as IGNORED
from globscope.values.landscape import Landscape as Landscape, Samples as Samples
from globscope.values.level_set_tree import (
    END as END,
    JOIN_SADDLE as JOIN_SADDLE,
    MAXIMUM as MAXIMUM,
    SPLIT_SADDLE as SPLIT_SADDLE,
    LevelSetTree as LevelSetTree,
    TreeKind as TreeKind,
)
from globscope.values.means import Means as Means
from globscope.values.members import Layout as Layout, Member as Member, Population as Population
from globscope.values.merged_network import MergedNetwork as MergedNetwork
from globscope.values.mixes import Factored as Factored, Factors as Factors, Mixes as Mixes
from globscope.values.number import number as number
from globscope.values.pictures import (
    HeatMap as HeatMap,
    Overlay as Overlay,
    Panel as Panel,
    Picture as Picture,
    Plot as Plot,
    Series as Series,
    SeriesStyle as SeriesStyle,
    Trail as Trail,
)
from globscope.values.rank_correlation import rank_correlation as rank_correlation, rank_interval as rank_interval
from globscope.values.rows import Rows as Rows, Weights as Weights
from globscope.values.space import (
    AffineSpace as AffineSpace,
    Differentiable as Differentiable,
    FullSpace as FullSpace,
    Lifting as Lifting,
    Mixtures as Mixtures,
    PrincipalSpace as PrincipalSpace,
    Space as Space,
    SpanSpace as SpanSpace,
)
from globscope.values.topology import (
    MINIMUM as MINIMUM,
    MULTI_SADDLE as MULTI_SADDLE,
    ROOT as ROOT,
    SADDLE as SADDLE,
    MergeTree as MergeTree,
    Topology as Topology,
)
from globscope.workers import (
    Done as Done,
    Failed as Failed,
    Ready as Ready,
    RemoteWorker as RemoteWorker,
    RemoteWorkers as RemoteWorkers,
    Report as Report,
    SentItem as SentItem,
    ThisProcess as ThisProcess,
    pickle_by_path as pickle_by_path,
    pickle_by_value as pickle_by_value,
    pickle_for_worker as pickle_for_worker,
    pickle_outcome as pickle_outcome,
)
