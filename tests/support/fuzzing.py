"""Hostile input: commands in forked children with a limit, and what makes input hostile, from one seed a case."""

import json
import os
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path

from attrs import define

# Seconds of the processor that a case may take; the wall clock also counts whoever else works on this machine.
LIMIT = 10
HANG = 90
# Bytes of address space: more than any case needs, less than what would make the machine swap.
MEMORY = 24 * 2**30


@define(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        code: Exit code; negative for a signal.
        out: Standard output.
        err: Standard error.
        seconds: Of the processor.
    """

    code: int
    out: str
    err: str
    seconds: float

    @property
    def faults(self):
        """What must never happen, in words."""
        found = ["a traceback"] if "Traceback" in self.err else []
        found += [f"exit code {self.code}"] if self.code not in (0, 2) else []
        found += [f"{self.seconds:.0f} s"] if self.seconds > LIMIT else []
        found += ["a refusal without a word"] if self.code == 2 and not self.err.strip() else []
        return found + [f"the line {line[:60]!r}" for line in self.err.splitlines() if not line.isprintable()]


def warm():
    """Import what commands need, once; nothing is computed before children are forked."""
    import h5py  # noqa: F401
    import sklearn.datasets  # noqa: F401
    import torch

    import globscope.api
    import globscope.cli.print_tables
    import globscope.exchange
    import globscope.report
    import globscope.sweep.compare  # noqa: F401
    from globscope.registry import installed_registry

    torch.set_num_threads(1)
    assert installed_registry()


def command(arguments, folder):
    """Run a command of the command line in a child."""
    return run_forked(lambda: _command(arguments), folder)


def run_forked(work, folder):
    """Run work in a child of its own, in a folder; a GlobscopeError ends it as a command does."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        sys.stdout.flush()
        child = os.fork()
        if not child:
            _child(work, folder, out, err)
        status, usage = _waited(child)
        texts = [_text(one) for one in (out, err)]
    code = os.waitstatus_to_exitcode(status)
    return Ended(code, *texts, usage.ru_utime + usage.ru_stime)


def _child(work, folder, out, err):
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115 - until the child ends
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (4 * LIMIT, 4 * LIMIT))
        os.chdir(folder)
        code = work()
        sys.stdout.flush()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:  # noqa: BLE001 - whatever it is, it is printed as a traceback, which is the fault
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code or 0)


def _command(arguments):
    from globscope.cli.app import app

    return app(arguments)


def _waited(child):
    until = time.monotonic() + HANG
    while time.monotonic() < until:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            return status, usage
        time.sleep(0.005)
    os.kill(child, 9)
    return os.wait4(child, 0)[1:]


def _text(file):
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def reading(read, *arguments):
    """Return work that reads something, and ends as a command does."""

    def work():
        from globscope.errors import GlobscopeError

        try:
            read(*arguments)
        except GlobscopeError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        return 0

    return work


# Values and texts that nobody writes on purpose.

NUMBERS = [0, -1, 1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**12, 10**30, 1e308, -1e308, 1e-320, 0.5, -0.0]
ODD = [float("nan"), float("inf"), -float("inf")]
TEXTS = ["", " ", "x", "\n", "a\u202eb", "\x1b[2J", "=1+1", "../..", "/", "~", "~nobody/x", "nets.py:net", "os:getcwd",
         "os:abort", "{variant}", "{step}", "*", "**", "{", "}}", "%s", "$(id)", "variant:A", "variant:", "A@0", "0",
         "true", "x" * 5000, "é" * 300, "🦊", "\ufeff", "NUL", "a/b", "a:b:c", ":", "file.py:", "'", '"']  # fmt: skip
OTHERS = [True, False, [], {}, [[]], [{}], [1, "a"], {"a": {"b": [1]}}, [0] * 2000, {"use": "pca"}, [{"use": "pca"}]]


def odd_value(chance):
    """Return a value of any type."""
    return chance.choice(chance.choice([NUMBERS, ODD, TEXTS, OTHERS]))


