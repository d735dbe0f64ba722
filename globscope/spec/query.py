"""Conditions on networks, such as `accuracy > 0.9 and optimiser == 'sgd'`: a text that can only compare and calculate.

pandas evaluates them. Its own queries also call functions, follow attributes (`name.__class__` leads to all of Python)
and read Python's variables (`@name`), so a condition is parsed here, and whatever is not listed below is refused.
"""

import ast
import re
from functools import cached_property
from typing import Any

from attrs import define

# A text in quotes, or a name in backticks, which may have any letters; the first match wins, as in a tokeniser.
_PIECES = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|`([^`]+)`""")
# What a name in backticks is called while it is parsed and evaluated.
_STAND_IN = "_quoted_name_"
# No powers: 9**9**9 would never end. No calls, attributes, indices, functions, and no `@`.
_LOGIC = (ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.Invert, ast.UAdd, ast.USub)
_NUMBERS = (ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.BitAnd, ast.BitOr)
_VALUES = (ast.Compare, ast.cmpop, ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple)
ALLOWED = (*_LOGIC, *_NUMBERS, *_VALUES)
ACCEPTED = "accepted are comparisons of columns and values: accuracy > 0.9 and kind in ['a', 'b']"
LONGEST = 1000


@define(frozen=True, slots=False)
class Condition:
    """A condition on rows of a table.

    Attributes:
        text: The condition, as written.
    """

    text: str

    @cached_property
    def _quoted(self) -> dict[str, str]:
        """The names in backticks, by their stand-ins."""
        found = dict.fromkeys(match[2] for match in _PIECES.finditer(self.text) if match[2])
        return {f"{_STAND_IN}{number}": name for number, name in enumerate(found)}

    @property
    def stand_ins(self) -> dict[str, str]:
        """What pandas is to call the columns whose names stand in backticks."""
        return {name: stand_in for stand_in, name in self._quoted.items()}

    @property
    def code(self) -> str:
        """The condition with stand-ins; the very text that was checked is what pandas is given."""
        return _PIECES.sub(lambda match: match[1] or self.stand_ins[match[2]], self.text).strip()

    @property
    def names(self) -> list[str]:
        """Names of the columns that it uses, in order of appearance."""
        found = (node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name))
        return list(dict.fromkeys(self._quoted.get(name, name) for name in found))

    @property
    def problem(self) -> str:
        """Why it cannot be used; empty where it can."""
        if len(self.text) > LONGEST:
            return f"is longer than {LONGEST} letters"
        if len(self.code.splitlines()) > 1:  # pandas evaluates each line by itself, Python knows fewer ends of lines
            return f"has several lines; {ACCEPTED}"
        try:
            refused = next((node for node in ast.walk(self._tree) if not _is_allowed(node)), None)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else error
            return f"is no condition ({reason}); {ACCEPTED}"
        return "" if refused is None else f"has {_in_words(refused)}; {ACCEPTED}"

    @cached_property
    def _tree(self) -> ast.Expression:
        return ast.parse(self.code, mode="eval")


def _is_allowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):  # pandas would read backticks within a text as a name
        return isinstance(node.value, bool | int | float) or (isinstance(node.value, str) and "`" not in node.value)
    return isinstance(node, ALLOWED)


def _in_words(node: ast.AST) -> str:
    words: dict[type, str] = {
        ast.Attribute: "an attribute, which may lead anywhere in Python",
        ast.Call: "a call of a function",
        ast.MatMult: "`@`, which reads Python's variables",
        ast.Pow: "a power",
        ast.Subscript: "an index",
        ast.Constant: "a value that is neither a number nor plain text",
    }
    return words.get(type(node), f"what Python calls {type(node).__name__}")


def condition(_: Any, attribute: Any, value: Any) -> None:
    """Refuse text that is no condition on columns."""
    if value is not None and (problem := Condition(value).problem):
        raise ValueError(f"{attribute.name} {problem}")
