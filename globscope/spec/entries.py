"""Tables with `use =`, structured by the classes of components in the registry."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from attrs import define, evolve, fields
from cattrs import Converter

from globscope.bounds import COMPONENTS
from globscope.errors import near
from globscope.registry import Registry
from globscope.spec.component_entry import AlignerEntry, Entry, PoolEntry, ReducerEntry
from globscope.spec.each import ComponentTable, number_tables, take_apart
from globscope.spec.paths import InvalidError
from globscope.spec.structure import below_place, option
from globscope.spec.words import bare, keys_of, name_of, short, toml, value_in_words

# The analysis that every study runs; its options have a table of their own.
FIDELITY = "fidelity"
# What every study finds besides: the lowest known path between every two runs.
KNOWN_PATHS = "known-paths"
# Keys that a role's table may omit: there is one evaluator unless a plugin adds another.
USUAL: Mapping[str, Mapping[str, str]] = MappingProxyType({"evaluator": {"use": "torch"}, "pool": {"pool": "here"}})
# Names that no analysis of a spec may have, and why.
RESERVED: Mapping[str | None, str] = MappingProxyType(
    {
        FIDELITY: f"{toml(FIDELITY)} is the analysis that every study runs, with its options in [{FIDELITY}]",
        KNOWN_PATHS: f"{toml(KNOWN_PATHS)} is what every study says of the lowest known paths between runs",
    }
)
# Roles without which there is no landscape.
NEEDED = ("reducer", "sampler")
# Roles whose entries may stand for several components, by a table `each`.
APART = ("reducer",)
# The option of a pool that `pool = "NAME://REST"` sets.
ADDRESS, SCHEME = "address", "://"
# The classes of entries with keys of their own.
OF_ROLE: Mapping[str, type[Entry]] = MappingProxyType(
    {"reducer": ReducerEntry, "aligner": AlignerEntry, "pool": PoolEntry}
)


def entry_class(role: str) -> type[Entry]:
    """Return the class of a role's entries, which declares the keys that all of its components share."""
    return OF_ROLE.get(role, Entry)


