"""A text as the scanner of units sees it: which kind of character stands where, and grapheme clusters."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from functools import cache

from cws.units.unicode_ranges import BREAKS, KINDS, RANGES

_PAIRS = [tuple(int(part, 16) for part in pair.split(":")) for pair in RANGES.split()]
_STARTS = [start for start, _ in _PAIRS]
_HANGUL = 0xAC00  # every 28th syllable from here is LV, the others are LVT

ALNUM = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
DECIMAL = frozenset("0123456789")
HEX = frozenset("0123456789abcdefABCDEF")
LOWER = frozenset("abcdefghijklmnopqrstuvwxyz")
UPPER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@cache
def _properties(character: str) -> tuple[str, str, bool, bool]:
    """Kind, Grapheme_Cluster_Break, Emoji, Extended_Pictographic."""
    code = ord(character)
    value = _PAIRS[bisect(_STARTS, code) - 1][1]
    grapheme = BREAKS[value >> 3 & 15]
    if grapheme == "Hangul":
        grapheme = "LVT" if (code - _HANGUL) % 28 else "LV"
    return KINDS[value & 7], grapheme, bool(value & 128), bool(value & 256)


class Text:
    """A text whose characters may be asked for beyond its ends: there is "" there, of kind ""."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __len__(self) -> int:
        return len(self.text)

    def __getitem__(self, at: int) -> str:
        return self.text[at] if 0 <= at < len(self.text) else ""

    def folded(self, at: int) -> str:
        """The character, full-width ASCII made half-width."""
        character = self[at]
        return chr(ord(character) - 0xFEE0) if "\uff01" <= character <= "\uff5e" else character

    def starts(self, at: int, piece: str) -> bool:
        return self.text.startswith(piece, at)

    def kind(self, at: int) -> str:
        return _properties(self[at])[0] if 0 <= at < len(self.text) else ""

    def is_prefix(self, at: int) -> bool:
        """Whether the character belongs to what stands after it, as in some Indic scripts."""
        return self._grapheme(at) == "Prepend"

    def extends(self, at: int) -> bool:
        """Whether the character belongs to what stands before it: a combining mark, a joiner, a variation selector."""
        return self._grapheme(at) in ("Extend", "ZWJ", "SpacingMark")

    def is_letter(self, at: int) -> bool:
        return self.kind(at) == "letter"

    def is_digit(self, at: int) -> bool:
        """Any decimal digit that is a character of its own: that of 1️⃣ is none."""
        return self.kind(at) == "digit" and not self.extends(at + 1)

    def is_decimal(self, at: int) -> bool:
        """A digit of ASCII, full width too."""
        return self.folded(at) in DECIMAL and self.is_digit(at)

    def is_script(self, at: int) -> bool:
        """A super- or subscript."""
        return self.kind(at) == "script_digit"

    def is_emoji(self, at: int) -> bool:
        """An emoji by itself, even where fonts draw it as text; not digits, # and *, which keycaps make emoji."""
        return self[at] >= "\x80" and _properties(self[at])[2]

    def is_latin(self, at: int) -> bool:
        """What Latin words are made of: letters, digits, low lines."""
        return self[at] == "_" or self.kind(at) in ("letter", "digit")

    def run(self, at: int, belongs: Callable[[int], bool], limit: int = 1 << 60) -> int:
        """The end of the characters from `at` that belong, at most so many."""
        end = at
        while end < len(self.text) and end - at < limit and belongs(end):
            end += 1
        return end

    def run_of(self, at: int, characters: frozenset[str], limit: int = 1 << 60) -> int:
        return self.run(at, lambda place: self[place] in characters, limit)

    def digits_end(self, at: int, limit: int = 1 << 60) -> int:
        return self.run(at, self.is_digit, limit)

    def decimals_end(self, at: int, limit: int) -> int:
        return self.run(at, self.is_decimal, limit)

    def with_extensions(self, end: int) -> int:
        """The end of a unit, with what belongs to its last character: combining marks, or what that is a prefix of."""
        if not end:
            return 0
        if self._grapheme(end - 1) == "Prepend":
            return self.cluster_end(end - 1)
        return self.run(end, self.extends)

    def cluster_end(self, at: int) -> int:
        """The end of the extended grapheme cluster (UAX #29) that begins here."""
        end = at + 1
        pictograph = _properties(self[at])[3]  # whether the cluster so far is a pictograph and its extensions
        flags = 1 if self._grapheme(at) == "Regional_Indicator" else 0
        while end < len(self.text):
            before, after = self._grapheme(end - 1), self._grapheme(end)
            joined = _joined(before, after)
            joined |= before == "ZWJ" and pictograph and _properties(self[end])[3]  # GB11
            joined |= before == after == "Regional_Indicator" and flags % 2 == 1  # GB12, GB13
            if not joined:
                break
            flags = flags + 1 if after == "Regional_Indicator" else 0
            pictograph = (after in ("Extend", "ZWJ") and pictograph) or _properties(self[end])[3]
            end += 1
        return end

    def _grapheme(self, at: int) -> str:
        return _properties(self[at])[1] if 0 <= at < len(self.text) else ""


def _joined(before: str, after: str) -> bool:
    """The rules of UAX #29 that look at two characters: GB3 to GB9b."""
    if before in ("CR", "LF", "Control") or after in ("CR", "LF", "Control"):
        return before == "CR" and after == "LF"
    if before == "L":
        hangul = after in ("L", "V", "LV", "LVT")
    elif before in ("LV", "V"):
        hangul = after in ("V", "T")
    else:
        hangul = before in ("LVT", "T") and after == "T"
    return hangul or before == "Prepend" or after in ("Extend", "ZWJ", "SpacingMark")
