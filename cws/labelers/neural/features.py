"""What neural labelers know of each character before its sequence is read, and batches of it.

`Features` looks at characters, at pairs of neighbours and at the words of word lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cws.labelers.character_classes import EDGE
from cws.labelers.neural.layout import LIST_BITS, PAIR_BITS


class Batch(NamedTuple):
    """Sequences side by side, filled up to the length of the longest.

    Attributes:
        codes: Shape (B, T), int64, classes of characters; EDGE after the end of a sequence.
        lexicon: Shape (B, T), int64, the bits that word lists give each character, see lexicon_features.py.
        lengths: Shape (B,), int64, on the CPU.
        places: Shape (N,), int64, where the characters lie in B times T.
        offsets: Shape (B + 1,), int64, of the sequences in N.
        standards: Shape (B,), int64, the annotation standard of each sequence, for models of several.
    """

    codes: Tensor
    lexicon: Tensor
    lengths: Tensor
    places: Tensor
    offsets: Tensor
    standards: Tensor

    @classmethod
    def of(
        cls,
        codes: Sequence[NDArray[np.integer]],
        lexicon: Sequence[NDArray[np.integer]] | None = None,
        standards: Sequence[int] | None = None,
        *,
        length: int | None = None,
    ) -> Batch:
        """Return the batch of these sequences, on the CPU.

        Args:
            codes: Of each sequence, one character or more.
            lexicon: Of each sequence; None is no words.
            standards: Of each sequence; None is 0.
            length: T; by default that of the longest.
        """
        lengths = np.fromiter(map(len, codes), np.int64, len(codes))
        longest = int(lengths.max()) if length is None else length
        rows = np.repeat(np.arange(len(codes)), lengths)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(offsets[-1]) - offsets[rows] + rows * longest
        both = np.full((2, len(codes) * longest), EDGE, np.int64)
        both[0, places] = np.concatenate(codes)
        both[1] = 0
        if lexicon is not None:
            both[1, places] = np.concatenate(lexicon)
        grid = torch.from_numpy(both.reshape(2, len(codes), longest))
        kinds = torch.zeros(len(codes), dtype=torch.int64) if standards is None else torch.tensor(standards)
        return cls(
            grid[0], grid[1], torch.from_numpy(lengths), torch.from_numpy(places), torch.from_numpy(offsets), kinds
        )

    def to(self, device: torch.device | str) -> Batch:
        """Return the batch on a device; the lengths stay on the CPU."""
        if torch.device(device).type == "cpu":
            return self
        return Batch(
            *(
                tensor.pin_memory().to(device, non_blocking=True) if tensor is not self.lengths else tensor
                for tensor in self
            )
        )

    def mask(self) -> Tensor:
        """Return shape (B, T), bool, on where there are characters."""
        every = torch.arange(self.codes.shape[1])
        return (every < self.lengths.unsqueeze(1)).to(self.codes.device)


def pair_hash(first: Tensor, second: Tensor) -> Tensor:
    """Return the row of each pair of neighbours, PAIR_BITS bits.

    Two pairs that share a row share a vector; there is no list of pairs to look up.
    """
    mixed = (first * 0x9E3779B1 + second) & 0xFFFFFFFF
    mixed = (mixed ^ (mixed >> 15)) * 0x85EBCA6B & 0xFFFFFFFF
    return mixed >> (32 - PAIR_BITS)


@dataclass(frozen=True)
class FeatureOptions:
    """The sizes of what `Features` concatenates."""

    characters: int  # how many classes of characters there are
    character_size: int = 64  # 0: no vectors of characters
    pair_size: int = 32
    standards: int = 1  # of annotation, learned together
    word_lists: int = 1


class Features(nn.Module):
    """What is known of each character before its sequence is read, shape (B, T, size).

    The vector of the character, of the pair with the character before it, of that with the one after it (edges count
    as characters), and whether it begins, is inside of or ends a word of each word list. For models of several
    annotation standards, a vector of the standard is added.
    """

    def __init__(self, options: FeatureOptions) -> None:
        super().__init__()
        self.options = options
        self.lexicon_bits = LIST_BITS * options.word_lists
        self.characters = nn.Embedding(options.characters, options.character_size) if options.character_size else None
        self.pairs = nn.Embedding(1 << PAIR_BITS, options.pair_size)
        self.size = options.character_size + 2 * options.pair_size + LIST_BITS * options.word_lists
        self.standards = nn.Embedding(options.standards, self.size)
        if self.characters is not None:
            nn.init.normal_(self.characters.weight, std=0.3)
        nn.init.normal_(self.pairs.weight, std=0.1)
        nn.init.zeros_(self.standards.weight)

    def forward(self, batch: Batch) -> Tensor:
        codes = nn.functional.pad(batch.codes, (1, 1), value=EDGE)
        pairs = self.pairs(pair_hash(codes[:, :-1], codes[:, 1:]))  # (B, T + 1, pair_size)
        bits = batch.lexicon.unsqueeze(-1) >> torch.arange(self.lexicon_bits, device=codes.device) & 1
        known = [pairs[:, :-1], pairs[:, 1:], bits.to(pairs.dtype)]
        if self.characters is not None:
            known.insert(0, self.characters(batch.codes))
        result: Tensor = torch.cat(known, dim=-1) + self.standards(batch.standards).unsqueeze(1)
        return result
