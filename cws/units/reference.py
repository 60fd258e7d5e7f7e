"""Spans that no model may cut: the specification, in plain Python and slow.

A text is read from the left. At each place the first type that fits is taken, in this order: URL, e-mail, path,
markup, emoticon, mention, hashtag, date, time, addresses of machines, number, Latin word, emoji and other grapheme
clusters, a run of one mark. After a unit reading goes on at its end. So what a unit is depends on nothing before it,
but for a few marks that could be part of something else (the - of 3-5 is no sign).

Inside a unit there is no cut. URLs, e-mail addresses, paths, markup, mentions, hashtags, emoji and runs of marks
are words of their own: there is a cut at both ends. The ends of numbers, dates, times and Latin words are open, so
that the model decides 1998年, B超 and 5G. Outside units, a sentence mark (。！？；：，、 and those of ASCII) has a
cut on both sides. White space is left to the segmenter, which makes words of it; only markup and hashtags may hold
some, never a line feed.

The core does the same in one pass; tests compare them.
"""

from __future__ import annotations

from typing import NamedTuple

from cws.units import (
    BOUNDARY,
    CUT_TYPES,
    NO_BOUNDARY,
    reference_latin,
    reference_markup,
    reference_numbers,
    reference_numerals,
    reference_paths,
    reference_web,
)
from cws.units.characters import Text

SENTENCE_MARKS = frozenset("。！？；：，、.!?;:,")
OPEN_BEFORE_NUMBERS = frozenset("第之初数几") | reference_numerals.NUMERALS | frozenset("点")
OPEN_BEFORE_LATIN = frozenset("拉阿甲素证歼小老型日")
# What counts, measures and classifies: 1998年, 5月份, 12号, 90多, 3千, 30米, TCP级, SUV车型, C919机
OPEN_AFTER = frozenset("年月日号时点分秒多余几成倍度米元级型版式机车股线族世国克") | reference_numerals.NUMERALS
PLACEHOLDERS = frozenset("○◯×□")  # that stand for characters: 二○○二年, 李××

# In the order of precedence.
FINDERS = (
    ("url", reference_web.url),
    ("email", reference_web.email),
    ("path", reference_paths.path),
    ("markup", reference_markup.markup),
    ("emoji", reference_markup.emoticon),
    ("mention", reference_web.mention),
    ("hashtag", reference_web.hashtag),
    ("date", reference_numbers.date),
    ("time", reference_numbers.time),
    ("number", reference_numbers.address),
    ("number", reference_numbers.plate),
    ("number", reference_numbers.number),
    ("number", reference_numerals.numeral),
    ("latin", reference_latin.latin),
)


class Unit(NamedTuple):
    """A span that no model may cut: code points start to end - 1 of the text."""

    start: int
    end: int
    type: str

    @property
    def is_cut(self) -> bool:
        """Whether a token ends at both of its ends; else the model decides."""
        return self.type in CUT_TYPES


def find_units(text: str) -> list[Unit]:
    """Return the units of a text, from the left; they do not overlap."""
    characters, units, at = Text(text), [], 0
    while at < len(text):
        if unit := _unit_at(characters, at):
            units.append(unit)
            at = unit.end
        else:
            at = characters.cluster_end(at)
    return units


def boundaries(text: str) -> bytes:
    """Return, for the place after each character, whether a word ends there: FREE, BOUNDARY or NO_BOUNDARY."""
    places = bytearray(len(text))

    def cut(start: int, end: int) -> None:
        places[end - 1] = BOUNDARY
        if start:
            places[start - 1] = BOUNDARY

    characters = Text(text)
    at = 0
    for unit in [*find_units(text), Unit(len(text), len(text), "word")]:
        for place in range(at, unit.start):
            if text[place] in SENTENCE_MARKS:
                cut(place, place + 1)
        if unit.is_cut:
            cut(unit.start, unit.end)
        if unit.start and is_cut_before(characters, unit):
            places[unit.start - 1] = BOUNDARY
        if unit.end > unit.start and is_cut_after(characters, unit):
            places[unit.end - 1] = BOUNDARY
        places[unit.start : unit.end - 1] = bytes([NO_BOUNDARY]) * (unit.end - 1 - unit.start)
        at = unit.end
    if text:
        places[-1] = BOUNDARY
    return bytes(places)


def is_cut_before(text: Text, unit: Unit) -> bool:
    """Whether a number or a Latin word begins a token after an ideograph, as in every standard but after a few of them.

    Of 39,000 numbers in four corpora 975 are joined to what stands before: 第3, 之2, and numerals. Of 1,800 Latin words
    97: 卡拉OK, 甲A, 维生素C.
    """
    before = text[unit.start - 1]
    if text.kind(unit.start - 1) != "han":
        return False
    if unit.type in ("number", "date", "time"):
        return before not in OPEN_BEFORE_NUMBERS
    return unit.type == "latin" and before not in OPEN_BEFORE_LATIN


def is_cut_after(text: Text, unit: Unit) -> bool:
    """Whether a number or a Latin word ends a token before an ideograph.

    Standards differ about 1998年, 3个 and B超. None joins anything to an address, a clock time or a name of three
    letters and more but what counts, measures and classifies.
    """
    if text.kind(unit.end) != "han" or text[unit.end] in OPEN_AFTER:
        return False
    if unit.type in ("date", "time"):
        return True
    is_plain = all(text.kind(at) in ("digit", "han") or text.folded(at) in (".", ",") for at in range(*unit[:2]))
    if unit.type == "number":
        dots = sum(text.folded(at) == "." for at in range(*unit[:2]))
        return not is_plain or dots > 1
    return unit.type == "latin" and unit.end - unit.start > 2


def _unit_at(text: Text, at: int) -> Unit | None:
    if not text.is_prefix(at):
        for name, end_of in FINDERS:
            if end := text.with_extensions(end_of(text, at)):
                return Unit(at, end, name)
    return _cluster_at(text, at)


def _cluster_at(text: Text, at: int) -> Unit | None:
    """The unit at a place where only characters are looked at: emoji, clusters, superscripts, runs of one mark."""
    # White space is the segmenter's, whatever combines with it.
    blanks = (place for place in range(at + 1, text.cluster_end(at)) if text.kind(place) == "space")
    end, kind = next(blanks, text.cluster_end(at)), text.kind(at)
    if text.is_emoji(at) or "\u20e3" in text.text[at + 1 : end]:
        return Unit(at, end, "emoji")
    if text.is_script(at):
        return Unit(at, text.with_extensions(text.run(end, text.is_script)), "number")
    if text.is_script(end) and (kind in ("han", "other_letter") or text[at] in (")", "）", "]")):
        return Unit(at, text.with_extensions(text.run(end, text.is_script)), "word")
    if end > at + 1:
        return None if kind == "space" else Unit(at, end, "punctuation" if kind == "mark" else "word")
    run = reference_markup.run_of_one_mark(text, at)
    return Unit(at, run, "word" if text[at] in PLACEHOLDERS else "punctuation") if run else None
