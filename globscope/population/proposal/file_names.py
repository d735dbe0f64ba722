"""Names of files and folders: which of their numbers count steps, and which distinguish training runs."""

import re
from collections.abc import Sequence
from pathlib import PurePath

from globscope.spec.pattern import ANY, STEP, VARIANT, words

_TOKEN = re.compile(r"\d+\.\d+|\d+|[A-Za-z]+|[^A-Za-z\d]")
# Words before a number that counts steps, the first choice first; and before one that distinguishes runs.
STEPS = (("epoch", "epochs", "ep"), ("step", "steps", "iter", "iteration", "it"), ("checkpoint", "ckpt", "snapshot"))
RUNS = ("seed", "run", "trial", "fold", "rep", "exp", "version", "member")
# A placeholder in a file's name for its folder's name.
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
    """Return a name with placeholders for its numbers: what files of one kind have in common."""
    return tuple("#" if is_integer(token) else "~" if is_number(token) else token for token in tokens(name))


def word_before(parts: Sequence[str], place: int) -> str:
    """Return the word before a token, with no number between them."""
    before = [token for token in parts[:place] if token.isalpha() or is_number(token)]
    return before[-1].lower() if before and before[-1].isalpha() else ""


def step_places(names: Sequence[Sequence[str]]) -> list[int]:
    """Return the places of tokens that may be steps, the likeliest first, of names with one signature."""
    ranked = []
    for place, token in enumerate(names[0]):
        word = word_before(names[0], place)
        rank = next((rank for rank, words in enumerate(STEPS) if word in words), len(STEPS))
        varies = len({name[place] for name in names}) > 1
        if is_integer(token) and word not in RUNS and (rank < len(STEPS) or varies):
            ranked.append((rank, place if rank < len(STEPS) else -place))
    return [abs(place) for _, place in sorted(ranked)]


def run_place(names: Sequence[Sequence[str]]) -> int | None:
    """Return the place of the number that distinguishes runs, after a word such as `seed`; None if there is none."""
    places = [at for at, token in enumerate(names[0]) if is_integer(token) and word_before(names[0], at) in RUNS]
    varying = [at for at in places if len({name[at] for name in names}) > 1]
    return varying[0] if varying else None


def name_pattern(names: Sequence[Sequence[str]], step: int | None, run: int | None) -> str:
    """Return the pattern of names with one signature, with a step and a run at these places."""
    text = ""
    for place, token in enumerate(names[0]):
        if place == step:
            text += "{step}"
        elif place == run or token == FOLDER:
            text += "{variant}"
        elif place + 1 != run or not token.isalpha():  # of `seed3` the whole is a run's name
            text += ANY if len({name[place] for name in names}) > 1 else token
    return re.sub(r"\*([-_.=]?\*)+", ANY, text)


def trailing_step_pattern(files: Sequence[PurePath]) -> str | None:
    """Return the pattern of names that begin with their run's name and end with a step; None where they do not."""
    matches = [_TAIL.fullmatch(file.stem) for file in files]
    endings = {(match["between"], file.suffix) for match, file in zip(matches, files, strict=True) if match}
    if None in matches or len(endings) != 1:
        return None
    between, suffix = endings.pop()
    return f"{{variant}}{between}{{step}}{suffix}"


def folder_parts(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the parts of the folders' pattern: shared names, {variant} where names differ, a step at the end."""
    inner = _inner(paths)
    outer = [path[: len(path) - len(inner)] for path in paths]
    shared = 0
    while len({path[: shared + 1] for path in outer}) == 1 and len(outer[0]) > shared:
        shared += 1
    if all(len(path) == shared for path in outer):
        whole = [*outer[0], *inner]
        return [f"{{{VARIANT}}}", *whole[1:]] if whole and STEP not in words(whole[0]) else whole
    shared = min(shared, min(map(len, outer)) - 1)
    return [*outer[0][:shared], f"{{{VARIANT}}}", *inner]


def _inner(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the pattern of the innermost folders that all paths share or that count steps, outermost first."""
    parts: list[str] = []
    for depth in range(min(map(len, paths))):
        names = [path[-1 - depth] for path in paths]
        part = names[0] if len(set(names)) == 1 else _step(names)
        if part is None:
            break
        parts.insert(0, part)
    return parts


def counts_steps(name: str) -> bool:
    """Return whether a folder's name counts steps, such as `checkpoint-500`."""
    return _step([name]) is not None


def _step(names: Sequence[str]) -> str | None:
    """Return the pattern of folders' names that count steps, such as `checkpoint-500`; None where they do not."""
    parts = [tokens(name) for name in names]
    if len({signature(name) for name in names}) > 1:
        return None
    step_words = [word for words in STEPS for word in words]
    places = [place for place in step_places(parts) if word_before(parts[0], place) in step_words]
    return name_pattern(parts, places[0], None) if places else None
