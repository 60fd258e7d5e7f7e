"""The lattice of a text's words, the best path over it, and the static trie that finds the words.

A text's lattice has an edge for every word of a list that the text has somewhere, with the word's weight, a
log-probability. Where no word begins, the character alone is an edge, with the weight for unknown characters: so there
is always a path from the first character to the last. `best_path` is the specification in plain Python; the core's
`WordTrie` does the same.

>>> trie = WordTrie.build([("研究", -7.0), ("研究生", -9.0), ("生命", -8.0), ("命", -8.5)])
>>> trie.best_path("研究生命", -20.0)
([2, 4], -15.0)
"""

from __future__ import annotations

from cws._native import WordTrie
from cws.errors import ModelError

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import numpy as np

__all__ = ["TENSORS", "WordTrie", "best_path", "edges", "map_trie", "trie_tensors"]

# A trie as arrays, described in cws/native/trie/trie.h.
TENSORS: Mapping[str, tuple[str, tuple[int | None, ...]]] = {
    "pages": ("U16", (0x1100,)),  # [code point >> 8]: the row of `classes` for these 256 code points
    "classes": ("U32", (None, 256)),  # [row][code point & 255]: 0 if it is in no word
    "nodes": ("U8", (None, 16)),  # base (U32), parent (U32), weight (F64; NaN: no word ends here)
}


def edges(text: str, words: Mapping[str, float], unknown: float) -> list[list[tuple[int, float]]]:
    """Return the lattice of a text: for each place, (end, weight) of the edges that begin there, the shortest first.

    Args:
        text: Any text.
        words: Finite weights of words, which are not empty.
        unknown: The weight of a character alone where no word begins.
    """
    longest = max(map(len, words), default=0)
    lattice = []
    for begin in range(len(text)):
        ends = range(begin + 1, min(len(text), begin + longest) + 1)
        found = [(end, words[text[begin:end]]) for end in ends if text[begin:end] in words]
        lattice.append(found or [(begin + 1, unknown)])
    return lattice


def best_path(text: str, words: Mapping[str, float], unknown: float) -> tuple[list[int], float]:
    """Return the ends of the words of the best path, and its score.

    The score of a path is the sum of its weights, added from the last word to the first. Of equal paths the one with
    the longer first word is best, and so on.

    Args:
        text: Any text.
        words: Finite weights of words, which are not empty.
        unknown: The weight of a character alone where no word begins.
    """
    lattice = edges(text, words, unknown)
    scores = [0.0] * (len(text) + 1)
    first_ends = [0] * len(text)
    for begin in reversed(range(len(text))):
        scores[begin], first_ends[begin] = max((weight + scores[end], end) for end, weight in lattice[begin])
    ends = []
    at = 0
    while at < len(text):
        at = first_ends[at]
        ends.append(at)
    return ends, scores[0]


def trie_tensors(trie: WordTrie) -> dict[str, np.ndarray[Any, Any]]:
    """Return the arrays of a trie, to be written by `model_io.write_model`."""
    return trie_arrays(trie.tensors())


def trie_arrays(tensors: Mapping[str, bytes]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the bytes of a trie's tensors as arrays."""
    import numpy as np

    return {
        "pages": np.frombuffer(tensors["pages"], np.uint16),
        "classes": np.frombuffer(tensors["classes"], np.uint32).reshape(-1, 256),
        "nodes": np.frombuffer(tensors["nodes"], np.uint8).reshape(-1, 16),
    }


def map_trie(tensors: Mapping[str, memoryview], source: object = "the trie") -> WordTrie:
    """Return the trie in arrays, which it uses where they lie, for example in a mapped file.

    Args:
        tensors: As `model_io.map_tensors` returns them for TENSORS.
        source: What to name in an error.

    Raises:
        ModelError: Arrays that are no trie.
    """
    try:
        return WordTrie.map(dict(tensors))
    except ValueError as error:  # from the core, which checks what it will take on trust
        raise ModelError(f"{source}: {error}: the file is damaged, make it again") from None
