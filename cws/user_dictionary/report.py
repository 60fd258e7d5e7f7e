"""What became of the entries of a user dictionary in a text: matched, taken, declined, and what was there instead.

Texts are looked at one by one and only counts are kept, for each entry, with a few of the readings that beat it: so the
memory does not grow with the text. Parts that are counted apart, on threads, add up.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from cws.text import folding_table
from cws.units import NO_BOUNDARY, boundaries
from cws.user_dictionary.dictionary import UserDictionary
from cws.user_dictionary.entry import Entry
from cws.user_dictionary.reference import is_run_character

COLUMNS = ("word", "weight", "label", "matches", "taken", "declined", "beaten_by", "note")
_READINGS = 8  # kept of each entry; one that is more than a ninth of all is among them


@dataclass(frozen=True, slots=True)
class EntryReport:
    """What became of an entry.

    Attributes:
        word, weight, label: The entry.
        matches: At how many places it stands in the text, those inside other words too.
        taken: At how many of them it is one word, for whatever reason.
        declined: At how many it is not.
        beaten_by: The words that were there instead most often, joined by spaces: those that it overlaps, whole. None
            if it was never declined.
        note: Why it was declined, or never matched, where the reason is a rule; else empty.
    """

    word: str
    weight: float | str | None
    label: str | None
    matches: int
    taken: int
    declined: int
    beaten_by: str | None
    note: str


@dataclass(slots=True)
class EntryCount:
    """Counts of an entry, of a part of the text."""

    taken: int = 0
    declined: int = 0
    in_run: int = 0  # of those declined
    in_unit: int = 0  # and of those that end inside a unit
    other_case: int = 0  # places where only case or width differ
    other_space: int = 0  # or where white space does
    readings: dict[str, int] = field(default_factory=dict)

    def read(self, reading: str, times: int = 1) -> None:
        """Count a reading as Misra and Gries do: a frequent one stays, however many there are."""
        if reading in self.readings or len(self.readings) < _READINGS:
            self.readings[reading] = self.readings.get(reading, 0) + times
        else:
            least = min(times, *self.readings.values())
            self.readings = {one: left - least for one, left in self.readings.items() if left > least}
            if times > least:
                self.readings[reading] = times - least

    def add(self, other: EntryCount) -> None:
        """Add those of another part."""
        self.taken += other.taken
        self.declined += other.declined
        self.in_run += other.in_run
        self.in_unit += other.in_unit
        self.other_case += other.other_case
        self.other_space += other.other_space
        for reading, times in other.readings.items():
            self.read(reading, times)


class DictionaryReport:
    """Counts what becomes of the entries of a dictionary, as it is when the report begins.

    >>> report = DictionaryReport(UserDictionary(["和服", "产品"]))
    >>> report.add(report.count("产品和服务", ["产品", "和", "服务"]))
    >>> [(entry.word, entry.taken, entry.declined, entry.beaten_by) for entry in report]
    [('和服', 0, 1, '和 服务'), ('产品', 1, 0, None)]
    """

    def __init__(self, dictionary: UserDictionary) -> None:
        self._entries = list(dictionary)
        self._fold = dictionary._fold
        self._counts: dict[int, EntryCount] = {}  # by the number of the entry
        self._numbers: dict[str, list[int]] = {}  # by the loose form of the word
        sizes: dict[str, set[int]] = {}
        for number, entry in enumerate(self._entries):
            loose, _ = _loosen(entry.word)
            self._numbers.setdefault(loose, []).append(number)
            sizes.setdefault(loose[:2], set()).add(len(loose))
        self._sizes = {head: sorted(lengths) for head, lengths in sizes.items()}

    def count(self, text: str, words: Sequence[str]) -> dict[int, EntryCount]:
        """Return the counts of a text and its words, to be added; safe in any thread."""
        counts: dict[int, EntryCount] = {}
        ends = list(accumulate(map(len, words)))
        folded, places = self._fold(text), boundaries(text)
        for begin, end, number in self._matches(text):
            count = counts.setdefault(number, EntryCount())
            if folded[begin:end] != self._entries[number].word:
                if any(character.isspace() for character in text[begin:end] + self._entries[number].word):
                    count.other_space += 1
                else:
                    count.other_case += 1
                continue
            first, last = bisect_right(ends, begin), bisect_left(ends, end)
            if first == last and len(words[first]) == end - begin:
                count.taken += 1
            else:
                count.declined += 1
                is_in_run = _is_inside_run(text, begin) or _is_inside_run(text, end)
                is_in_unit = NO_BOUNDARY in (places[begin - 1 : begin] + places[end - 1 : end])
                count.in_run += is_in_run
                count.in_unit += is_in_unit and not is_in_run
                count.read(" ".join(words[first : last + 1]))
        return counts

    def add(self, counts: dict[int, EntryCount]) -> None:
        """Add what `count` returned."""
        for number, count in counts.items():
            self._counts.setdefault(number, EntryCount()).add(count)

    def _matches(self, text: str) -> Iterator[tuple[int, int, int]]:
        """Yield (begin, end, number) of all that is an entry but for case, width and white space."""
        loose, places = _loosen(text)
        for at, first in enumerate(loose):
            heads = (first, loose[at : at + 2]) if at + 1 < len(loose) else (first,)
            for size in (size for head in heads for size in self._sizes.get(head, ())):
                for number in self._numbers.get(loose[at : at + size], ()):
                    yield places[at], places[at + size - 1] + 1, number

    def __iter__(self) -> Iterator[EntryReport]:
        """Yield all entries, those that were declined most often first."""
        rows = [_report(entry, self._counts.get(number, EntryCount())) for number, entry in enumerate(self._entries)]
        return iter(sorted(rows, key=lambda row: (-row.declined, -row.matches, row.word)))

    def lines(self) -> Iterator[str]:
        """Yield the report as lines of fields separated by tabs, the first of which names them after a `#`."""
        yield "# " + "\t".join(COLUMNS)
        for row in self:
            weight = "" if row.weight is None else str(row.weight)
            counts = map(str, (row.matches, row.taken, row.declined))
            yield "\t".join([row.word, weight, row.label or "", *counts, row.beaten_by or "", row.note])


def report_texts(
    dictionary: UserDictionary, texts: Iterable[str], segment: Callable[[str], list[str]]
) -> list[EntryReport]:
    """Return what becomes of the entries of a dictionary in texts, whose words `segment` returns."""
    report = DictionaryReport(dictionary)
    for text in texts:
        report.add(report.count(text, segment(text)))
    return list(report)


def _report(entry: Entry, count: EntryCount) -> EntryReport:
    readings = sorted(count.readings, key=lambda reading: (-count.readings[reading], reading))
    matches = count.taken + count.declined
    return EntryReport(
        *entry, matches, count.taken, count.declined, readings[0] if readings else None, "; ".join(_notes(entry, count))
    )


def _notes(entry: Entry, count: EntryCount) -> Iterator[str]:
    if count.in_run:
        yield f"{count.in_run} inside a run of letters and digits, of which no entry takes a part"
    if count.in_unit:
        yield f"{count.in_unit} end inside a unit, which only `!` cuts (cws.units, --no-units)"
    if entry.weight is None and len(entry.word) == 1 and count.declined:
        yield "a single character is never taken out of a longer word"
    if not count.taken + count.declined:
        if count.other_case:
            yield f"never matched: {count.other_case} differ in case or width (--ignore-case, --ignore-width)"
        if count.other_space:
            yield f"never matched: {count.other_space} differ in white space"


def _is_inside_run(text: str, at: int) -> bool:
    return 0 < at < len(text) and is_run_character(text[at - 1]) and is_run_character(text[at])


def _loosen(text: str) -> tuple[str, list[int]]:
    """Return a text without what entries may differ in, and the place in it of each character.

    Case and width are folded, and white space is left out but for line feeds, over which no entry reaches.
    """
    places = [at for at, character in enumerate(text) if character == "\n" or not character.isspace()]
    loose = "".join([text[at] for at in places]) if len(places) < len(text) else text
    return loose.translate(_FOLDING), places


_FOLDING = folding_table(case=True, width=True)
