"""The name of a package, and the names that follow from it: of its component, module and class."""

import keyword
import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

from attrs import define

from globscope.errors import PluginError
from globscope.registry import PACKAGES, Registry

# Names of distributions, of PEP 508; the component's name is part of folders and of TOML.
DISTRIBUTION = re.compile(r"[A-Z0-9]([A-Z0-9._-]*[A-Z0-9])?", re.IGNORECASE)
# What packages for GlobScope may begin with; it is no part of the component's name.
PREFIX = "globscope-"
# The most letters, so that lines with the class in them stay readable.
LONGEST = 30


@define(frozen=True, kw_only=True)
class PackageName:
    """The names in a package of one component.

    Attributes:
        distribution: Name of the package, for pip.
    """

    distribution: str

    @classmethod
    def parse(cls, name: str, registry: Registry) -> "PackageName":
        """Return the names for a package that can be installed beside those that are there.

        Raises:
            PluginError: pip, Python or a spec could not use the name, or it is taken.
        """
        named = cls(distribution=name)
        if problem := _name_problem(name) or named._module_problem() or named._component_problem(registry):
            raise PluginError(f"{name!r} cannot be the name of a package: {problem}")
        return named

    @property
    def component(self) -> str:
        """The component's name in specs."""
        return self.distribution.removeprefix(PREFIX)

    @property
    def module(self) -> str:
        """The name under which Python imports it."""
        return self.distribution.replace("-", "_")

    def class_name(self, role: str, taken: frozenset[str]) -> str:
        """Return the class's name, with the role behind it where names of the module are like it."""
        name = "".join(word.capitalize() for word in self.component.split("-"))
        return f"{name}{role.capitalize()}" if name in taken else name

    def _module_problem(self) -> str:
        module = self.module
        if not self.component[0].isalpha() or keyword.iskeyword(module):
            return "Python could not import it; it must begin with a letter, and be none of Python's keywords"
        return f"Python has a module {module!r} already" if _is_module(module) else ""

    def _component_problem(self, registry: Registry) -> str:
        known = [one for one in registry.components if one.name == self.component]
        if known:
            return f"there is a {known[0].label} already"
        if self.component in PACKAGES:
            return f"the package {PACKAGES[self.component]} has a component of this name"
        return "a package of this name is installed already" if _is_installed(self.distribution) else ""


def _name_problem(name: str) -> str:
    """Return why pip would not take a name, or would change it; empty where it takes it as it is."""
    if not DISTRIBUTION.fullmatch(name):
        return "ASCII letters, digits and hyphens make one, such as my-reducer"
    normal = re.sub(r"[-_.]+", "-", name).lower()
    if normal != name:
        return f"pip would call it {normal!r}; use that name"
    return f"it has more than {LONGEST} letters" if len(name) > LONGEST else ""


def _is_module(name: str) -> bool:
    found = find_spec(name)  # a folder without modules, such as one of runs, has no origin
    return name in sys.stdlib_module_names or (found is not None and found.origin is not None)


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
