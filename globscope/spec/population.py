"""The networks of a study, and what of them is mapped."""

from pathlib import Path
from typing import Literal

from attrs import define, field
from attrs.validators import and_, ge, gt, le, min_len, optional

from globscope.spec.network_source import NetworkSource


@define(frozen=True, kw_only=True)
class Compress:
    """How the networks are compressed before maps are fitted to them: exactly one of `keep` and `rank`.

    Attributes:
        keep: Share of the mapped weights that is kept, the same ones in all networks.
        by: Which: those of the largest mean `magnitude`, and all others are zero, as in pruning; or those that differ
            most between the networks (`variance`), and all others are the networks' mean.
        rank: Largest rank of matrices (of convolutions, with a row for each output channel), by the truncated singular
            value decomposition; tensors of one axis stay as they are.
        of: What has this rank: the `difference` of each matrix from the networks' mean, or the `matrix` itself.
    """

    keep: float | None = field(default=None, validator=optional(and_(gt(0), le(1))))
    by: Literal["magnitude", "variance"] = "magnitude"
    rank: int | None = field(default=None, validator=optional(ge(1)))
    of: Literal["difference", "matrix"] = "difference"

    def __attrs_post_init__(self) -> None:
        if (self.keep is None) == (self.rank is None):
            raise ValueError("needs exactly one of 'keep' and 'rank'")
        if self.keep is None and self.by != "magnitude":
            raise ValueError("by goes with 'keep'")
        if self.rank is None and self.of != "difference":
            raise ValueError("of goes with 'rank'")


@define(frozen=True, kw_only=True)
class PopulationSpec(NetworkSource):
    """The networks of the study.

    Attributes:
        flatten: What part of a network is mapped: its trainable `parameters`, or `all`, which adds its floating
            buffers, with running variances as logarithms (for `evaluator.batch_norm = "encoded"`).
        base: With `checkpoints` or `table`: the network that they were fine-tuned from, a checkpoint or a folder that
            holds one. With it, LoRA adapters as peft saves them are networks: what is mapped are the products of their
            factors, in the tensors that some adapter changes.
        include_base: Whether the base is a member too: step 0 of the variant `base`.
        include: Patterns of names, such as `["head.*", "blocks.11.*"]`: only tensors that match one are mapped; all if
            unset. What is left out must be the same in all checkpoints, or that of the network `unmapped`.
        exclude: Patterns of names of tensors that are not mapped.
        unmapped: With include or exclude: the network whose tensors stand, in all networks, for those that are not
            mapped, such as `A@40`, or `A` for the last one of that run; every network is then scored with them. Thus
            one part of several is mapped, such as the generators beside one discriminator.
        align: Name of an aligner. Before the maps are made, the final network of every run is aligned to that of
            `reference`, and all checkpoints of the run take the same permutation.
        reference: The variant that the others are aligned to; the first if unset.
        compress: How networks are compressed before maps are fitted to them; the losses of the networks themselves stay
            what decoded losses are compared with.
        null: `gaussian` puts surrogates in the networks' place: random vectors that have, tensor by tensor, the same
            inner products within and between runs, so the same distances. What a map shows of them, it makes of
            distances alone.
        null_seed: Seed of the surrogates; the study's if unset.
    """

    flatten: Literal["parameters", "all"] = "parameters"
    base: Path | None = None
    include_base: bool = True
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    unmapped: str | None = field(default=None, validator=optional(min_len(1)))
    align: str | None = None
    reference: str | None = None
    compress: Compress | None = None
    null: Literal["none", "gaussian"] = "none"
    null_seed: int | None = field(default=None, validator=optional(ge(0)))

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self._require_base()
        if self.null != "none" and (self.align is not None or self.both):
            taken = "align" if self.align is not None else "flatten = 'all'"
            raise ValueError(f"null = {self.null!r} goes without {taken}: surrogates are no networks with units")
        if self.null_seed is not None and self.null == "none":
            raise ValueError("null_seed goes with null = 'gaussian'")
        if self.unmapped is not None and not (self.include or self.exclude):
            raise ValueError("unmapped goes with 'include' or 'exclude'")
        if self.reference is not None and self.align is None:
            raise ValueError("reference goes with 'align'")
        if self.compress is not None and self.both:
            raise ValueError("compress goes with flatten = 'parameters'")
        if self.align is not None and self.both:
            raise ValueError("align goes with flatten = 'parameters'")
        if self.train is not None and (self.include or self.exclude):
            raise ValueError("include and exclude are for checkpoints; runs trained here differ in all weights")

    def _require_base(self) -> None:
        """Refuse options about a base where there is none, or nothing that starts from it."""
        if self.base is not None and not self.reads_files:
            raise ValueError("base goes with 'checkpoints' or 'table'")
        if not self.include_base and self.base is None:
            raise ValueError("include_base goes with 'base'")

    @property
    def both(self) -> bool:
        """Whether buffers are flattened too."""
        return self.flatten == "all"

    @property
    def chooses(self) -> bool:
        """Whether anything but the trainable parameters is mapped."""
        return self.both or bool(self.include or self.exclude)
