"""What a component may refuse before anything long has started."""

from typing import Protocol

from attrs import define, field

from globscope.roles.probe import Probe


@define(frozen=True, kw_only=True)
class CheckFacts:
    """What is known of a study before anything long has started.

    Attributes:
        probe: The study's task on the CPU, its layout that of the mapped weights.
        variants: Names of the population's training runs.
        dimension: Number of axes of the map that a sampler is to sample; None for every other role.
        centred: Whether that map has a `centre`.
    """

    probe: Probe = field(repr=False)
    variants: tuple[str, ...] = ()
    dimension: int | None = None
    centred: bool = False


class Checks(Protocol):
    """A component that does not work with every task, population or map."""

    def check(self, facts: CheckFacts) -> None:
        """Raise a GlobscopeError for what cannot work, before anything long; a sampler is asked once for each map."""
        ...
