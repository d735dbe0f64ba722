"""The components of a spec, with the keys that all components of a role may set."""

from typing import Any, Literal

from attrs import Factory, define, field
from attrs.validators import ge, optional

from globscope.spec.each import EntryPlace
from globscope.spec.validators import name_like
from globscope.spec.words import NO_KEY


@define(frozen=True, kw_only=True)
class Entry:
    """A component of a spec, with the keys that every component may set.

    Attributes:
        use: The component's name; `globscope plugins` lists them.
        name: Name of the component, unique within its role; `use` if unset.
        component: The component, with its options as attributes.
    """

    use: str
    name: str = field(default=Factory(lambda entry: entry.use, takes_self=True), validator=name_like)
    component: Any = field(metadata=NO_KEY)


def _names(names: str | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


@define(frozen=True, kw_only=True)
class ReducerEntry(Entry):
    """A reducer, with the keys that every reducer may set.

    Attributes:
        seed: Seed of the fit; the study's if unset.
        sampler: Name of the sampler whose points are decoded, or a list of names; the first sampler if unset. They
            sample in this order, and some build on what those before them measured, as `critical-points` does.
        space: `span` fits the map to (N, r) coordinates, `full` to the (N, D) centred weights.
        align: With `population.align`: `true` fits the map to the aligned networks, `false` to the networks as they
            are.
        each: Keys of this table, each with a list of values. The table then stands for one map per combination, named
            like the cells of a sweep: `pca latent_dim=2,seed=0`.
        place: Where the file has its keys.
    """

    seed: int | None = field(default=None, validator=optional(ge(0)))
    sampler: str | tuple[str, ...] = field(default=(), converter=_names)
    space: Literal["span", "full"] = "span"
    align: bool = True
    each: dict[str, Any] | None = None  # a map of a spec is one combination, and has none
    place: EntryPlace = field(default=EntryPlace(entry="reducer"), eq=False, repr=False, metadata=NO_KEY)


@define(frozen=True, kw_only=True)
class AlignerEntry(Entry):
    """An aligner, with the keys that every aligner may set.

    Attributes:
        seed: Seed of what the aligner draws and learns; the study's if unset.
    """

    seed: int | None = field(default=None, validator=optional(ge(0)))


@define(frozen=True, kw_only=True)
class PoolEntry(Entry):
    """A pool, which the table [run] names by a key of its own.

    Attributes:
        pool: The pool's name; `globscope plugins` lists them.
    """

    pool: str = "here"
