"""Tables with `use =`: looked up in the registry and structured by the component's own class."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from attrs import define, field
from attrs.validators import ge, optional
from cattrs import Converter

from globscope.errors import near
from globscope.registry import Registry
from globscope.spec.model import Entry, ReducerEntry
from globscope.spec.structure import InvalidError


@define(frozen=True, kw_only=True)
class Common:
    """Keys of every component's table.

    Attributes:
        use: The component's name; `globscope plugins` lists them.
        name: Unique among its role in the spec; `use` where unset.
    """

    use: str
    name: str | None = None


@define(frozen=True, kw_only=True)
class ReducerCommon(Common):
    """Keys of every reducer's table.

    Attributes:
        seed: Of the fit; the study's where unset.
        sampler: Name of the sampler whose points it decodes, or a list of names; the first where unset.
        space: `span` hands it (N, r) coordinates, `full` the (N, D) centred weights.
    """

    seed: int | None = field(default=None, validator=optional(ge(0)))
    sampler: str | tuple[str, ...] = ()
    space: Literal["span", "full"] = "span"


def common(role: str) -> type[Common]:
    """Return the class of the keys that every component of a role shares."""
    return ReducerCommon if role == "reducer" else Common


@define
class Entries:
    """Structures components and gathers problems: (place, sentence) each."""

    registry: Registry
    strict: Converter
    problems: list[tuple[str, str]]

    def attempt(self, place: str, structure: Callable[[], Any]) -> Any:
        """Return what `structure` returns; None where it is invalid, with its problems noted."""
        try:
            return structure()
        except InvalidError as invalid:
            self.problems += invalid.under(place)
            return None

    def single(self, role: str, table: Any) -> Any:
        """Return the entry of a role that a spec names once."""
        if role == "fidelity":  # an analysis that every study runs, so `use` is known
            return self.entry("analysis", {"use": "fidelity", **table} if isinstance(table, dict) else table, role)
        return self.entry(role, table, role)

    def several(self, role: str, tables: Any) -> tuple[Any, ...]:
        """Return the entries of a role that a spec lists, unique by name."""
        if not isinstance(tables, list):
            got = "one table" if isinstance(tables, dict) else repr(tables)
            self.problems.append((role, f"expected a list of tables, [[{role}]], got {got}"))
            return ()
        entries = [self.entry(role, table, f"{role}.{at}") for at, table in enumerate(tables)]
        names = [entry.name if entry else None for entry in entries]
        for at, name in enumerate(names):
            if name and names.index(name) < at:
                first = f"{role}.{names.index(name)}"
                self.problems.append((f"{role}.{at}", f"is named {name!r} like {first}; give it its own 'name'"))
        return tuple(entries)

    def entry(self, role: str, table: Any, place: str) -> Entry | None:
        """Return one entry, or None with its problems noted."""
        if not isinstance(table, dict):
            self.problems.append((place, f"expected a table, got {table!r} ({type(table).__name__})"))
            return None
        known = self.registry.role(role)
        if "use" not in table:
            self.problems.append((f"{place}.use", f"is required: the name of a {role}; {near('', known)}"))
            return None
        if table["use"] not in known:
            self.problems.append((f"{place}.use", self._unknown(role, table["use"], list(known))))
            return None
        cls = known[table["use"]].cls
        entry: Entry | None = self.attempt(place, lambda: self._entry(role, table, cls))
        return entry

    def _unknown(self, role: str, use: Any, known: list[str]) -> str:
        if not isinstance(use, str):
            return f"expected the name of a {role}, got {use!r} ({type(use).__name__})"
        hints = [near(use, known), *(text for text in self.registry.problems if repr(use) in text)]
        if self.registry.problems and len(hints) == 1:
            hints.append("some plugins could not be loaded: see `globscope plugins`")
        return f"there is no {role} {use!r}; {'; '.join(hints)}"

    def _entry(self, role: str, table: Mapping[str, Any], cls: type) -> Entry:
        shared = common(role)
        own, rest = _divide(table, shared)
        problems: list[tuple[str, str]] = []
        found: list[Any] = []
        for part, kind in ((own, shared), (rest, cls)):
            try:
                found.append(self.strict.structure(part, kind))
            except InvalidError as invalid:
                problems += invalid.problems
        if problems:
            raise InvalidError(*problems)
        keys, component = found
        name = keys.name or keys.use
        if role != "reducer":
            return Entry(use=keys.use, name=name, component=component)
        chosen = (keys.sampler,) if isinstance(keys.sampler, str) else keys.sampler
        return ReducerEntry(
            use=keys.use, name=name, component=component, seed=keys.seed, sampler=chosen, space=keys.space
        )


def _divide(table: Mapping[str, Any], shared: type) -> tuple[dict[str, Any], dict[str, Any]]:
    names = {a.name for a in shared.__attrs_attrs__}  # type: ignore[attr-defined]
    own = {key: value for key, value in table.items() if key in names}
    return own, {key: value for key, value in table.items() if key not in names}
