"""Transformers with pre-normalisation: for images (Dosovitskiy et al., 2021), and causal for tokens, as GPT-2 is."""

import torch
from torch import nn

from globscope.api import UserCodeError
from globscope.builtin.tasks.models import image


class TransformerBlock(nn.Module):
    """Attention and a two-layer perceptron, each with its own shortcut."""

    def __init__(self, dim: int, heads: int) -> None:
        """Use `dim` features for each token."""
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x: torch.Tensor, hidden: torch.Tensor | None = None) -> torch.Tensor:
        """Return (n, tokens, dim); `hidden`, (tokens, tokens), masks the tokens to which a token does not attend."""
        normalised = self.norm1(x)
        x = x + self.attention(normalised, normalised, normalised, need_weights=False, attn_mask=hidden)[0]
        return x + self.mlp(self.norm2(x))  # type: ignore[no-any-return]


class ViT(nn.Module):
    """Patches, position embeddings, blocks, and a head on the class token."""

    def __init__(self, channels: int, tokens: int, outputs: int, **size: int) -> None:
        """Embed `tokens` patches of a `size` (patch, dim, depth, heads)."""
        patch, dim = size["patch"], size["dim"]
        super().__init__()
        self.patches = nn.Conv2d(channels, dim, patch, patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(0.02 * torch.randn(1, tokens + 1, dim))
        self.blocks = nn.Sequential(*(TransformerBlock(dim, size["heads"]) for _ in range(size["depth"])))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, outputs) logits."""
        patches = self.patches(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(x), -1, -1), patches], dim=1) + self.positions
        return self.head(self.norm(self.blocks(tokens))[:, 0])  # type: ignore[no-any-return]


def vit(shape: tuple[int, ...], outputs: int, *, patch: int = 4, dim: int = 128, depth: int = 6, heads: int = 4) -> ViT:
    """Return a fresh ViT on square patches of `patch` pixels, with `depth` blocks of `dim` features."""
    channels, height, width = image("vit", shape)
    if height % patch or width % patch:
        raise UserCodeError(f"task.model_options.patch: {patch} does not divide images of {height}×{width}")
    if dim % heads:
        raise UserCodeError(f"task.model_options.heads: {heads} does not divide dim = {dim}")
    tokens = (height // patch) * (width // patch)
    return ViT(channels, tokens, outputs, patch=patch, dim=dim, depth=depth, heads=heads)


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
