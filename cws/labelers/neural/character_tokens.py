"""Characters as the tokens of an encoder of transformers, one each.

The token of a character is that of the character itself, else of its small, its half-width or its simplified form, else
the unknown token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cws.text import fold, folding_table


@dataclass(frozen=True)
class CharacterTokens:
    """The tokens of characters.

    Attributes:
        characters: The token of each code point of the BMP; int64, shape (65536,).
        unknown: The token of characters that have none, all those beyond the BMP among them.
        first, last: The tokens before and after a sequence.
    """

    characters: NDArray[np.int64]
    unknown: int
    first: int
    last: int

    @classmethod
    def of(cls, vocabulary: Mapping[str, int], unknown: int, first: int, last: int) -> CharacterTokens:
        """Return the tokens by a vocabulary."""
        every = list(map(chr, range(0x10000)))
        small = folding_table(case=True, width=False)
        narrow = folding_table(case=True, width=True)
        tokens = np.full(0x10000, unknown, np.int64)
        forms = [fold("".join(every)), "".join(every).translate(narrow), "".join(every).translate(small), every]
        for form in forms:  # the last that is known wins
            for code, character in enumerate(form):
                if (token := vocabulary.get(character)) is not None:
                    tokens[code] = token
        return cls(tokens, unknown, first, last)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the token of each character."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        return np.where(codes < 0x10000, self.characters[codes & 0xFFFF], self.unknown)

    def knows(self, codes: NDArray[Any]) -> NDArray[np.bool_]:
        """Return whether each token is that of a character."""
        return np.asarray(codes != self.unknown)