@define
class Entries:
    """Structures components and collects problems, each a (place, sentence)."""

    registry: Registry
    strict: Converter
    problems: list[tuple[str, str]]

    def attempt(self, place: str, structure: Callable[[], Any]) -> Any:
        """Return the result of `structure`; None if it is invalid, with its problems appended."""
        try:
            return structure()
        except InvalidError as invalid:
            self.problems += below_place(place, invalid.problems)
            return None

    def fidelity(self, table: Any) -> Entry | None:
        """Return the entry of the analysis that every study runs, from the table of its options."""
        known = self.registry.role("analysis")
        if FIDELITY not in known:
            self.problems.append((FIDELITY, self._unknown("analysis", FIDELITY, list(known))))
            return None
        component = self.attempt(FIDELITY, lambda: self.strict.structure(table, known[FIDELITY].cls))
        return component and Entry(use=FIDELITY, component=component)

    def pool(self, table: Any) -> Entry | None:
        """Return the entry of the pool from the table [run], where `pool` names it and all else is its own."""
        if not isinstance(table, dict):
            self.problems.append(("run", f"expected a table, got {value_in_words(table)}"))
            return None
        table = {**USUAL["pool"], **table}
        text, known = table.pop("pool"), self.registry.role("pool")
        name, address = _name_and_address(text)
        if not isinstance(name, str) or name not in known:
            self.problems.append(("run.pool", self._unknown("pool", name, list(known))))
            return None
        if address and (problem := _address_problem(name, text, known[name].cls, table)):
            self.problems.append(("run.pool", problem))
            return None
        table |= {ADDRESS: address} if address else {}
        options = {key.name for key in keys_of(known[name].cls)}
        strange = [key for key in table if key not in options]
        self.problems += [
            (f"run.{bare(key)}", f"there is no such key; {near(key, {'pool', *options})}") for key in strange
        ]
        table = {key: value for key, value in table.items() if key in options}
        component = self.attempt("run", lambda: self.strict.structure(table, known[name].cls))
        return component and Entry(use=name, component=component)

    def several(self, role: str, tables: Any) -> tuple[Any, ...]:
        """Return the entries of a role that a spec lists, with unique names; None for those with problems."""
        if not isinstance(tables, list):
            what = "one table" if isinstance(tables, dict) else value_in_words(tables)
            self.problems.append((role, f"expected a list of tables, [[{role}]], got {what}"))
            return ()
        parts = number_tables(role, tables)
        if role in APART:
            parts = take_apart(parts, self.problems)
        if len(parts) > COMPONENTS.bound:
            self.problems.append((role, f"lists {len(parts):,}, which {COMPONENTS.words}"))
            return ()
        if not tables and role in NEEDED:
            self.problems.append((role, f"needs at least one [[{role}]]"))
        entries = self._entries_of(role, parts)
        self._check_names(role, parts)
        return entries

    def _entries_of(self, role: str, parts: Sequence[ComponentTable]) -> tuple[Entry | None, ...]:
        """Return the entries of a role; a problem of several maps of one entry is appended once, with their names."""
        entries, names = list[Entry | None](), dict[tuple[str, str], list[str]]()
        for part in parts:
            own = Entries(self.registry, self.strict, [])
            entry = own.entry(role, part.table, part.place.entry)
            entries.append(evolve(entry, place=part.place) if isinstance(entry, ReducerEntry) else entry)
            for place, text in own.problems:
                key = place.removeprefix(part.place.entry).lstrip(".")
                names.setdefault((part.place.of(key), text), []).extend(_names(part))
        counts = Counter(part.place.entry for part in parts)
        for (place, text), maps in names.items():
            all_of_them = len(maps) == counts[".".join(place.split(".")[:2])]
            self.problems.append((place, text if all_of_them else text + _among(maps)))
        return tuple(entries)

    def _check_names(self, role: str, parts: Sequence[ComponentTable]) -> None:
        """Append the names that two components of a role have, and those that are taken."""
        names, places = [name_of(part.table) for part in parts], [part.place.entry for part in parts]
        reserved = RESERVED if role == "analysis" else {}
        taken = [(f"{places[i]}.name", reserved[name]) for i, name in enumerate(names) if name and name in reserved]
        taken += clashes(places, [None if name in reserved else name for name in names])
        self.problems += [(place, f"{text}; give this one its own 'name'") for place, text in taken]

    def entry(self, role: str, table: Any, place: str) -> Entry | None:
        """Return one entry; None if it has problems, which are appended."""
        if not isinstance(table, dict):
            return self.attempt(place, lambda: self.strict.structure(table, Entry))  # type: ignore[no-any-return]
        known = self.registry.role(role)
        table = {**USUAL.get(role, {}), **table}
        use = table.get("use", "")
        if not isinstance(use, str) or use not in known:
            missing = f"is required: the name of {_a(role)}; {near('', known)}"
            self.problems.append((f"{place}.use", self._unknown(role, use, list(known)) if "use" in table else missing))
            return None
        entry: Entry | None = self.attempt(place, lambda: self._entry(role, table, known[use].cls))
        return entry

    def _unknown(self, role: str, use: Any, known: list[str]) -> str:
        if not isinstance(use, str):
            return f"expected the name of {_a(role)}, got {value_in_words(use)}"
        elsewhere = next((f", which is {_a(one.role)}" for one in self.registry.components if one.name == use), "")
        return f"there is no {role} {short(toml(use))}{elsewhere}; {self.registry.hint(use, known)}"

    def _entry(self, role: str, table: Mapping[str, Any], cls: type) -> Entry:
        keys, options = keys_of(entry_class(role)), {a.name for a in fields(cls)}
        known = {*(key.name for key in keys), *options}
        problems = [(bare(key), f"there is no such key; {near(key, known)}") for key in table if key not in known]
        own = {key: table[key] for key in table if key in options}
        parts: list[Callable[[], dict[str, Any]]] = [partial(option, self.strict, table, key) for key in keys]
        parts.append(lambda: {"component": self.strict.structure(own, cls)})
        values: dict[str, Any] = {}
        for part in parts:
            try:
                values |= part()
            except InvalidError as invalid:
                problems += invalid.problems
        if problems:
            raise InvalidError(*problems)
        return entry_class(role)(**values)


def _name_and_address(pool: Any) -> tuple[Any, str]:
    """Return the name of a pool, and the whole text where this is an address, `NAME://REST`."""
    if not isinstance(pool, str) or SCHEME not in pool:
        return pool, ""
    return pool.partition(SCHEME)[0], pool


def _address_problem(name: str, text: str, cls: type, table: Mapping[str, Any]) -> str:
    """Return why a pool cannot have this address; empty where it can."""
    if not takes_address(cls):
        return f"{short(toml(text))} is an address, and the pool {toml(name)} has none; write {toml(name)}"
    if text == f"{name}{SCHEME}":
        return f"{toml(text)} lacks the address after {SCHEME}; to do without one, write {toml(name)}"
    return (
        f"{short(toml(text))} is an address, which run.{ADDRESS} gives too; remove one of them"
        if ADDRESS in table
        else ""
    )


def _names(part: ComponentTable) -> list[str]:
    """Return the name of a map that is one of several of its entry."""
    return [name] if part.place.chosen and (name := name_of(part.table)) else []


def _among(maps: Sequence[str]) -> str:
    """Return which maps of an entry have a problem."""
    return f" (map {short(toml(maps[0]))}{f' and {len(maps) - 1} more' if len(maps) > 1 else ''})" if maps else ""


def takes_address(cls: type) -> bool:
    """Return whether a pool has an address, so that a spec may write it instead of the name."""
    return any(option.name == ADDRESS for option in fields(cls))


def clashes(places: Sequence[str], names: Sequence[str | None]) -> Iterator[tuple[str, str]]:
    """Yield a problem for every name that an earlier item of a list has; `places` are those of the items."""
    first: dict[str, int] = {}
    for number, (place, name) in enumerate(zip(places, names, strict=True)):
        if name is not None and first.setdefault(name, number) < number:
            yield f"{place}.name", f"{short(toml(name))} is the name of {places[first[name]]} too"


def _a(role: str) -> str:
    return f"{'an' if role[0] in 'aeiou' else 'a'} {role}"
