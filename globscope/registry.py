"""Discovery: entry points of the group `globscope` → components by role and name.

Built-ins are discovered like any stranger's package. One broken package is reported and stops no
other.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

import pluggy
from attrs import define, field, has

from globscope import hookspecs
from globscope.errors import PluginError, near
from globscope.references import describe

HOOKS = MappingProxyType(
    {
        "task": "globscope_tasks",
        "reducer": "globscope_reducers",
        "sampler": "globscope_samplers",
        "evaluator": "globscope_evaluators",
        "topology": "globscope_topologies",
        "analysis": "globscope_analyses",
    }
)


@define(frozen=True, kw_only=True)
class Component:
    """A class that a spec can name.

    Attributes:
        role: Such as `reducer`.
        name: What a spec writes after `use =`.
        cls: The attrs class of its options.
        distribution: The package that brought it.
        version: Of that package.
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


@define(frozen=True, kw_only=True)
class Registry:
    """All components found.

    Attributes:
        components: In the order of discovery.
        problems: What could not be used, one sentence each, naming the distribution.
    """

    components: tuple[Component, ...]
    problems: tuple[str, ...] = ()

    def role(self, role: str) -> dict[str, Component]:
        """Return the components of a role by name."""
        return {c.name: c for c in self.components if c.role == role}

    def named(self, name: str) -> list[Component]:
        """Return the components of any role with this name.

        Raises:
            PluginError: There is none.
        """
        found = [c for c in self.components if c.name == name]
        if not found:
            raise PluginError(f"no component named {name!r}; {near(name, {c.name for c in self.components})}")
        return found

    def of(self, component: Any) -> Component:
        """Return the entry that a component object was made from."""
        return next(c for c in self.components if c.cls is type(component))


@define
class _Discovery:
    """Collects components and problems while entry points are walked."""

    plugins: pluggy.PluginManager
    sources: dict[str, EntryPoint] = field(factory=dict)
    problems: list[str] = field(factory=list)

    def load(self, entry: EntryPoint) -> None:
        where = f"{_distribution(entry)[0]} (entry point {entry.name} = {entry.value})"
        try:
            module = entry.load()
        except Exception as error:  # noqa: BLE001 - a stranger's import may raise anything
            self.problems.append(f"{where} cannot be imported: {describe(error)}")
            return
        name = f"{_distribution(entry)[0]}/{entry.name}"
        self.problems += [f"{where}: {text}" for text in _misspelt(module)]
        try:
            self.plugins.register(module, name)
        except (ValueError, pluggy.PluginValidationError) as error:
            self.problems.append(f"{where}: {' '.join(str(error).split())}")
            return
        self.sources[name] = entry

    def components(self) -> Iterator[Component]:
        for role, hook in HOOKS.items():
            for implementation in getattr(self.plugins.hook, hook).get_hookimpls():
                entry = self.sources[implementation.plugin_name]
                for name, cls in self._offers(hook, implementation.function, entry).items():
                    distribution, version = _distribution(entry)
                    yield Component(role=role, name=name, cls=cls, distribution=distribution, version=version)

    def _offers(self, hook: str, function: Any, entry: EntryPoint) -> Mapping[str, type]:
        where = f"{_distribution(entry)[0]}: {hook}()"
        try:
            offered = dict(function())
        except Exception as error:  # noqa: BLE001 - a stranger's hook may raise anything
            self.problems.append(f"{where} failed: {describe(error)}")
            return {}
        wrong = [name for name, cls in offered.items() if not (isinstance(cls, type) and has(cls))]
        self.problems += [f"{where}: {name!r} is not an attrs class, so it has no options" for name in wrong]
        return {name: cls for name, cls in offered.items() if name not in wrong}


def discover(entries: Iterable[EntryPoint]) -> Registry:
    """Return the registry of these entry points."""
    plugins = pluggy.PluginManager(hookspecs.NAMESPACE)
    plugins.add_hookspecs(hookspecs)
    walk = _Discovery(plugins)
    for entry in sorted(entries, key=lambda e: (_distribution(e)[0] != "globscope", *_distribution(e), e.name)):
        walk.load(entry)
    found, clashes = _without_clashes(list(walk.components()))
    return Registry(components=tuple(found), problems=(*walk.problems, *clashes))


@cache
def installed() -> Registry:
    """Return the registry of this environment."""
    return discover(entry_points(group="globscope"))


def _distribution(entry: EntryPoint) -> tuple[str, str]:
    return (entry.dist.name, entry.dist.version) if entry.dist else ("unknown", "0")


def _misspelt(module: Any) -> Iterator[str]:
    """Yield a sentence for each marked function that is no hook; pluggy would ignore it silently."""
    for name, value in vars(module).items():
        if getattr(value, f"{hookspecs.NAMESPACE}_impl", None) and name not in HOOKS.values():
            yield f"there is no hook {name!r}; {near(name, HOOKS.values())}"


def _without_clashes(found: list[Component]) -> tuple[list[Component], list[str]]:
    """Drop every name that two distributions claim: which one a spec meant cannot be known."""
    claims: dict[tuple[str, str], list[Component]] = {}
    for component in found:
        claims.setdefault((component.role, component.name), []).append(component)
    clashes = [
        f"{role} {name!r} is offered by {' and by '.join(c.distribution for c in who)}; "
        "none of them is used: uninstall one"
        for (role, name), who in claims.items()
        if len(who) > 1
    ]
    return [c for c in found if len(claims[c.role, c.name]) == 1], clashes
