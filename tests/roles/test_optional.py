"""What components may offer beside what they must is declared, and read in one place."""

import re
from pathlib import Path

import globscope
from globscope.api import Counts, Derives, ReducerTraits, offered, traits
from globscope.registry import installed
from globscope.roles import OPTIONAL, misspelt
from globscope.roles.optional import members

# A literal name of an optional member, read where one room alone should read it.
READ = re.compile(r'\b(?:getattr|hasattr)\([^\n]*?, "(\w+)"')
OWN = ("roles", "spec", "cli")


class Plain:
    """Offers nothing."""


class Announcing:
    """A reducer's class variable, and a sampler's method."""

    own_space = True

    def count(self, dimension):
        """Return a count."""
        return dimension


def test_what_is_absent_has_the_default_of_the_role():
    assert traits(Plain(), ReducerTraits) == ReducerTraits()
    assert traits(Announcing(), ReducerTraits) == ReducerTraits(own_space=True)
    assert offered(Plain(), Counts) is None


def test_a_method_is_offered_by_the_component_that_has_it():
    assert offered(Announcing(), Counts).count(3) == 3
    assert offered(Announcing(), Derives) is None


def test_optional_members_are_read_by_one_module_alone():
    known = {name for of in OPTIONAL.values() for one in of for name in members(one)} - {"shape"}
    root = Path(globscope.__file__).parent
    read = [
        (path.relative_to(root).as_posix(), name)
        for path in root.rglob("*.py")
        for name in READ.findall(path.read_text("utf-8"))
        if name in known and path.relative_to(root).parts[0] not in OWN
    ]
    assert read == []


def test_a_method_near_an_optional_one_is_a_misspelling():
    class Wrong:
        def refit(self):
            """Misspelt."""

    assert list(misspelt("analysis", Wrong)) == [("refit", "refits")]


def test_no_built_in_has_a_misspelt_member():
    found = {(one.name, *pair) for one in installed().components for pair in misspelt(one.role, one.cls)}
    assert found == set()
