"""Characters as numbers: the alphabet of a model, and corpora written in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cws.labelers.character_classes import ABSENT, FIRST_KNOWN, SEPARATOR, UNKNOWN
from cws.tags import SBME, TagScheme
from cws.text import HANZI, PUNCTUATION, SPACE, TYPE_NAMES, bmp_types, fold, folded_bmp

Words = Sequence[str]

MAX_SEQUENCE = 1024  # characters, kMaxSequence of cws/native/base/labeler.h


@dataclass(frozen=True)
class Alphabet:
    """The characters a model tells apart.

    Attributes:
        characters: The class of each code point of the BMP; uint16, shape (65536,).
        types: The type of each class; uint8, shape (classes,).
    """

    characters: NDArray[np.uint16]
    types: NDArray[np.uint8]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Alphabet:
        """Return the alphabet of the folded characters of the texts, the most frequent first."""
        codes = np.frombuffer(fold("".join(texts)).encode("utf-32-le", "surrogatepass"), np.uint32)
        counts = np.bincount(codes[codes < 0x10000], minlength=0x10000)
        folded, type_of = np.array(folded_bmp()), np.frombuffer(bmp_types(), np.uint8)
        known = np.flatnonzero((counts > 0) & (type_of != SPACE))
        known = known[np.argsort(-counts[known], kind="stable")][: ABSENT - FIRST_KNOWN - 1]
        classes = UNKNOWN + type_of.astype(np.uint16)
        classes[known] = FIRST_KNOWN + np.arange(len(known))
        edge = [SPACE]  # counts as white space
        return cls(classes[folded], np.concatenate([edge, range(len(TYPE_NAMES)), type_of[known]]).astype(np.uint8))

    def encode(self, text: str) -> NDArray[np.uint16]:
        """Return the class of each character."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        ideographs = (codes >= 0x20000) & (codes < 0x40000)
        beyond = np.where(ideographs, UNKNOWN + HANZI, UNKNOWN + PUNCTUATION).astype(np.uint16)
        return np.where(codes < 0x10000, self.characters[codes & 0xFFFF], beyond)

    def knows(self, codes: NDArray[Any]) -> NDArray[np.bool_]:
        """Return whether each class is that of a single character."""
        return np.asarray(codes >= FIRST_KNOWN)

    def encode_corpus(
        self, sentences: Sequence[Words], scheme: TagScheme = SBME
    ) -> tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.int64]]:
        """Return the codes and tags of all sentences, one after the other, and the sentences' lengths.

        Sentences of more than MAX_SEQUENCE characters are cut between words, as the segmenter cuts long text.
        """
        sentences = [part for words in sentences for part in cut_sentence(words)]
        texts = ["".join(words) for words in sentences]
        tags = np.frombuffer(scheme.words_to_tags(word for words in sentences for word in words), np.uint8)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        return self.encode_sequences("".join(texts)), tags, lengths

    def encode_sequences(self, text: str) -> NDArray[np.uint16]:
        """Return the class of each character of sequences.

        Control characters stand between words, never in one: as in the segmenter, they are not seen.
        """
        codes = self.encode(text)
        codes[codes == SEPARATOR] = UNKNOWN
        return codes


def cut_sentence(words: Words, most: int = MAX_SEQUENCE) -> list[Words]:
    """Return the words in parts of at most so many characters; a longer word is a part of its own."""
    if sum(map(len, words)) <= most:
        return [words]
    parts: list[list[str]] = [[]]
    length = 0
    for word in words:
        if parts[-1] and length + len(word) > most:
            parts.append([])
            length = 0
        parts[-1].append(word)
        length += len(word)
    return [*parts]
