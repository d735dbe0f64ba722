"""Discovery: entry points of the group `globscope` → components by role and name.

Built-ins are discovered like any other package. A broken package is reported and does not stop the
others.
"""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pluggy
from attrs import NOTHING, Factory, define, field, fields, has, resolve_types

from globscope import hookspecs
from globscope.distributions import (
    OWN,
    SWITCHES,
    in_order,
    installed_entries,
    normalise,
    origin,
    remedy,
    why_not_installed,
    without,
)
from globscope.errors import PluginError, near
from globscope.references import describe
from globscope.roles import misspelt_members

HOOKS = MappingProxyType(
    {
        "task": "globscope_tasks",
        "reducer": "globscope_reducers",
        "sampler": "globscope_samplers",
        "evaluator": "globscope_evaluators",
        "topology": "globscope_topologies",
        "aligner": "globscope_aligners",
        "analysis": "globscope_analyses",
        "pool": "globscope_pools",
    }
)
# The method by which a component does what its role is for.
METHODS = MappingProxyType(
    {
        "task": "build",
        "reducer": "reduce",
        "sampler": "ask",
        "evaluator": "scorer",
        "topology": "compute",
        "aligner": "align",
        "analysis": "analyse",
        "pool": "open",
    }
)
# The name under which a plugin's module states the version of the API that it is written for.
STATEMENT = "GLOBSCOPE_API"
# Where the versions are described.
VERSIONS = "docs/reference/api-versions.md"
# Keys of a component's table that GlobScope reads itself; options cannot have these names.
KEYS = ("use", "name")
MORE_KEYS = MappingProxyType(
    {"reducer": ("seed", "sampler", "space", "align", "each"), "aligner": ("seed",), "pool": ("pool",)}
)
# Separate packages with components, by the components' names.
PACKAGES = MappingProxyType({"flow": "globscope-flow", "ray": "globscope-ray", "ttk": "globscope-ttk"})
# Valid names of components, which are part of folders' names and of TOML.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@define(frozen=True, kw_only=True)
class Component:
    """A class that a spec can name.

    Attributes:
        role: The component's role, such as `reducer`.
        name: Its name in specs, after `use =`.
        cls: The attrs class of its options.
        distribution: The package that provides it.
        version: Version of that package.
    """

    role: str
    name: str
    cls: type
    distribution: str
    version: str

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.cls) or "").partition("\n")[0]

    @property
    def label(self) -> str:
        """Its name with its distribution, for messages."""
        return f"{self.role} {self.name!r} ({self.distribution} {self.version})"


@define(frozen=True, kw_only=True)
class Registry:
    """All discovered components.

    Attributes:
        components: The components in the order of discovery.
        problems: Sentences about what could not be used, with the distribution.
        disabled: Distributions that are switched off, with their versions; nothing of them was imported.
        missing: Sentences about names that were to be switched off, and that no installed distribution has.
    """

    components: tuple[Component, ...]
    problems: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def role(self, role: str) -> dict[str, Component]:
        """Return the components of a role by name."""
        return {c.name: c for c in self.components if c.role == role}

    def by_name(self, name: str) -> list[Component]:
        """Return the components of any role with this name.

        Raises:
            PluginError: There is no component with this name.
        """
        components = [c for c in self.components if c.name == name]
        if not components:
            raise PluginError(f"no component named {name!r}; {self.hint(name, {c.name for c in self.components})}")
        return components

    def hint(self, name: str, known: Iterable[str]) -> str:
        """Return the end of a message about an unknown name: why it is missing, or a similar name."""
        reasons = [text for text in self.problems if repr(name) in text]
        if reasons:
            return "; ".join(reasons)
        package = PACKAGES.get(name.lower())
        if package is None or any(one.name == name.lower() for one in self.components):
            return near(name.lower(), known) + self._unsearched
        return f"it comes with the package {package}, which {self._why_missing(package)}"

    @property
    def _unsearched(self) -> str:
        """Why a component may be missing that is not known."""
        broken = "; some plugins could not be loaded: see `globscope plugins`" if self.problems else ""
        off = f"; switched off by {SWITCHES}: {', '.join(self.disabled)}" if self.disabled else ""
        return broken + off

    def _why_missing(self, package: str) -> str:
        if any(normalise(one.partition(" ")[0]) == package for one in self.disabled):
            return f"is switched off by {SWITCHES}"
        broken = [text for text in self.problems if normalise(text.partition(" ")[0]) == package]
        return f"could not be loaded: {'; '.join(broken)}" if broken else f"is not installed: pip install {package}"

    def of(self, component: Any) -> Component:
        """Return the entry of a component object's class."""
        return next(c for c in self.components if c.cls is type(component))


