"""The dictionary labeler: the best path over a weighted word list, jieba's installed list by default.

It knows no word that its list does not have, and needs no training: a baseline, and a way to segment by a list of one's
own. The search is cws/lattice.py's.
"""

from __future__ import annotations

from math import log

from cws import model_io
from cws.dictionary import jieba_word_list
from cws.errors import InputError, ModelError
from cws.lattice import TENSORS, WordTrie, map_trie, trie_tensors

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping
    from typing import Any

KIND = "dictionary"


class DictionaryLabeler:
    """Segments by a word list. Immutable, and safe to share between threads.

    Args:
        trie: The words with their log-probabilities.
        unknown: The log-probability of a character that begins no word.

    >>> DictionaryLabeler.from_counts({"研究": 60, "研究生": 20, "生命": 40, "命": 10}).segment("研究生命")
    ['研究', '生命']
    """

    __slots__ = ("trie", "unknown")

    def __init__(self, trie: WordTrie, unknown: float) -> None:
        self.trie = trie
        self.unknown = unknown

    @classmethod
    def from_counts(cls, counts: Mapping[str, int | None] | None = None) -> DictionaryLabeler:
        """Return the labeler of a list of words with their counts.

        A word's probability is its share of all counts; a word without a count, or with 0, has the share of one
        counted once, and so has a character that begins no word.

        Args:
            counts: The list, for example of `cws.dictionary.read_word_list`; by default jieba's.

        Raises:
            FileError: jieba's list is asked for and jieba is not installed.
            InputError: No words, an empty word, or a negative count.
        """
        counts = jieba_word_list() if counts is None else counts
        if not counts:
            raise InputError("expected a word list, got an empty one")
        if "" in counts:
            raise InputError("expected words, got an empty one")
        known = {word: count or 1 for word, count in counts.items()}
        if (least := min(known, key=lambda word: known[word])) and known[least] < 0:
            raise InputError(f"expected counts, got {known[least]} for {least!r}")
        total = log(sum(known.values()))
        logarithms = {count: log(count) - total for count in set(known.values())}  # few, for many words
        trie = WordTrie.build((word, logarithms[count]) for word, count in known.items())
        return cls(trie, -total)

    def segment(self, text: str) -> list[str]:
        """Return the words of the text. White space and control characters become words of their own, one for each run,
        which ends after a line feed.
        """
        if not isinstance(text, str):
            raise InputError(f"segment expects a str, got {type(text).__name__}: decode bytes first")
        return self.trie.segment(text, self.unknown)

    def segment_batch(self, texts: Iterable[str]) -> list[list[str]]:
        """Return the words of each text, in order."""
        return [self.segment(text) for text in texts]

    def save(self, folder: str | os.PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
        """Write a model directory, which `open_dictionary` maps into memory.

        Args:
            folder: Made if it is not there.
            metadata: What else cws.json should say, for example where the list comes from.

        Raises:
            InputError: Metadata that says what only this function may say.
            FileError: A file instead of a folder, no permission, a full disk.
        """
        own = {"kind": KIND, "words": len(self.trie), "unknown": self.unknown}
        if reserved := sorted(own.keys() & (metadata or {}).keys()):
            raise InputError(f"the metadata of a model must not have {', '.join(reserved)}: choose other names")
        model_io.write_model(folder, {**own, **(metadata or {})}, trie_tensors(self.trie), aligned="nodes")


def open_dictionary(folder: str | os.PathLike[str], config: Mapping[str, Any]) -> DictionaryLabeler:
    """Return the labeler in a model directory, mapped into memory.

    Args:
        folder: The directory.
        config: Its cws.json, from `model_io.read_config`.

    Raises:
        FileError: The file of the tensors cannot be opened.
        ModelError: A broken or foreign file.
    """
    unknown = config.get("unknown")
    if config.get("kind") != KIND or not isinstance(unknown, float) or not -1e6 < unknown <= 0:
        raise ModelError(f"{folder}: expected a model of kind {KIND} with an unknown between -1000000 and 0")
    return DictionaryLabeler(map_trie(model_io.map_tensors(folder, config, TENSORS), folder), unknown)
