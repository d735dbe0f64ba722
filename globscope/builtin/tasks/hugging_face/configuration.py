"""A model of transformers from a configuration, with fresh weights. Nothing is fetched; no code of a folder runs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from globscope.api import Code, UserCodeError, near
from globscope.builtin.tasks.trial import as_user_error

EXTRA = 'pip install "globscope[transformers]"'
FILE = "config.json"
# Values that configurations take and do not list.
FURTHER = ("num_labels", "decoder_start_token_id")
# What makes a model of an `Auto…` class, and of the class of a model.
MAKERS = ("from_config", "_from_config")
# Nothing outside this machine is asked, and no Python file beside a configuration is run.
LOCAL: Mapping[str, Any] = {"local_files_only": True, "trust_remote_code": False}


def require_transformers() -> None:
    """Refuse to go on without the package.

    Raises:
        UserCodeError: It is not installed.
    """
    if find_spec("transformers") is None:
        raise UserCodeError(f"task.use: 'transformers' needs the package transformers, which is not installed: {EXTRA}")


@contextmanager
def log_errors_only() -> Iterator[None]:
    """Let transformers log errors only: its notes on the choices of a configuration are not the user's."""
    from transformers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def configuration_file(path: Path | None) -> Path | None:
    """Return the configuration of a folder as `save_pretrained` writes it; any other path unchanged."""
    return path / FILE if path is not None and (path / FILE).is_file() else path


def configuration(path: Path | None, options: Mapping[str, Any]) -> Any:
    """Return a configuration of transformers.

    Args:
        path: A `config.json`, or a folder that holds one; None where the options are all.
        options: Values of the configuration, on top of those in the file; without a file `model_type` is among them.

    Raises:
        UserCodeError: There is no such configuration, or it has no such value.
    """
    import transformers

    if path is None and "model_type" not in options:
        known = "the folder or config.json of a model, or model_options with its model_type"
        raise UserCodeError(f"task.config: is missing: {known}, such as {{ model_type = 'gpt2', n_layer = 2 }}")
    with log_errors_only(), as_user_error(f"task.config: {path or options['model_type']} is no configuration"):
        if path is None:
            given = {name: value for name, value in options.items() if name != "model_type"}
            _require_known(transformers.AutoConfig.for_model(options["model_type"]), given)
            return transformers.AutoConfig.for_model(options["model_type"], **given)
        config = transformers.AutoConfig.from_pretrained(path, **LOCAL)
        _require_known(config, options)
        return type(config).from_dict({**config.to_dict(), **options})


def _require_known(config: Any, values: Mapping[str, Any]) -> None:
    known = {*config.to_dict(), *config.attribute_map, *FURTHER}
    for name in values:
        if name not in known:
            raise UserCodeError(f"task.model_options.{name}: {type(config).__name__} has none; {near(name, known)}")


def network_maker(code: Code, config: Any, attention: str) -> Callable[[], Any]:
    """Return a function that returns the model with fresh weights, drawn from torch's generator.

    Args:
        code: An `Auto…` class, or the class of a model.
        config: The model's configuration, which is copied.
        attention: How attention is computed, by the name in transformers.

    Raises:
        UserCodeError: It is no such class.
    """
    cls = code.load("task.model")
    names = [name for name in MAKERS if hasattr(cls, name)]
    if not names:
        raise UserCodeError(
            f"task.model: {code} is no model of transformers; accepted are its classes, such as "
            "'transformers:AutoModelForCausalLM' or 'transformers:GPT2LMHeadModel', and classes derived from them"
        )
    make = getattr(cls, names[0])
    return lambda: _make(make, code, config, attention)


def _make(make: Callable[..., Any], code: Code, config: Any, attention: str) -> Any:
    import torch

    own = type(config).from_dict({**config.to_dict(), "use_cache": False, "return_dict": True})
    with log_errors_only(), as_user_error(f"task.model: {code} cannot be made from the configuration"):
        return make(own, dtype=torch.float32, attn_implementation=attention)
