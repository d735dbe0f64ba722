"""The task `transformers`: a model of Hugging Face from a configuration, on text or tokens of the user's."""

from functools import partial
from pathlib import Path
from typing import Any, Literal

from attrs import define, field
from attrs.validators import and_, ge, gt, lt

from globscope.api import UNITS, Code, Probe, UserCodeError
from globscope.builtin.tasks.hugging_face.configuration import (
    configuration,
    configuration_file,
    network_maker,
    require_transformers,
)
from globscope.builtin.tasks.hugging_face.documents import labelled_passages, load_tokeniser, tokeniser_file
from globscope.builtin.tasks.hugging_face.head import NEXT
from globscope.builtin.tasks.hugging_face.probe import LanguageProbe
from globscope.builtin.tasks.hugging_face.recognise import recognise_folder
from globscope.builtin.tasks.hugging_face.splits import hold_back, split_arrays, split_files, split_text
from globscope.builtin.tasks.hugging_face.token_examples import Named, require_fitting
from globscope.builtin.tasks.metrics import Metric

# The options that name the examples.
SOURCES = ("text", "tokens", "labelled")


@define(frozen=True, kw_only=True)
class Transformers:
    """A model of Hugging Face's transformers; the loss is the model's own, in evaluation mode, in nats.

    It is averaged over tokens that have a label, or over the examples of a classification. Beside it are `perplexity`,
    the exponential of the mean loss, and `accuracy`, of the next token or of the class, where the loss is their
    cross-entropy. Nothing is fetched, and no code that lies beside a model is run.

    Attributes:
        model: `transformers:NAME`, an `Auto…` class or the class of a model whose forward takes labels; or
            `file.py:name`, a class of yours derived from one.
        config: The `config.json` of the model, or the folder that holds it, such as a checkpoint that `Trainer` wrote.
        model_options: Values of the configuration, on top of those in `config`; without that, `model_type` among them.
        attention: How attention is computed. `eager` can be differentiated twice, which curvature does, and scores
            several networks at once on a GPU; `sdpa` needs less memory where blocks are long.
        text: Text files, whose tokens are cut into blocks, for models that predict the next token.
        tokens: Tokens instead of text: a .npy of integers, (tokens,) or (examples, places), or an .npz of arrays by the
            names of the model's arguments (`input_ids`, `attention_mask`, `labels` and others), those of the test split
            as `test_input_ids` and so on. Labels of -100 do not count. Without labels the tokens are their own.
        labelled: Passages and their classes instead of running text: a CSV with the columns `text` and `label`, and
            `text_pair` for pairs, or a .jsonl of such objects. Labels are numbers, or names of the configuration's
            `label2id`.
        test: Files of the same kind that hold the test split; where there are none, a share is held back.
        tokeniser: Folder of the tokeniser, for text, as its `save_pretrained` writes it.
        block_length: Tokens in a block of running text; labelled passages are cut off there.
        metrics: Further measures: `"file.py:name"` is called with (outputs, labels) of each batch and returns their
            mean over the batch's examples or a pair (sum, weight); `{ use = "file.py:name", name = "…", whole = true }`
            is called once with all outputs of a split. Their fields are `train_<name>` and `test_<name>`.
        test_share: Share of the examples held back as test split: the last of running text and of tokens in one row,
            otherwise drawn.
        split_seed: Seed of that draw.
    """

    model: Code = field(factory=lambda: Code("transformers", "AutoModelForCausalLM"))
    config: Path | None = field(default=None, converter=configuration_file)
    model_options: dict[str, Any] = field(factory=dict)
    attention: Literal["eager", "sdpa"] = "eager"
    text: tuple[Path, ...] = ()
    tokens: Path | None = None
    labelled: Path | None = None
    test: tuple[Path, ...] = ()
    tokeniser: Path | None = field(default=None, converter=tokeniser_file)
    block_length: int = field(default=128, validator=and_(ge(2), UNITS))
    metrics: tuple[Code | Metric, ...] = field(default=(), metadata={"scores_only": True})
    test_share: float = field(default=0.1, validator=[gt(0), lt(1)])
    split_seed: int = field(default=0, validator=ge(0))

    @classmethod
    def quick_examples(cls) -> "tuple[Transformers, ...]":
        """Return what the contract kit checks: a tiny GPT-2 on 160 random tokens.

        Raises:
            UserCodeError: transformers is not installed.
        """
        require_transformers()
        sizes = {"n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 8, "vocab_size": 16}
        tokens = Path(__file__).with_name("quick_tokens.npy")
        return (cls(tokens=tokens, model_options={"model_type": "gpt2"} | sizes, block_length=8, test_share=0.25),)

    @classmethod
    def recognise_folder(cls, folder: Path) -> dict[str, Any] | None:
        """Return the options for checkpoints whose folder holds a configuration; None where it holds none."""
        return recognise_folder(folder)

    def build(self, device: str) -> Probe:
        """Return the task on a device; the data is moved there once.

        Raises:
            UserCodeError: transformers is not installed, or model, configuration or data is missing or does not fit.
        """
        require_transformers()
        config = configuration(self.config, self.model_options)
        splits = self._splits(config)
        require_fitting(config, splits)
        probe = LanguageProbe(
            make=network_maker(self.model, config, self.attention),
            splits=splits,
            device=device,
            # On a CPU a stack of transformers takes longer than one network after another.
            vmappable=device != "cpu" and self.attention == "eager",
            metrics=self.metrics,
        )
        if self.text and probe.head != NEXT:
            raise UserCodeError(
                f"task.text: is for models that predict the next token, which {self.model} does not; give labels of "
                "its own, as task.labelled or among the arrays of task.tokens"
            )
        return probe

    def _splits(self, config: Any) -> dict[str, Named]:
        """Return the examples of both splits; the padding token becomes the configuration's where that has none."""
        given = [name for name in SOURCES if getattr(self, name)]
        if len(given) != 1:
            raise UserCodeError(f"task: needs exactly one of {', '.join(SOURCES)}; got {', '.join(given) or 'none'}")
        if self.tokens is not None:
            return split_arrays(self.tokens, self.test, self.block_length, self._hold_back)
        tokeniser = load_tokeniser(self.tokeniser)
        if self.text:
            return split_text(self.text, self.test, tokeniser, self.block_length, self._hold_back)
        assert self.labelled is not None
        numbers = {str(name): number for name, number in (config.label2id or {}).items()}
        read = partial(labelled_passages, tokeniser=tokeniser, length=self.block_length, numbers=numbers)
        splits = split_files(read, self.labelled, self.test, self._hold_back)
        if config.pad_token_id is None:
            config.pad_token_id = tokeniser.pad_token_id
        return splits

    def _hold_back(self, named: Named, *, last: bool) -> dict[str, Named]:
        return hold_back(named, self.test_share, None if last else self.split_seed)
