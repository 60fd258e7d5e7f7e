"""The counts of a word list, as a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf, log, nan

from cws._native import JiebaWordList

_LARGEST = 2**62  # counts beyond are kept in Python


class Frequencies(Mapping[str, int]):
    """The count of every word of a list, and 0 for every string that only begins one. Read-only, and always current.

    Args:
        words: The list; None is an empty one.
    """

    __slots__ = ("_large", "words")

    def __init__(self, words: JiebaWordList | None) -> None:
        self.words = words
        self._large: dict[str, int] = {}

    def __getitem__(self, word: str) -> int:
        count = self.words.count(word) if self.words is not None and isinstance(word, str) else None
        if count is None:
            raise KeyError(word)
        return self._large.get(word, count) if self._large else count

    def get(self, word: str, default: object = None) -> object:  # type: ignore[override]
        """Return the count of a word, or the default."""
        count = self.words.count(word) if self.words is not None and isinstance(word, str) else None
        if count is None:
            return default
        return self._large.get(word, count) if self._large else count

    def __contains__(self, word: object) -> bool:
        return self.words is not None and isinstance(word, str) and self.words.count(word) is not None

    def __iter__(self) -> Iterator[str]:
        return iter([word for word, _ in self.words.items()] if self.words is not None else [])

    def __len__(self) -> int:
        return len(self.words.items()) if self.words is not None else 0

    def set(self, word: str, count: int) -> None:
        """Set the count of a word, for the list's owner."""
        assert self.words is not None
        if count > 0:
            weight = (
                log(count) if count > 0 else -inf if count == 0 else inf
            )  # inf: none, as a text with the word will say
        else:
            weight = -inf if count == 0 else inf  # no word; and one that has no logarithm, as a text with it will say
        self.words.set(word, max(-_LARGEST, min(_LARGEST, count)), weight)
        if abs(count) >= _LARGEST:
            self._large[word] = count
        else:
            self._large.pop(word, None)


def log_total(total: int) -> float:
    """Return what the core takes for the logarithm of the sum of all counts: NaN if there is none."""
    return log(total) if total > 0 else nan
