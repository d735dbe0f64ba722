"""What components of each role may offer beside what they must, and the one way in which it is read."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from attrs import define, field, fields, has

from globscope.errors import PluginError, near, similar_name
from globscope.roles.aligner import AlignerTraits, AlignsSets, Learns, Scores, StartsFrom
from globscope.roles.analysis import AnalysisTraits, Derives, Evaluates, FindsCurves, Merges, Plans, Refits
from globscope.roles.evaluator import (
    AddsFields,
    CountsExamples,
    EvaluatorTraits,
    GivesBuffers,
    OffersFields,
    TriesScoring,
)
from globscope.roles.pool import PoolTraits
from globscope.roles.probe import (
    Digests,
    Encodes,
    Finishes,
    GivesFisher,
    Probe,
    ProbeTraits,
    ReturnsOutputs,
    SplitsLoss,
    TakesInputs,
)
from globscope.roles.reducer import Compiles, ReducerTraits, Restores, Tries
from globscope.roles.sampler import BuildsOn, Counts, Explains, FillsLattice, SamplerTraits, Searches
from globscope.roles.task import Fits, Recognises, RecognisesFolders
from globscope.roles.topology import TopologyTraits


@define(frozen=True, kw_only=True)
class CheckFacts:
    """What is known of a study before anything long has started.

    Attributes:
        probe: The study's task on the CPU, its layout that of the mapped weights.
        variants: Names of the population's training runs.
        dimension: Number of axes of the map that a sampler is to sample; None for every other role.
        centred: Whether that map has a `centre`.
        gradients: Names of the fields that an evaluator is to differentiate for samplers.
        added: Names of the fields that the evaluator scores beside those that the task measures.
        offered: The option with which it would score another field, as a spec writes it, by the field's name.
    """

    probe: Probe = field(repr=False)
    variants: tuple[str, ...] = ()
    dimension: int | None = None
    centred: bool = False
    gradients: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    offered: Mapping[str, str] = field(factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of all fields that networks are scored by."""
        return (*(f"{split}_{measure}" for split in self.probe.splits for measure in self.probe.measures), *self.added)

    def why_unscored(self, name: str) -> str:
        """Return what a message says of a field that networks are not scored by: what adds it, or what is near."""
        similar = similar_name(name, {*self.fields, *self.offered})
        if similar is None or similar not in self.offered:
            return f"the task measures no {name!r}; {near(name, self.fields)}"
        added = "it" if similar == name else repr(similar)
        return f"the task measures no {name!r}; {self.offered[similar]} adds {added}"


class Checks(Protocol):
    """A component that does not work with every task, population or map."""

    def check(self, facts: CheckFacts) -> None:
        """Raise a GlobscopeError for what cannot work, before anything long; a sampler is asked once for each map."""
        ...


class GivesQuickExamples(Protocol):
    """A component class that says with which options the contract kit checks it quickly."""

    def quick_examples(self) -> Sequence[Any]:
        """Return components of this class, each of which works in a second and shows another side; a class method.

        Without it, `globscope plugin check` checks the component with its defaults.
        """
        ...


# By role: the class of its `traits`, where it has some, and the protocols of the methods that it may offer.
OPTIONAL: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {
        "probe": (ProbeTraits, Digests, TakesInputs, ReturnsOutputs, SplitsLoss, GivesFisher, Finishes, Encodes),
        "task": (Fits, Recognises, RecognisesFolders, GivesQuickExamples),
        "reducer": (ReducerTraits, Restores, Tries, Compiles, Checks, GivesQuickExamples),
        "sampler": (SamplerTraits, Searches, BuildsOn, Counts, Explains, FillsLattice, Checks, GivesQuickExamples),
        "evaluator": (
            EvaluatorTraits,
            TriesScoring,
            AddsFields,
            OffersFields,
            CountsExamples,
            GivesBuffers,
            Checks,
            GivesQuickExamples,
        ),
        "topology": (TopologyTraits, Checks, GivesQuickExamples),
        "aligner": (AlignerTraits, Scores, AlignsSets, StartsFrom, Learns, Checks, GivesQuickExamples),
        "pool": (PoolTraits, GivesQuickExamples),
        "analysis": (
            AnalysisTraits,
            Derives,
            Plans,
            Evaluates,
            Refits,
            FindsCurves,
            Merges,
            Checks,
            GivesQuickExamples,
        ),
    }
)
# How alike two names are, of 1, where one is taken for a misspelling of the other.
NEAR = 0.8
T = TypeVar("T")


def capability(component: Any, protocol: type[T]) -> T | None:
    """Return the component where it has every method of an optional protocol, otherwise None."""
    return component if all(callable(getattr(component, name, None)) for name in methods(protocol)) else None


def traits(component: Any, of: type[T]) -> T:
    """Return a component's `traits`, or those of its role's defaults where it has none.

    Raises:
        PluginError: They are of another class.
    """
    declared = getattr(component, "traits", None)
    if declared is None and inspect.getattr_static(component, "traits", None) is not None:
        declared = component.traits  # a property that fails is no missing one
    if declared is not None and not isinstance(declared, of):
        what = f"{type(component).__name__}: traits is {type(declared).__name__}"
        raise PluginError(f"{what}, where {of.__name__} is wanted")
    return of() if declared is None else declared


def methods(protocol: type) -> tuple[str, ...]:
    """Return the names of the methods that a protocol declares."""
    return tuple(name for name, member in vars(protocol).items() if inspect.isfunction(member) and name[0] != "_")


def misspelt_members(role: str, component: Any) -> Iterator[str]:
    """Yield a sentence for each public member that seems meant for an optional one and is none.

    Args:
        role: The component's role, or `probe`.
        component: The component or its class.

    Yields:
        What has no effect, and what is near. Options are no candidates: a spec names them, and reports what it does not
        know. Neither is a name near a member that is there too.

    Raises:
        PluginError: A component's traits are of another role.
    """
    for of in OPTIONAL[role]:
        if has(of) and not isinstance(component, type):
            traits(component, of)
    known = {"traits", *(name for of in OPTIONAL[role] for name in methods(of))}
    declared = {name: of.__name__ for of in OPTIONAL[role] if has(of) for name in (a.name for a in fields(of))}
    own = {name for name in dir(component) if not name.startswith("_")}
    cls = component if isinstance(component, type) else type(component)
    options = {a.name for a in fields(cls)} if has(cls) else set()
    for name in sorted(own - options - known):
        near = get_close_matches(name, known - own - options, 1, NEAR)
        if name in declared:
            yield f"{name!r} has no effect: it belongs into traits, as {declared[name]}({name}=…)"
        elif near:
            yield f"{name!r} has no effect; did you mean {near[0]!r}?"
