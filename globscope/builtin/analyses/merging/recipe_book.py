"""Whose recipes are used: mergekit's where it is installed, else GlobScope's own."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Literal

import numpy as np
from attrs import define

from globscope.api import SpecError
from globscope.builtin.analyses.merging import mergekit_recipes, recipes

Library = Literal["auto", "mergekit", "globscope"]
MISSING = (
    "merging.library: mergekit is not installed; use pip install 'globscope[mergekit]', or library = 'globscope', "
    "whose slerp and TIES are the same"
)


@define(frozen=True, kw_only=True)
class RecipeBook:
    """The recipes that make new tensors.

    Attributes:
        library: Whose they are.
        slerp: From (2, size) tensors to (size,).
        ties: From (k + 1, size) tensors, the base last, and a density.
        dare: From these and a generator.
    """

    library: Library
    slerp: Callable[[np.ndarray], np.ndarray]
    ties: Callable[[np.ndarray, float], np.ndarray]
    dare: Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


OWN = RecipeBook(library="globscope", slerp=recipes.slerp, ties=recipes.ties, dare=recipes.dare)
MERGEKIT = RecipeBook(
    library="mergekit", slerp=mergekit_recipes.slerp, ties=mergekit_recipes.ties, dare=mergekit_recipes.dare
)


def installed_library(library: Library) -> Library:
    """Return the library that `auto` stands for here."""
    if library != "auto":
        return library
    return OWN.library if find_spec("mergekit") is None else MERGEKIT.library


def require_library(library: Library) -> None:
    """Refuse mergekit where it is missing.

    Raises:
        SpecError: It is.
    """
    if library == MERGEKIT.library and find_spec("mergekit") is None:
        raise SpecError([MISSING])


def recipe_book(library: Library) -> RecipeBook:
    """Return the recipes of a library."""
    return MERGEKIT if library == MERGEKIT.library else OWN
