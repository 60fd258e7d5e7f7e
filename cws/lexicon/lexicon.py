"""A lexicon: words with their counts and statistics, its file, and segmenting with it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from os import PathLike
from typing import Any

import numpy as np

from cws._native import DictionaryPredictor
from cws.errors import CorpusError, InputError
from cws.files import atomic_output, display_name, read_lines
from cws.labelers.dictionary import write_trie
from cws.lattice import WordTrie
from cws.lexicon.candidates import NgramIndex
from cws.lexicon.entropy import information_per_character
from cws.word_list import LEXICON_HEADER, read_word_list

COLUMNS = ("word", "count", "pmi", "gain", "left_entropy", "right_entropy", "weight")
_FIGURES = 4  # of an entry beside its count; the weight follows from them

# What a word of a lexicon is worth to a model, in nats of evidence: chosen on ctb6.dev and, of other texts, zx.dev and
# medical.dev, with the lexicon of ctb6.train's text. The models know their own standard better than any lexicon, so
# that little helps at all, and 2 nats for each word lose where its parts hold together loosely. F1 without the lexicon
# and with it (scripts/studies/own_words.py): ctb 96.78 and 96.72, 91.21 and 91.29, 78.88 and 78.88; pku 89.00 and
# 89.08, 83.82 and 83.83, 79.67 and 79.78.
_LEAST_PMI = 3.0
_NATS_OF_PMI = 0.5
_MOST_WEIGHT = 3.0
_LEAST_ENTROPY = 0.5  # on both sides: what has hardly any neighbours is a part of a word


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a word; None where the n-gram counts have not got it.

    Attributes:
        count: How often it is a word.
        pmi: Mutual information of its parts at the weakest place, in nats.
        gain: F there, in nats a character of the text.
        left_entropy, right_entropy: Branching entropies, in nats.
    """

    count: int
    pmi: float | None = None
    gain: float | None = None
    left_entropy: float | None = None
    right_entropy: float | None = None


def evidence(entry: Entry) -> float:
    """Return the weight of a word of a lexicon in a user dictionary: calibrated, from 0 to 3 nats."""
    if entry.pmi is None or min(entry.left_entropy or 0.0, entry.right_entropy or 0.0) <= _LEAST_ENTROPY:
        return 0.0
    return min(max(_NATS_OF_PMI * (entry.pmi - _LEAST_PMI), 0.0), _MOST_WEIGHT)


