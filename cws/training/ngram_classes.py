"""Classes of n-grams, which have weights of their own: what word lists say, and what raw text says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cws.labelers.alphabet import Alphabet
from cws.labelers.character_classes import ABSENT, FIRST_KNOWN
from cws.text import fold

WordList = Mapping[str, int | None]

MAX_ORDER = 4  # characters in the longest n-gram
CLASSES = 192  # of n-grams of raw text (cws/lexicon/raw_classes.py), counted from 1


class NgramClasses(NamedTuple):
    """N-grams with their classes, as `LinearTrainer` takes them.

    Attributes:
        keys: (m,) uint64, as in cws/labelers/reference.py.
        classes: (m,) uint16, counted from 1.
    """

    keys: NDArray[np.uint64]
    classes: NDArray[np.uint16]


def lexicon_entries(alphabet: Alphabet, word_lists: Sequence[WordList], frequent: float) -> NgramClasses:
    """Return the words of two to four characters, and their lexicon classes.

    Words are in the same class when the same lists hold them, and hold them as equally frequent ones.
    """
    memberships: dict[str, int] = {}
    bit = 1
    for word_list in word_lists:
        words = [word for word in word_list if 2 <= len(word) <= MAX_ORDER and not any(map(str.isspace, word))]
        folded = fold(" ".join(words)).split(" ") if words else []
        counts = sorted((count for count in word_list.values() if count), reverse=True)
        limit = counts[int(frequent * len(counts))] if counts else None
        for word, original in zip(folded, words, strict=True):
            is_frequent = limit is not None and (word_list[original] or 0) >= limit
            memberships[word] = memberships.get(word, 0) | (3 * bit if is_frequent else bit)
        bit <<= 2
    class_of = {membership: at for at, membership in enumerate(sorted(set(memberships.values())), 1)}
    keys, values = [np.empty(0, np.uint64)], [np.empty(0, np.uint16)]
    for order in range(2, MAX_ORDER + 1):
        words = [word for word in memberships if len(word) == order]
        codes = alphabet.encode("".join(words)).reshape(-1, order)
        known = (codes >= FIRST_KNOWN).all(axis=1)
        keys.append(keys_of(codes)[known])
        values.append(np.array([class_of[memberships[word]] for word in words], np.uint16)[known])
    return NgramClasses(np.concatenate(keys), np.concatenate(values))


def raw_entries(alphabet: Alphabet, tables: Sequence[tuple[NDArray[np.uint32], NDArray[np.uint16]]]) -> NgramClasses:
    """Return the n-grams of raw text whose characters the alphabet knows, and their classes.

    Args:
        alphabet: Of the model.
        tables: For the orders 2, 3 and so on, at most to MAX_ORDER: code points (m, order), and classes (m,) from 1.
    """
    keys, values = [np.empty(0, np.uint64)], [np.empty(0, np.uint16)]
    for ngrams, classes in tables:
        text = ngrams.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")
        codes = alphabet.encode(text).reshape(ngrams.shape)
        known = (codes >= FIRST_KNOWN).all(axis=1)
        keys.append(keys_of(codes)[known])
        values.append(classes[known])
    return NgramClasses(np.concatenate(keys), np.concatenate(values).astype(np.uint16))


def keys_of(codes: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """Return the keys of n-grams of one order, given as character classes of shape (m, order)."""
    absent = np.full((len(codes), MAX_ORDER - codes.shape[1]), ABSENT)
    places = np.hstack([codes, absent]).astype(np.uint64) << np.arange(0, 16 * MAX_ORDER, 16, dtype=np.uint64)
    keys: NDArray[np.uint64] = places.sum(axis=1, dtype=np.uint64)
    return keys
