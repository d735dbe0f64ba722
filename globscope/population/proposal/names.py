"""Names of files and folders, taken apart: which of their numbers count, and which tell runs from one another."""

import re
from collections.abc import Sequence
from pathlib import PurePath

from globscope.spec.pattern import ANY

_TOKEN = re.compile(r"\d+\.\d+|\d+|[A-Za-z]+|[^A-Za-z\d]")
# Words before a number that counts steps, the first choice first; and before one that tells runs apart.
STEPS = (("epoch", "epochs", "ep"), ("step", "steps", "iter", "iteration", "it"), ("checkpoint", "ckpt", "snapshot"))
RUNS = ("seed", "run", "trial", "fold", "rep", "exp", "version", "member")
# Stands in a name for the folder that the file lies in.
FOLDER = "\0"
_TAIL = re.compile(r"(?P<run>.+?)(?P<between>[-_.=]?(?:epoch|ep|step|iter|checkpoint|ckpt)?[-_.=]?)(?P<step>\d+)")


def tokens(name: str) -> tuple[str, ...]:
    """Return a name's numbers, words and other characters, in order."""
    return tuple(_TOKEN.findall(name))


def is_integer(token: str) -> bool:
    """Return whether a token may count steps."""
    return token.isascii() and token.isdigit()


def is_number(token: str) -> bool:
    """Return whether a token is a number."""
    return token[0].isdigit()


def signature(name: str) -> tuple[str, ...]:
    """Return a name with its numbers left open: what files of one kind have in common."""
    return tuple("#" if is_integer(token) else "~" if is_number(token) else token for token in tokens(name))


def word_before(parts: Sequence[str], at: int) -> str:
    """Return the word that stands before a token, with no number between."""
    before = [token for token in parts[:at] if token.isalpha() or is_number(token)]
    return before[-1].lower() if before and before[-1].isalpha() else ""


def step_places(names: Sequence[Sequence[str]]) -> list[int]:
    """Return the places of tokens that may be steps, the likeliest first, of names with one signature."""
    ranked = []
    for at, token in enumerate(names[0]):
        word = word_before(names[0], at)
        rank = next((rank for rank, words in enumerate(STEPS) if word in words), len(STEPS))
        varies = len({name[at] for name in names}) > 1
        if is_integer(token) and word not in RUNS and (rank < len(STEPS) or varies):
            ranked.append((rank, at if rank < len(STEPS) else -at))
    return [abs(at) for _, at in sorted(ranked)]


def run_place(names: Sequence[Sequence[str]]) -> int | None:
    """Return the place of the number that tells runs apart, after a word such as `seed`; None where there is none."""
    places = [at for at, token in enumerate(names[0]) if is_integer(token) and word_before(names[0], at) in RUNS]
    varying = [at for at in places if len({name[at] for name in names}) > 1]
    return varying[0] if varying else None


def pattern(names: Sequence[Sequence[str]], step: int | None, run: int | None) -> str:
    """Return the pattern of names with one signature, with a step and a run at these places."""
    text = ""
    for at, token in enumerate(names[0]):
        if at == step:
            text += "{step}"
        elif at == run or token == FOLDER:
            text += "{variant}"
        elif at + 1 != run or not token.isalpha():  # of `seed3` the whole is a run's name
            text += ANY if len({name[at] for name in names}) > 1 else token
    return re.sub(r"\*([-_.=]?\*)+", ANY, text)


def tailed(files: Sequence[PurePath]) -> str | None:
    """Return the pattern of names that begin with their run's and end with a step; None where they do not."""
    matches = [_TAIL.fullmatch(file.stem) for file in files]
    found = {(match["between"], file.suffix) for match, file in zip(matches, files, strict=True) if match}
    if None in matches or len(found) != 1:
        return None
    between, suffix = found.pop()
    return f"{{variant}}{between}{{step}}{suffix}"