@dataclass(frozen=True)
class Lexicon:
    """Words, the most frequent first. A `0` in a word stands for any number, an `a` for any Latin word.

    >>> Lexicon({"研究": Entry(60), "研究生": Entry(20), "生命": Entry(40), "命": Entry(10)}).segment("研究生命2次")
    ['研究', '生命', '2', '次']
    """

    entries: dict[str, Entry]
    _trie: WordTrie = field(init=False, repr=False, compare=False)
    _unknown: float = field(init=False, repr=False, compare=False)
    _native: DictionaryPredictor = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.entries or "" in self.entries:
            raise InputError("expected a lexicon of words, got an empty one or an empty word")
        words = sorted(self.entries)
        words.sort(key=lambda word: -self.entries[word].count)
        ordered = {word: self.entries[word] for word in words}
        if next(reversed(ordered.values())).count < 1:
            raise InputError("expected counts of 1 and more")
        object.__setattr__(self, "entries", ordered)
        total = math.log(sum(entry.count for entry in ordered.values()))
        weights = ((word, math.log(entry.count) - total) for word, entry in ordered.items())
        object.__setattr__(self, "_trie", WordTrie.build(weights))
        object.__setattr__(self, "_unknown", -total - 10)
        native = DictionaryPredictor(self._trie.tensors(), self._unknown, True)
        object.__setattr__(self, "_native", native)

    @classmethod
    def of(cls, counts: Mapping[str, int], index: NgramIndex | None = None) -> Lexicon:
        """Return the lexicon of words with their counts, and with the statistics of n-grams where there are any."""
        known = _statistics(list(counts), index) if index else []
        return cls(dict(zip(counts, map(Entry, counts.values(), *known), strict=True)))

    def segment(self, text: str) -> list[str]:
        """Return the words of a text by the best path; joined, they are the text.

        `symbols.split` with `segment_run` is the specification; control characters count as white space here.
        """
        if not isinstance(text, str):
            raise InputError(f"segment expects a str, got {type(text).__name__}: decode bytes first")
        return self._native.segment(text)

    def segment_run(self, run: str) -> list[str]:
        """Return the words of a run of symbols, as `symbols.runs` makes them."""
        return self._trie.segment(run, self._unknown)

    def information(self) -> float:
        """Return L in bits a character, of the text the counts are from."""
        return information_per_character([entry.count for entry in self.entries.values()], list(map(len, self.entries)))

    def save(self, path: str | PathLike[str]) -> None:
        """Write the lexicon: a line a word, the columns of COLUMNS separated by tabs, `-` for what is not known.

        The last is what the word is worth as an entry of a user dictionary, see `evidence`.
        The first line names the columns, after a `#`; so word lists and user dictionaries can be read from it too.

        Raises:
            FileError: The file cannot be written.
        """
        with atomic_output(path) as file:
            file.write(f"{LEXICON_HEADER}{chr(9).join(COLUMNS[1:])}\n".encode())
            for word, entry in self.entries.items():
                figures = ("-" if value is None else f"{value:.4g}" for value in astuple(entry)[1:])
                fields = [word, str(entry.count), *figures, f"{evidence(entry):.4g}"]
                file.write("\t".join(fields).encode("utf-8", "surrogatepass") + b"\n")

    def save_model(self, folder: str | PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
        """Write a model directory, which `cws.load` takes: it segments as `segment` does.

        Args:
            folder: Made if it is not there.
            metadata: What else cws.json should say.

        Raises:
            FileError: A file instead of a folder, no permission, a full disk.
        """
        write_trie(folder, self._trie, self._unknown, units=True, metadata=metadata)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Lexicon:
        """Return the lexicon of a file that `save` wrote, or of any word list; without a count a word has 1.

        Raises:
            FileError, EncodingError, CorpusError: As `cws.word_list.read_word_list`; a broken line of a lexicon.
        """
        lines = read_lines(path)
        if not next(lines, "").startswith(LEXICON_HEADER):
            return cls.of({word: count or 1 for word, count in read_word_list(path).items()})
        entries = {}
        for number, line in enumerate(lines, 2):
            word, *fields = line.split("\t")
            try:
                count, *figures = (None if field == "-" else float(field) for field in fields)
                if len(figures) not in (_FIGURES, _FIGURES + 1):  # without the weight: of releases before it
                    raise ValueError("columns")
                entries[word] = Entry(int(count or 0), *figures[:_FIGURES])
            except (ValueError, TypeError, OverflowError):
                raise CorpusError(
                    f"expected {len(COLUMNS)} columns, {', '.join(COLUMNS)}: build the lexicon again",
                    display_name(path), number,
                ) from None  # fmt: skip
        return cls(entries)

    def without(self, known: Iterable[str]) -> Lexicon:
        """Return the words that are not among those known."""
        known = set(known)
        new = {word: entry for word, entry in self.entries.items() if word not in known}
        if not new:
            raise InputError(f"all {len(self.entries):,} words are known: give more text, or a shorter list")
        return Lexicon(new)


def _statistics(words: Sequence[str], index: NgramIndex) -> list[list[float | None]]:
    """Return what entries say of words beside their counts, a list for each field; None for what is no n-gram."""
    orders, rows = index.lookup(words)
    fields = np.full((_FIGURES, len(words)), None)
    for order, table in enumerate(index.counts.tables, 1):
        places = np.flatnonzero((orders == order) & (rows >= 0))
        here = rows[places]
        if order > 1:
            found = index.statistics(order, here)
            fields[:2, places] = found.pmi, found.gain
        fields[2:, places] = table.left_entropies[here], table.right_entropies[here]
    columns: list[list[float | None]] = fields.tolist()
    return columns