@define
class _Discovery:
    """Collects components and problems while entry points are walked."""

    plugins: pluggy.PluginManager
    sources: dict[str, EntryPoint] = field(factory=dict)
    modules: dict[int, str] = field(factory=dict)
    problems: list[str] = field(factory=list)

    def load(self, entry: EntryPoint) -> None:
        where = f"{origin(entry)[0]} (entry point {entry.name} = {entry.value})"
        try:
            module = entry.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin's import may raise anything
            reason = f"{describe(error)}{_version_hint(error)}"
            self.problems.append(f"{where} cannot be imported: {reason}{_fix(entry)}")
            return
        if id(module) in self.modules:
            self.problems.append(f"{where} is the module of entry point {self.modules[id(module)]}, and read once")
            return
        self.modules[id(module)] = entry.name
        other = _version_problem(module)
        if other:
            self.problems.append(f"{where} {other}")
            return
        marked, unmarked = dict(_marked_hooks(module)), list(_unmarked_hooks(module))
        self.problems += [f"{where}: {text}" for text in unmarked]
        if not marked and not unmarked:
            self.problems.append(f"{where} offers nothing: no function in it is marked with @hookimpl")
        for name, function in marked.items():
            self._register(entry, where, name, function)

    def _register(self, entry: EntryPoint, where: str, name: str, function: Any) -> None:
        """Register one hook by itself, so that a wrong one does not affect the module's other hooks."""
        if name not in HOOKS.values():
            # pluggy would ignore it silently.
            self.problems.append(f"{where}: there is no hook {name!r}; {near(name, HOOKS.values())}")
            return
        source = f"{origin(entry)[0]}/{entry.name}/{name}"
        try:
            self.plugins.register(SimpleNamespace(**{name: function}), source)
        except (ValueError, pluggy.PluginValidationError):
            signature = f"{name}{inspect.signature(function)}"
            self.problems.append(f"{where}: {signature} is not a hook: it must be a plain function without arguments")
            return
        self.sources[source] = entry

    def components(self) -> Iterator[Component]:
        for role, hook in HOOKS.items():
            for implementation in getattr(self.plugins.hook, hook).get_hookimpls():
                entry = self.sources[implementation.plugin_name]
                distribution, version = origin(entry)
                where = f"{distribution} (entry point {entry.name} = {entry.value}): {hook}()"
                for name, cls in self._offers(role, where, implementation.function, _fix(entry)):
                    yield Component(role=role, name=name, cls=cls, distribution=distribution, version=version)

    def _offers(self, role: str, where: str, function: Any, fix: str) -> Iterator[tuple[str, type]]:
        try:
            offered = function()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin's hook may raise anything
            self.problems.append(f"{where} failed: {describe(error)}{fix}")
            return
        if not isinstance(offered, Mapping):
            self.problems.append(f"{where} must return classes by name, got {type(offered).__name__}")
            return
        for name, cls in offered.items():
            wrong = _class_problem(role, name, cls)
            if wrong:
                self.problems.append(f"{where}: {name!r} {wrong}")
            else:
                self.problems += [f"{where}: {name!r}: {text}" for text in misspelt_members(role, cls)]
                yield name, cls


def discover(entries: Iterable[EntryPoint], disable: Iterable[str] = ()) -> Registry:
    """Return the registry of these entry points.

    Args:
        entries: Entry points of plugins.
        disable: Names of distributions of which nothing is imported.
    """
    plugins = pluggy.PluginManager(hookspecs.NAMESPACE)
    plugins.add_hookspecs(hookspecs)
    walk, all_entries, names = _Discovery(plugins), in_order(entries), sorted({*map(normalise, disable)} - {OWN})
    kept, disabled = without(all_entries, names)
    for entry in kept:
        walk.load(entry)
    unique, clashes = _without_clashes(list(walk.components()))
    return Registry(
        components=tuple(unique),
        problems=(*walk.problems, *clashes),
        disabled=disabled,
        missing=tuple(filter(None, (why_not_installed(name, all_entries) for name in names))),
    )


def installed_registry(disable: Iterable[str] = ()) -> Registry:
    """Return the registry of this environment without some distributions, of which nothing is imported."""
    return _registry_without(frozenset(map(normalise, disable)))


@cache
def _registry_without(disable: frozenset[str]) -> Registry:
    return discover(installed_entries(), disable)


def _fix(entry: EntryPoint) -> str:
    """Return the end of a message about a distribution that is broken: what a user can do."""
    switch = remedy([origin(entry)[0]])
    return f"; fix it, or switch it off: {switch}" if switch else ""


