"""The linear labeler: a CRF over character n-grams, character types, repetitions and what a lexicon says of n-grams.

This file says what a linear model's tensors are, opens them for the C++ core, and holds the specification of the core's
scores in plain Python (`reference_emissions`). Training is in cws/training/linear.py.
"""

from __future__ import annotations

from cws import model_io
from cws._native import LinearPredictor
from cws.errors import ModelError
from cws.labelers.character_classes import ABSENT, EDGE, classes_of

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from typing import Any

PAD = 2  # edges on either side of a sequence

# Scores are integers; the score in nats is that times the scale in cws.json. Tags are in the order of cws/tags.py.
TENSORS: model_io.Specification = {
    "characters": ("U16", (0x10000,)),  # the class of each code point of the BMP
    "types": ("U8", (None,)),  # the type of each class, as in cws/text.py
    "unigrams": ("I8", (None, 5, 4)),  # [class][position -2 ... 2 from the character][tag]
    "buckets": ("U8", (None, 64)),  # the n-grams, see cws/native/models/ngram_weights.h
    "pilots": ("U8", (None,)),
    "type_contexts": ("I16", (1 << 15, 4)),  # [types of five characters, three bits each][tag]
    "repetitions": ("I16", (32, 4)),  # [which neighbours are the same, see reference_emissions][tag]
    "transitions": ("I16", (4, 4)),  # [from][to]
    "start": ("I16", (4,)),
    "end": ("I16", (4,)),
}


def open_linear(folder: str | os.PathLike[str], config: Mapping[str, Any]) -> LinearPredictor:
    """Return the model in a folder, mapped into memory.

    Raises:
        ModelError: A broken or foreign file.
    """
    scale = config.get("scale")
    if not isinstance(scale, float) or not 0 < scale < 1:
        raise ModelError(f"{folder}: expected a scale between 0 and 1 in cws.json, got {scale!r}")
    try:
        return LinearPredictor(model_io.map_tensors(folder, config, TENSORS), scale)
    except ModelError:
        raise
    except ValueError as error:  # from the core, which checks what it will take on trust
        raise ModelError(f"{folder}: {error}: the file is damaged, train or install the model again") from None


def ngram_key(classes: Sequence[int]) -> int:
    """Return the key of an n-gram of two to four classes, 16 bits each, the first in the lowest bits."""
    padded = [*classes, ABSENT, ABSENT][:4]
    return sum(one << (16 * at) for at, one in enumerate(padded))


class ReferenceTable:
    """Looks n-grams up in the mapped table, as cws/native/models/ngram_weights.h does."""

    def __init__(self, buckets: memoryview, pilots: memoryview) -> None:
        self._buckets, self._pilots = bytes(buckets), bytes(pilots)

    def find(self, key: int) -> tuple[list[int], bool] | None:
        """Return the n-gram's sixteen weights and whether 4-grams begin with it; None if it is not there."""
        key = key * 0x9E3779B97F4A7C15 % 2**64
        key = (key ^ key >> 32) * 0xD6E8FEB86659FD93 % 2**64
        fingerprint, place = key >> 32 or 1, key % 2**32
        pilot = self._pilots[fingerprint * len(self._pilots) >> 32]
        mixed = (place ^ pilot * 0x9E3779B1 % 2**32) * 0x85EBCA6B % 2**32
        begin = (mixed * (len(self._buckets) // 64) >> 32) * 64
        bucket = self._buckets[begin : begin + 64]
        for entry in range(3):
            if int.from_bytes(bucket[4 * entry : 4 * entry + 4], "little") == fingerprint:
                weights = memoryview(bucket[16 + 16 * entry : 32 + 16 * entry]).cast("b").tolist()
                return weights, bool(bucket[12 + entry] & 1)
        return None


def reference_emissions(tensors: Mapping[str, memoryview], text: str) -> list[list[int]]:
    """Return the scores of the four tags at each character of a text without white space, slowly and readably.

    The core must return the same; tests compare them.
    """
    table = ReferenceTable(tensors["buckets"], tensors["pilots"])
    unigrams = tensors["unigrams"].cast("b")
    type_contexts, repetitions = tensors["type_contexts"].cast("h"), tensors["repetitions"].cast("h")
    count = len(text)
    codes = [EDGE] * PAD + classes_of(tensors["characters"], text) + [EDGE] * (PAD + 1)
    scores = [[0] * 4 for _ in range(count)]

    def add(first: int, weights: Sequence[int]) -> None:
        """Add four weights each to the characters from `first`; some may lie outside the text."""
        for at in range(len(weights) // 4):
            if 0 <= first + at < count:
                for tag in range(4):
                    scores[first + at][tag] += weights[4 * at + tag]

    for i in range(-PAD, count + PAD):
        row = 20 * codes[i + PAD]
        add(i - 2, unigrams[row : row + 20].tolist())
    for i in range(-1, count):
        here = codes[i + PAD : i + PAD + 4]
        if bigram := table.find(ngram_key(here[:2])):
            add(i - 1, bigram[0])
        if trigram := table.find(ngram_key(here[:3])):
            add(i - 1, trigram[0])
            if trigram[1] and (fourgram := table.find(ngram_key(here))):
                add(i, fourgram[0])
    for i in range(count):
        before2, before, here_, after, after2 = codes[i : i + 5]
        context = 0
        for code in codes[i : i + 5]:
            context = context << 3 | tensors["types"][code]
        add(i, type_contexts[4 * context : 4 * context + 4].tolist())
        same = (here_ == before, here_ == after, before == after, here_ == before2, here_ == after2)
        pattern = sum(one << bit for bit, one in enumerate(same))
        add(i, repetitions[4 * pattern : 4 * pattern + 4].tolist())
    return scores
