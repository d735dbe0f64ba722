"""What names and docstrings promise: every attribute is explained, and functions are named for what they do."""

import ast
import re
from functools import cache

import pytest
from support.paths import ROOT

PACKAGE = ROOT / "globscope"
# An entry with fewer words, or one that refers to another entry, explains nothing.
FEWEST_WORDS = 3
REFERENCE = re.compile(r"^(Theirs|Likewise|The same|Its own|As (above|there|in)\b|Of the \w+\.$)")
ENTRY = re.compile(r"^    (\w+): ?(.*)$")
# Participles that do not end in -ed.
IRREGULAR = "told said seen given found kept drawn made known shown taken held sent written left built chosen unbound"
NOT_PARTICIPLES = {"seed", "feed", "need", "embed", "shed", "speed"}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


@cache
def tree(path):
    return ast.parse(path.read_text("utf-8"))


def attributes(docstring):
    """Return the entries of a section `Attributes:` as (name, text) pairs."""
    entries = []
    for line in docstring.partition("\nAttributes:\n")[2].splitlines():
        if line and not line.startswith(" "):
            break
        if match := ENTRY.match(line):
            entries.append((match[1], match[2]))
        elif entries:
            entries[-1] = (entries[-1][0], f"{entries[-1][1]} {line.strip()}".strip())
    return entries


def is_empty(text):
    return len(re.findall(r"[\w`']+", text)) < FEWEST_WORDS or bool(REFERENCE.match(text))


def empty_entries(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef):
            for name, text in attributes(ast.get_docstring(node) or ""):
                if is_empty(text):
                    yield f"{path.relative_to(ROOT)}: {node.name}.{name}: {text}"


def is_participle(name):
    word = name.strip("_")
    return word in IRREGULAR.split() or (word.endswith("ed") and "_" not in word and word not in NOT_PARTICIPLES)


def participles(path):
    """Yield functions that are named by a participle alone; a property may be an adjective."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef) and is_participle(node.name):
            decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
            if not decorators & {"property", "cached_property"}:
                yield f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}"


@pytest.mark.parametrize("text", ["Theirs.", "Likewise.", "Of the file.", "(n, r).", "The same.", "Their names."])
def test_an_entry_without_a_meaning_is_found(text):
    [(name, found)] = attributes(f"A thing.\n\nAttributes:\n    one: {text}\n")
    assert (name, is_empty(found)) == ("one", True)


def test_every_attribute_is_explained():
    assert [entry for path in modules() for entry in empty_entries(path)] == []


def test_no_function_is_named_by_a_participle_alone():
    assert [function for path in modules() for function in participles(path)] == []