def near_value(chance, value):
    """Return a value of the same type as another, where that is possible."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return chance.choice([*NUMBERS[:9], value + 1, value - 1, value * 1000])
    if isinstance(value, float):
        return chance.choice([*NUMBERS, *ODD, value * 1e6, -value])
    if isinstance(value, str):
        at = chance.randrange(len(value) + 1)
        return chance.choice([value[:at], value[:at] + chance.choice(TEXTS) + value[at:], value.upper(), value * 3])
    if isinstance(value, list):
        return chance.choice([value[:-1], value * 2, [*value, odd_value(chance)], value[::-1]])
    return value


def places(document, at=()):
    """Yield the places of all values of a document."""
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        yield (*at, key)
        if isinstance(value, dict | list):
            yield from places(value, (*at, key))


def mutate(chance, document):
    """Change a few places of a document: keys gone or renamed, values of other types, too large, too deep."""
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        known = list(places(document))
        if not known:
            return
        *way, last = chance.choice(known)
        place = document
        for step in way:
            place = place[step]
        _change(chance, place, last)


def _change(chance, place, key):
    value = place[key]
    kind = chance.choice(["drop", "rename", "odd", "odd", "near", "near", "near", "deep", "twice"])
    if kind == "drop":
        del place[key]
    elif kind == "rename" and isinstance(place, dict):
        place[chance.choice([f"{key}s", key[1:], key.upper(), chance.choice(TEXTS) or "x"])] = place.pop(key)
    elif kind == "near":
        place[key] = near_value(chance, value)
    elif kind == "deep":
        for _ in range(chance.choice([3, 40, 100])):
            value = chance.choice([[value], {"a": value}])
        place[key] = value
    elif kind == "twice" and isinstance(place, list):
        place.append(value)
    else:
        place[key] = odd_value(chance)


def damage(chance, raw):
    """Return a file's bytes cut, flipped, filled, exchanged or of another kind."""
    kind = chance.choice(["cut", "cut", "flip", "flip", "flip", "fill", "head", "insert", "other", "json", "twice"])
    at = chance.randrange(len(raw) + 1)
    if kind == "cut":
        return raw[:at]
    if kind == "flip":
        changed = bytearray(raw)
        for _ in range(chance.choice([1, 3, 30]) if raw else 0):
            changed[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        return bytes(changed)
    if kind == "fill":
        return raw[:at] + bytes(min(64, len(raw) - at)) + raw[at + 64 :]
    if kind == "head":
        return chance.randbytes(min(len(raw), chance.choice([4, 16, 64]))) + raw[16:]
    if kind == "insert":
        return raw[:at] + chance.randbytes(chance.choice([1, 8, 100])) + raw[at:]
    if kind == "twice":
        return raw + raw
    return chance.choice(OTHER_FILES) if kind == "other" else reshaped(chance, raw)


OTHER_FILES = [
    b"",
    b"\x00" * 100,
    b"[" * 100_000,
    b"{}",
    b"[]",
    b"null",
    b"1e999",
    b'{"a": NaN}',
    b"\xff\xfe\x00",
    b"PK\x03\x04",
    b"PK\x05\x06" + bytes(18),
    b"\x89HDF\r\n\x1a\n",
    b"\x93NUMPY\x01\x00",
    b"\x80\x05.",
    b"\x1f\x8b\x08",
    (2**62).to_bytes(8, "little") + b"{",
]


def reshaped(chance, raw):
    """Return JSON of another shape, where it is JSON."""
    try:
        document = json.loads(raw)
    except ValueError:
        return raw[::-1]
    if isinstance(document, dict | list):
        mutate(chance, document)
    return json.dumps(document).encode()


def emptied_place(folder, name):
    """Return the path of a name in a folder, whatever was there gone."""
    path = Path(folder) / name
    if path.is_symlink() or path.exists():
        path.unlink()
    return path
