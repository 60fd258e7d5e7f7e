"""Characters as numbers: the alphabet of a model, and corpora written in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cws.labelers.linear import ABSENT, FIRST_KNOWN, SEPARATOR, UNKNOWN
from cws.tags import SBME
from cws.text import HANZI, PUNCTUATION, SPACE, TYPE_NAMES, character_type, fold, folded_bmp

Words = Sequence[str]

MAX_SEQUENCE = 1024  # characters, kMaxSequence of cws/native/labeler.h


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
        counts = Counter[str]()
        for text in texts:
            counts.update(fold(text))
        known = [c for c, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if ord(c) < 0x10000]
        known = [c for c in known if character_type(c) != SPACE][: ABSENT - FIRST_KNOWN - 1]
        class_of = {ord(character): FIRST_KNOWN + at for at, character in enumerate(known)}
        characters = [class_of.get(code) or UNKNOWN + character_type(chr(code)) for code in folded_bmp()]
        types = [SPACE, *range(len(TYPE_NAMES)), *map(character_type, known)]  # the edge counts as white space
        return cls(np.array(characters, np.uint16), np.array(types, np.uint8))

    def encode(self, text: str) -> NDArray[np.uint16]:
        """Return the class of each character."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        ideographs = (codes >= 0x20000) & (codes < 0x40000)
        beyond = np.where(ideographs, UNKNOWN + HANZI, UNKNOWN + PUNCTUATION).astype(np.uint16)
        return np.where(codes < 0x10000, self.characters[codes & 0xFFFF], beyond)

    def encode_corpus(
        self, sentences: Sequence[Words]
    ) -> tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.int64]]:
        """Return the codes and tags of all sentences, one behind the other, and the sentences' lengths.

        Sentences of more than MAX_SEQUENCE characters are cut between words, as the segmenter cuts long text.
        """
        sentences = [part for words in sentences for part in _cut(words)]
        texts = ["".join(words) for words in sentences]
        tags = np.frombuffer(SBME.words_to_tags(word for words in sentences for word in words), np.uint8)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        codes = self.encode("".join(texts))
        # Control characters stand between words, never in one: as in the segmenter, they are not seen.
        codes[codes == SEPARATOR] = UNKNOWN
        return codes, tags, lengths


def _cut(words: Words) -> list[Words]:
    """Return the words in parts of at most MAX_SEQUENCE characters; a longer word is a part of its own."""
    if sum(map(len, words)) <= MAX_SEQUENCE:
        return [words]
    parts: list[list[str]] = [[]]
    length = 0
    for word in words:
        if parts[-1] and length + len(word) > MAX_SEQUENCE:
            parts.append([])
            length = 0
        parts[-1].append(word)
        length += len(word)
    return [*parts]
