"""Where the words of word lists begin, go on and end: features of characters, for neural labelers.

Each character has twelve bits of each list: it begins, is inside of, ends a word of two, of three, of four, of five to
eight characters that stands there, whatever else does. Lists differ in what they hold, and the difference tells (see
docs/explanation/linear.md), so they are not merged. Words are looked up in the classes of an alphabet, as the models
see characters. `reference_bits` is the specification; the core's `lexicon_bits` does the same.
"""

from __future__ import annotations

from cws._native import WordTrie, lexicon_bits
from cws.labelers.neural.layout import LIST_BITS, MAX_LISTS, MAX_WORD
from cws.lattice import TENSORS, map_trie, trie_tensors

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from cws.labelers.alphabet import Alphabet
    from cws.labelers.neural.character_tokens import CharacterTokens

__all__ = ["TENSORS", "LexiconFeatures", "reference_bits"]


def reference_bits(words: Mapping[tuple[int, ...], int], codes: Sequence[int]) -> list[int]:
    """Return the bits of each character of one sequence, slowly and readably.

    Bit LIST_BITS * list + 3 * min(size - 2, 3) + 0, 1, 2 says that the character begins, is inside of, ends a word of
    that size in that list.

    Args:
        words: As codes, of 2 to MAX_WORD characters, with the sum of 2**list of the lists they are in.
        codes: Of the sequence.

    >>> reference_bits({(9, 10): 1, (10, 11, 12): 1}, [9, 10, 11, 12])
    [1, 12, 16, 32]
    """
    bits = [0] * len(codes)
    for begin in range(len(codes)):
        for end in range(begin + 2, min(begin + MAX_WORD, len(codes)) + 1):
            lists = words.get(tuple(codes[begin:end]), 0)
            for kind in (LIST_BITS * at + 3 * min(end - begin - 2, 3) for at in range(MAX_LISTS) if lists >> at & 1):
                bits[begin] |= 1 << kind
                for inside in range(begin + 1, end - 1):
                    bits[inside] |= 2 << kind
                bits[end - 1] |= 4 << kind
    return bits


class LexiconFeatures:
    """Word lists in the classes of an alphabet.

    Attributes:
        trie: The words; the characters are chr(class), a weight is the sum of 2**list of the lists a word is in.
    """

    def __init__(self, trie: WordTrie) -> None:
        self.trie = trie

    @classmethod
    def of(cls, alphabet: Alphabet | CharacterTokens, word_lists: Iterable[Iterable[str]]) -> LexiconFeatures:
        """Return all words of two to MAX_WORD characters that the alphabet knows.

        Args:
            alphabet: The model's.
            word_lists: Words. Lists from the MAX_LISTS-th on count as one.
        """
        words: dict[str, int] = {}
        for at, word_list in enumerate(word_lists):
            for word in word_list:
                if 2 <= len(word) <= MAX_WORD and not any(map(str.isspace, word)):
                    words[word] = words.get(word, 0) | 1 << min(at, MAX_LISTS - 1)
        codes = alphabet.encode("".join(words))
        known = alphabet.knows(codes)
        entries: dict[str, int] = {}
        end = 0
        for word, lists in words.items():
            begin, end = end, end + len(word)
            if known[begin:end].all():
                entry = "".join(map(chr, codes[begin:end].tolist()))
                entries[entry] = entries.get(entry, 0) | lists
        return cls(WordTrie.build((entry, float(entries[entry])) for entry in sorted(entries)))

    @classmethod
    def map(cls, tensors: Mapping[str, memoryview], source: object = "the lexicon") -> LexiconFeatures:
        """Return the lexicon in the tensors TENSORS of a model file.

        Args:
            tensors: As `model_io.map_tensors` returns them; others are allowed.
            source: What to name in an error.

        Raises:
            ModelError: Arrays that are no lexicon.
        """
        return cls(map_trie({name: tensors[name] for name in TENSORS}, source))

    def tensors(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return the tensors TENSORS, to be written by `model_io.write_model`."""
        return trie_tensors(self.trie)

    def bits(self, codes: NDArray[np.uint16], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the bits of each character.

        Args:
            codes: Shape (N,), of sequences one after the other.
            lengths: Shape (B,), of the sequences; no word goes over an edge.

        Raises:
            ValueError: Lengths that are negative or do not add up to N.
        """
        return lexicon_bits(self.trie, codes, lengths)

    def words(self) -> dict[tuple[int, ...], int]:
        """Return the words as codes, with the lists they are in, as `reference_bits` takes them."""
        return {tuple(map(ord, word)): int(lists) for word, lists in self.trie.items()}

    def __len__(self) -> int:
        return len(self.trie)
