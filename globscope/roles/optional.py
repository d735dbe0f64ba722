"""What components of each role may offer beside what they must, and the one way in which it is read."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from inspect import get_annotations
from types import MappingProxyType
from typing import Any, TypeVar

from attrs import NOTHING, Factory, fields, has

from globscope.roles.aligner import AlignerTraits, Learns, Scores, StartsFrom
from globscope.roles.analysis import AnalysisTraits, ChecksPopulation, Derives, Evaluates, Plans, Refits
from globscope.roles.evaluator import ChecksTask, EvaluatorTraits
from globscope.roles.probe import Digests, Encodes, Finishes, ProbeTraits, ReturnsOutputs, TakesInputs
from globscope.roles.reducer import ReducerTraits, Restores, Tries
from globscope.roles.sampler import ChecksChart, Counts, FillsLattice, SamplerTraits
from globscope.roles.task import Fits, Recognises
from globscope.roles.topology import TopologyTraits

# By role: its traits (names with defaults), and the protocols of the methods that it may offer.
OPTIONAL: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {
        "probe": (ProbeTraits, Digests, TakesInputs, ReturnsOutputs, Finishes, Encodes),
        "task": (Fits, Recognises),
        "reducer": (ReducerTraits, Restores, Tries),
        "sampler": (SamplerTraits, Counts, FillsLattice, ChecksChart),
        "evaluator": (EvaluatorTraits, ChecksTask),
        "topology": (TopologyTraits,),
        "aligner": (AlignerTraits, Scores, StartsFrom, Learns, ChecksTask),
        "analysis": (AnalysisTraits, Derives, Plans, Evaluates, Refits, ChecksPopulation),
    }
)
# How alike two names are, of 1, where one is taken for a misspelling of the other.
NEAR = 0.8
T = TypeVar("T")


def offered(component: Any, protocol: type[T]) -> T | None:
    """Return the component where it offers all that an optional protocol asks for, otherwise None."""
    return component if all(getattr(component, name, None) is not None for name in members(protocol)) else None


def traits(component: Any, of: type[T]) -> T:
    """Return a component's traits: its own where it has them, the defaults of the role where not."""
    return of(**{a.name: getattr(component, a.name, _default(a)) for a in fields(of)})  # type: ignore[arg-type]


def members(of: type) -> tuple[str, ...]:
    """Return the names that traits or a protocol declare."""
    if has(of):
        return tuple(a.name for a in fields(of))
    return tuple(name for name in {**get_annotations(of), **vars(of)} if not name.startswith("_"))


def misspelt(role: str, cls: type) -> Iterator[tuple[str, str]]:
    """Yield the public methods and class variables that are near an optional member of the role, with its name.

    Options are no candidates: a spec names them, and reports what it does not know. A near name beside the member
    itself is taken for what it says.
    """
    known = {name for of in OPTIONAL[role] for name in members(of)}
    options = {a.name for a in fields(cls)} if has(cls) else set()
    own = {name for name in dir(cls) if not name.startswith("_")}
    for name in sorted(own - options - known):
        found = get_close_matches(name, known - own - options, 1, NEAR)
        if found:
            yield name, found[0]


def _default(attribute: Any) -> Any:
    default = attribute.default
    assert default is not NOTHING
    return default.factory() if isinstance(default, Factory) else default  # type: ignore[arg-type]
