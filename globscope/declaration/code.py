"""Functions and classes as references that a spec can have: to a file, to a package, or to a file of their source."""

import inspect
import sys
from pathlib import Path
from typing import Any

from globscope.declaration.inputs import InputPath, Inputs
from globscope.declaration.source import is_installed, source_text
from globscope.errors import UserCodeError

MAIN = "__main__"
REMEDY = "define it with `def` or `class` at the top level of a file, of a cell or of the script"


def code_reference(thing: Any, inputs: Inputs) -> str:
    """Return the reference to a function or a class: `package.module:name`, or `file.py:name`.

    Of one that a notebook or the running script defines, the source is added to the inputs: to import the script would
    run it again.

    Raises:
        UserCodeError: It has no name at the top level of a module, or its source cannot be written.
    """
    require_top_level(thing)
    module, name = thing.__module__, thing.__name__
    if module == MAIN or module not in sys.modules:
        text = source_text(thing)
        return InputPath(f"{inputs.text(f'{name}.py', text)}:{name}")
    file = inspect.getsourcefile(sys.modules[module]) if hasattr(sys.modules[module], "__file__") else None
    if file is None or "." in module or is_installed(Path(file)):
        return f"{module}:{name}"
    return f"{Path(file).absolute()}:{name}"


def require_top_level(thing: Any) -> None:
    """Refuse what no reference leads to.

    Raises:
        UserCodeError: With the remedy.
    """
    if not (inspect.isfunction(thing) or inspect.isclass(thing) or inspect.isbuiltin(thing)):
        kind = type(thing).__name__
        made = "; pass what makes it, a function without arguments or a class" if hasattr(thing, "state_dict") else ""
        raise UserCodeError(f"a {kind} is no function that a spec can name{made or f'; {REMEDY}'}")
    if "<lambda>" in thing.__qualname__:
        raise UserCodeError(f"a lambda has no name by which a spec could name it; {REMEDY}")
    if thing.__qualname__ != thing.__name__:
        inside = thing.__qualname__.rpartition(".")[0].removesuffix(".<locals>")
        raise UserCodeError(f"{thing.__name__!r} is defined inside of {inside!r}, where no spec finds it; {REMEDY}")
