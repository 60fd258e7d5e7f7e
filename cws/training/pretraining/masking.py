"""What a masked language model sees and predicts: the tokens of an encoder, and the words that are hidden."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cws.labelers.neural.character_tokens import CharacterTokens
from cws.training.pretraining.packed_text import Packed

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNK, CLS, SEP, MASK = range(5)
RARE = 10_000_000  # a character of which there is less than one in so many is unknown
MOST_CHARACTERS = 20_000


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of an encoder, as pretraining needs them.

    Attributes:
        of_numbers: int64, the token of each number of a packed text.
        predicted: bool, shape (size,): which tokens are masked and predicted. Those of letters and digits, which all
            look alike when they are folded, are not.
        mask: The token in place of a masked one.
        size: How many tokens there are.
        names: What they are, for a new encoder.
    """

    of_numbers: NDArray[np.int64]
    predicted: NDArray[np.bool_]
    mask: int
    size: int
    names: tuple[str, ...] = ()

    @classmethod
    def of_text(cls, packed: Packed) -> Vocabulary:
        """Return a vocabulary of the characters of a text, the most frequent first."""
        least = max(2, round(sum(packed.counts) / RARE))
        counted = [(-count, character) for character, count in zip(packed.characters, packed.counts, strict=True)
                   if count >= least and character.isprintable() and not character.isspace()]  # fmt: skip
        characters = [character for _, character in sorted(counted)[:MOST_CHARACTERS]]
        names = (*SPECIAL, *characters)
        tokens = {character: token for token, character in enumerate(names)}
        of_numbers = [tokens.get(character, UNK) for character in packed.characters]
        predicted = np.array([token > MASK and name not in "a0" for token, name in enumerate(names)])
        return cls(np.array([CLS, SEP, UNK, *of_numbers]), predicted, MASK, len(names), names)

    @classmethod
    def of_encoder(cls, packed: Packed, tokens: CharacterTokens, mask: int, size: int) -> Vocabulary:
        """Return the tokens of an encoder that there is for the characters of a text."""
        own = tokens.encode(packed.characters)
        predicted = np.zeros(size, np.bool_)
        predicted[own] = True
        predicted[[tokens.unknown, *tokens.encode("a0")]] = False
        return cls(np.array([tokens.first, tokens.last, tokens.unknown, *own]), predicted, mask, size)


def mask_words(
    tokens: NDArray[np.int64],
    begins: NDArray[np.bool_],
    vocabulary: Vocabulary,
    share: float,
    random: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Choose words and hide them.

    A character of a chosen word becomes the mask in 8 of 10 cases, another of the batch in 1, and stays in 1.

    Args:
        tokens: Shape (B, T).
        begins: Shape (B, T), where words begin; the ends of a window end words too.
        vocabulary: Which tokens may be predicted. Words with others are left alone.
        share: How many of the characters of such words are chosen; at least one word is.
        random: Draws.

    Returns:
        What the model sees, shape (B, T), where it predicts, in B times T and in order, and what.
    """
    begins = begins.copy()
    begins[:, 0] = True
    flat = tokens.ravel()
    starts = np.flatnonzero(begins)
    sizes = np.diff(starts, append=flat.size)
    allowed = np.flatnonzero(np.logical_and.reduceat(vocabulary.predicted[flat], starts))
    order = random.permutation(allowed)
    before = np.cumsum(sizes[order]) - sizes[order]  # characters chosen before each word
    chosen = np.zeros(len(starts), np.bool_)
    chosen[order[before < share * sizes[allowed].sum()]] = True
    places = np.flatnonzero(np.repeat(chosen, sizes))
    targets = flat[places]
    seen = flat.copy()
    draw = random.random(len(places))
    others = flat[random.permutation(places)]
    seen[places] = np.where(draw < 0.8, vocabulary.mask, np.where(draw < 0.9, others, targets))
    return seen.reshape(tokens.shape), places, targets
