"""What a model is trained and tested on: the user's files as arrays by the names of a model's arguments."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from globscope.api import IGNORED, FileError, UserCodeError, map_npy, read_npz
from globscope.builtin.tasks.hugging_face.arguments import LABELS
from globscope.builtin.tasks.hugging_face.documents import cut_into_blocks, text_tokens
from globscope.builtin.tasks.hugging_face.token_examples import MASK, TOKENS, Named

# Names in an archive that begin so are of the test split.
HELD = "test_"
Splits = dict[str, Named]


class HoldBack(Protocol):
    """Divides examples into two splits."""

    def __call__(self, named: Named, *, last: bool) -> Splits:
        """Return the splits; in the second are the last examples, or drawn ones."""
        ...


def hold_back(named: Named, share: float, seed: int | None) -> Splits:
    """Return examples as two splits, in their order.

    Args:
        named: Arrays by the model's arguments.
        share: Share of the examples that is held back.
        seed: Of their draw; None where they are the last.

    Raises:
        UserCodeError: There are too few for two splits.
    """
    count = len(named[LABELS])
    held = max(1, round(count * share))
    if held >= count:
        raise UserCodeError(f"task.test_share: of {count} examples {held} cannot be held back")
    order = np.arange(count) if seed is None else np.random.default_rng(seed).permutation(count)
    rows = {"train": np.sort(order[:-held]), "test": np.sort(order[-held:])}
    return {split: {name: array[of] for name, array in named.items()} for split, of in rows.items()}


def split_text(files: Sequence[Path], test: Sequence[Path], tokeniser: Any, length: int, hold: HoldBack) -> Splits:
    """Return the blocks of running text by split.

    Raises:
        UserCodeError: A text cannot be read, or is too short.
    """
    options = {"text": files, "test": test} if test else {"text": files}
    blocks = [
        with_labels({TOKENS: cut_into_blocks(text_tokens(of, tokeniser), length, f"task.{option}")})
        for option, of in options.items()
    ]
    return {"train": blocks[0], "test": blocks[1]} if test else hold(blocks[0], last=True)


def split_files(read: Callable[[Path], Named], file: Path, test: Sequence[Path], hold: HoldBack) -> Splits:
    """Return the examples of a file by split, the test split of a file of its own where there is one.

    Raises:
        UserCodeError: There are several files of the test split.
    """
    if len(test) > 1:
        raise UserCodeError(f"task.test: must be one file beside task.labelled or task.tokens, got {len(test)}")
    return {"train": read(file), "test": read(test[0])} if test else hold(read(file), last=False)


def split_arrays(file: Path, test: Sequence[Path], length: int, hold: HoldBack) -> Splits:
    """Return the arrays of .npy and .npz files by split.

    Raises:
        UserCodeError: A file cannot be read, or holds something else.
    """
    arrays = _arrays(file)
    own = {name.removeprefix(HELD): array for name, array in arrays.items() if name.startswith(HELD)}
    first = {name: array for name, array in arrays.items() if not name.startswith(HELD)}
    if own:
        return {"train": _examples(first, length), "test": _examples(own, length)}
    is_row = TOKENS in first and first[TOKENS].ndim == 1
    return split_files(
        lambda of: _examples(first if of == file else _arrays(of), length),
        file,
        test,
        lambda named, last: hold(named, last=last or is_row),
    )


def with_labels(named: Named) -> Named:
    """Return arrays with labels: where there are none, tokens are their own, and padding does not count."""
    if LABELS in named:
        return named
    tokens = named[TOKENS]
    return {**named, LABELS: np.where(named[MASK] == 0, IGNORED, tokens) if MASK in named else tokens}


def _arrays(file: Path) -> Mapping[str, np.ndarray]:
    try:
        return read_npz(file) if file.suffix == ".npz" else {TOKENS: map_npy(file)}
    except FileError as error:
        raise UserCodeError(f"task.tokens: {error}") from error


def _examples(named: Mapping[str, np.ndarray], length: int) -> Named:
    """Return arrays of examples; tokens in one row are cut into blocks.

    Raises:
        UserCodeError: There are no tokens, they are no integers, or the arrays have different lengths.
    """
    tokens = named.get(TOKENS)
    if tokens is None or tokens.dtype.kind not in "iu" or tokens.ndim not in (1, 2):
        got = "no such array" if tokens is None else f"{tokens.dtype} of shape {tokens.shape}"
        raise UserCodeError(f"task.tokens: needs integers {TOKENS!r}, (tokens,) or (examples, places), got {got}")
    if tokens.ndim == 1:
        named = {name: cut_into_blocks(array, length, "task.tokens") for name, array in named.items()}
    counts = {name: len(array) for name, array in named.items()}
    if len(set(counts.values())) > 1:
        raise UserCodeError(f"task.tokens: the arrays have different numbers of examples: {counts}")
    return with_labels(named)
