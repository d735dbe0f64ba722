"""The causal transformer with pre-normalisation, as GPT-2 has it (Radford et al., 2019), small."""

import torch
from torch import nn

from globscope.api import UserCodeError
from globscope.builtin.tasks.models.vit import TransformerBlock


class Transformer(nn.Module):
    """Embeddings of tokens and places, causal blocks, and a head."""

    def __init__(self, places: int, vocabulary: int, **size: int) -> None:
        """Predict each next token of `places`."""
        super().__init__()
        dim = size["dim"]
        self.tokens, self.places = nn.Embedding(vocabulary, dim), nn.Parameter(0.02 * torch.randn(places, dim))
        self.blocks = nn.ModuleList(TransformerBlock(dim, size["heads"]) for _ in range(size["depth"]))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, vocabulary)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return (n, places, vocabulary) logits."""
        length = tokens.shape[1]
        x = self.tokens(tokens) + self.places[:length]
        later = torch.ones(length, length, dtype=torch.bool, device=tokens.device).triu(1)
        for block in self.blocks:
            x = block(x, later)
        return self.head(self.norm(x))  # type: ignore[no-any-return]


def transformer(shape: tuple[int, ...], outputs: int, *, dim: int = 64, depth: int = 2, heads: int = 2) -> Transformer:
    """Return a fresh transformer of `depth` blocks of `dim` features, for (places,) tokens."""
    if dim % heads:
        raise UserCodeError(f"task.model_options.heads: {heads} does not divide dim = {dim}")
    return Transformer(shape[0], outputs, dim=dim, depth=depth, heads=heads)
