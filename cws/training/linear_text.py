"""What linear models learn from: sentences of one annotation standard or several, segmented or marked by readers.

A segmented sentence says of every place whether it is a cut. Marks leave places open, and training sums over what they
leave (partial annotation: Tsuboi, Kashima, Mori, Oda and Matsumoto 2008).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cws.corpus import train_dev_split
from cws.corpus.marks import CUT, JOIN, OPEN, MarkedSentence
from cws.errors import InputError
from cws.labelers.alphabet import MAX_SEQUENCE, Alphabet, Words, cut_sentence
from cws.tags import SBME, TagScheme
from cws.training.initial_model import InitialModel


@dataclass(frozen=True)
class Part:
    """Sentences that count alike.

    Attributes:
        sentences: Words, or marked sentences.
        weight: How many times each is seen in an epoch; 2.5 is twice, and a third time in half of the epochs.
    """

    sentences: Sequence[Words | MarkedSentence]
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.weight <= 1000:
            raise InputError(f"the weight of sentences must be above 0 and at most 1000, got {self.weight}")


@dataclass(frozen=True)
class Standard:
    """What is known of one annotation standard.

    Attributes:
        name: Such as `pku`.
        parts: What to learn from.
        dev: Sentences to choose on; None takes a part of `parts`.
        lexicon_prune: For its model, in place of that of the options.
    """

    name: str
    parts: Sequence[Part]
    dev: Sequence[Words] | Sequence[MarkedSentence] | None = None
    lexicon_prune: int | None = None

    def split(self, dev_fraction: float, seed: int) -> Standard:
        """Return the same with a dev set, which is taken from the segmented sentences, else from marked ones."""
        if self.dev is not None:
            return self
        several = [part for part in self.parts if len(part.sentences) > 1]  # a single sentence stays in training
        whole = [part for part in several if not isinstance(part.sentences[0], MarkedSentence)]
        taken = whole or several or self.parts
        parts = []
        dev: list[Any] = []  # all of one kind
        for part in self.parts:
            if any(part is one for one in taken):
                train, held = train_dev_split(part.sentences, dev_fraction, seed)
                parts.append(Part(train, part.weight))
                dev += held
            else:
                parts.append(part)
        return replace(self, parts=parts, dev=dev)

    def texts(self) -> Iterator[str]:
        """Yield the text of each sentence to learn from."""
        for part in self.parts:
            for sentence in part.sentences:
                yield sentence.text if isinstance(sentence, MarkedSentence) else "".join(sentence)


class Sequences(NamedTuple):
    """Sequences as `LinearTrainer` takes them, one after the other.

    Attributes:
        codes: (N,) uint16, classes of characters.
        tag_sets: (N,) uint8, the tags that are right, as bits.
        lengths: (B,) int64.
        standards: (B,) uint8.
        weights: (B,) float32.
        emissions: (N, K) float32, of the initial model; (0,) without one.
    """

    codes: NDArray[np.uint16]
    tag_sets: NDArray[np.uint8]
    lengths: NDArray[np.int64]
    standards: NDArray[np.uint8]
    weights: NDArray[np.float32]
    emissions: NDArray[np.float32]


def encode_standards(standards: Sequence[Standard], alphabet: Alphabet, initial: InitialModel | None) -> Sequences:
    """Return all sequences of the standards."""
    texts: list[str] = []
    sets: list[bytes] = []
    numbers: list[int] = []
    weights: list[float] = []
    for number, standard in enumerate(standards):
        for part in standard.parts:
            found = [pair for sentence in part.sentences for pair in tagged_sequences(sentence)]
            texts += [text for text, _ in found]
            sets += [one for _, one in found]
            numbers += [number] * len(found)
            weights += [part.weight] * len(found)
    return Sequences(
        alphabet.encode_sequences("".join(texts)),
        np.frombuffer(b"".join(sets), np.uint8),
        np.fromiter(map(len, texts), np.int64, len(texts)),
        np.array(numbers, np.uint8),
        np.array(weights, np.float32),
        np.empty(0, np.float32) if initial is None else initial.emissions(texts),
    )


def tagged_sequences(sentence: Words | MarkedSentence) -> list[tuple[str, bytes]]:
    """Return the sequences of a sentence, each with the sets of its tags; none is empty or holds white space."""
    if not isinstance(sentence, MarkedSentence):
        parts = cut_sentence(sentence)
        return [("".join(words), bytes(1 << tag for tag in SBME.words_to_tags(words))) for words in parts]
    sequences = []
    begin = 0
    places = bytes([CUT]) + sentence.places + bytes([CUT])  # places[i] is before character i
    for run in sentence.text.split():
        begin = sentence.text.index(run, begin)
        end = begin + len(run)
        of_run = bytes([CUT]) + places[begin + 1 : end] + bytes([CUT])
        for first, last in _short_parts(of_run):
            part = bytes([CUT]) + of_run[first + 1 : last] + bytes([CUT])
            sequences.append((run[first:last], tag_sets(part)))
        begin = end
    return sequences


def tag_sets(places: bytes, scheme: TagScheme = SBME) -> bytes:
    """Return for each character the tags that may stand there, as bits.

    Args:
        places: JOIN, CUT or OPEN before each character and after the last.
        scheme: Whose tags.

    >>> [f"{tags:04b}" for tags in tag_sets(bytes([CUT, OPEN, CUT]))]  # E M B S
    ['0011', '1001']
    """
    # The tags of some schemes (BI) do not tell whether a word ends after them.
    goes_on = [
        any(step and not start for step, start in zip(steps, scheme.start_allowed, strict=True))
        for steps in scheme.transitions_allowed
    ]
    may_follow = {JOIN: goes_on, CUT: scheme.end_allowed}
    sets = {}
    for before in (JOIN, CUT, OPEN):
        for after in (JOIN, CUT, OPEN):
            sets[before, after] = sum(
                1 << tag
                for tag in range(scheme.size)
                if before in (OPEN, scheme.start_allowed[tag]) and (after == OPEN or may_follow[after][tag])
            )
    return bytes(sets[pair] for pair in pairwise(places))


def _short_parts(places: bytes) -> Iterator[tuple[int, int]]:
    """Yield the spans of at most MAX_SEQUENCE characters, ended where a word may end; of more where none may."""
    first, count = 0, len(places) - 1
    while count - first > MAX_SEQUENCE:
        within = first + 1, first + MAX_SEQUENCE + 1
        last = places.rfind(CUT, *within) if CUT in places[slice(*within)] else places.rfind(OPEN, *within)
        if last < 0:
            last = next(at for at in range(within[1], count + 1) if places[at] != JOIN)
        yield first, last
        first = last
    if first < count:
        yield first, count