def _version_problem(module: Any) -> str:
    """Return why a module is not used: it is written for another version of the API; empty where it is not."""
    version, stated = hookspecs.API_VERSION, _names_in(module).get(STATEMENT)
    if stated == version or not any(_marked_hooks(module)):
        return ""
    states = "does not say for which version" if stated is None else f"is written for version {stated!r}"
    return f"{states} of the API; this is {version}: {VERSIONS} lists what to change, then set {STATEMENT} = {version}"


def _version_hint(error: BaseException) -> str:
    """Return the end of a message about an import of a name that the API does not have."""
    wrong = isinstance(error, ImportError) and error.name == "globscope.api"
    return f"; this is version {hookspecs.API_VERSION} of the API, see {VERSIONS}" if wrong else ""


def _names_in(module: Any) -> Mapping[str, Any]:
    """Return a module's contents by name; an entry point may lead to any object."""
    return vars(module) if hasattr(module, "__dict__") else {}


def _marked_hooks(module: Any) -> Iterator[tuple[str, Any]]:
    """Yield a module's functions that are marked as hooks, with the hook's name."""
    for name, value in _names_in(module).items():
        options = getattr(value, f"{hookspecs.NAMESPACE}_impl", None) if inspect.isroutine(value) else None
        if isinstance(options, dict):
            yield options.get("specname") or name, value


def _unmarked_hooks(module: Any) -> Iterator[str]:
    """Yield a sentence for each function that is named like a hook but not marked as one."""
    marked = dict(_marked_hooks(module))
    for name in HOOKS.values():
        if inspect.isroutine(_names_in(module).get(name)) and name not in marked:
            yield f"{name}() is not marked with @hookimpl"


def _class_problem(role: str, name: Any, cls: Any) -> str:
    """Return why a spec could not use a class by this name, or set its options; empty where it could."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return "is not a name: letters, digits, '-', '_' and '.' make one"
    if not isinstance(cls, type) or not has(cls):
        return "is not an attrs class, so it has no options"
    if not _works_as(role, cls):
        return f"is no {role}: its class {cls.__name__} has no method {METHODS[role]!r}{_fitting_hook(cls)}"
    try:
        resolve_types(cls)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - annotations may name anything
        return f"has options whose types cannot be read: {describe(error)}"
    taken = [a.name for a in fields(cls) if a.name in (*KEYS, *MORE_KEYS.get(role, ()))]
    if taken:
        return f"has options named {', '.join(map(repr, taken))}, which are keys of every {role}"
    unfit = ((a.name, text) for a in fields(cls) if a.init and (text := _default_problem(a.default)))
    return next((f"has an option {option!r} whose default {text}" for option, text in unfit), "")


def _works_as(role: str, cls: type) -> bool:
    return callable(getattr(cls, METHODS[role], None))


def _fitting_hook(cls: type) -> str:
    """Return the end of a message about a class that another hook should return; empty where none should."""
    fitting = (role for role in HOOKS if _works_as(role, cls))
    return next((f"; {HOOKS[role]}() returns classes with {METHODS[role]!r}" for role in fitting), "")


def _default_problem(default: Any) -> str:
    """Return why a resolved spec could not contain an option's default; empty where it could."""
    if isinstance(default, Factory):  # type: ignore[arg-type]
        if default.takes_self:
            return "depends on other options"
        try:
            default = default.factory()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a plugin's factory may raise anything
            return f"cannot be made: {describe(error)}"
    plain = default is NOTHING or _is_toml(default)
    return "" if plain else f"is of type {type(default).__name__}, which TOML cannot hold"


def _is_toml(value: Any) -> bool:
    """Return whether TOML can hold a value; options that are None are omitted."""
    if isinstance(value, Mapping):
        return all(_is_toml(item) for item in value.values())
    if isinstance(value, list | tuple):
        return all(item is not None and _is_toml(item) for item in value)
    if has(type(value)):
        return all(_is_toml(getattr(value, a.name)) for a in fields(type(value)) if a.init)
    return value is None or isinstance(value, str | int | float | Path | date | time)


def _without_clashes(components: list[Component]) -> tuple[list[Component], list[str]]:
    """Drop every name that two distributions claim, since a spec could mean either."""
    claims: dict[tuple[str, str], list[Component]] = {}
    for component in components:
        claims.setdefault((component.role, component.name), []).append(component)
    clashes = [
        f"{role} {name!r} is offered by {' and by '.join(c.distribution for c in claimants)}; "
        f"none of them is used: switch one off: {remedy(c.distribution for c in claimants)}"
        for (role, name), claimants in claims.items()
        if len(claimants) > 1
    ]
    return [c for c in components if len(claims[c.role, c.name]) == 1], clashes
