"""Words of letters, identifiers and names: the specification. Each function gives the end, or 0 for none."""

from __future__ import annotations

from cws.units.characters import ALNUM, LOWER, UPPER, Text
from cws.units.reference_numbers import goes_on_with_letters, number_end

HYPHENS = frozenset("-‐‑")
# After ’, which is a quotation mark too; ' is one less often between letters.
CONTRACTIONS = frozenset(["s", "t", "d", "m", "re", "ve", "ll", "em", "S", "T", "D", "M", "RE", "VE", "LL"])
SHARP = frozenset("CFJQ")  # C#, F#
OPTION_BEFORE = frozenset("`\"'([{（“「【《、，：；。|=")
NAME_AFTER = frozenset(".)]}%‰℃°\"'”’>/\\")  # a dot after one of these ends a sentence: …（%）.the


def latin(text: Text, at: int) -> int:
    end = number_end(text, at)
    if end:
        return _word_end(text, at, end) if goes_on_with_letters(text, end) else 0
    if text.is_letter(at) or (text[at] == "_" and text.is_latin(at + 1)):
        end = _word_end(text, at, at)
        return end if any(text.kind(place) in ("letter", "digit") for place in range(at, end)) else 0
    if text[at] == ".":
        return _word_end(text, at + 1, at + 1) if _is_dotted_name(text, at) else 0
    if text[at] == "°":
        return at + 2 if text[at + 1] in ("C", "F") and not text.is_latin(at + 2) else 0
    return _option_end(text, at) if text.starts(at, "--") else 0


def _is_dotted_name(text: Text, at: int) -> bool:
    """.NET, .bashrc, .iso; not a full stop before a word: …。.The, .pH"""
    if text.is_latin(at - 1) or text.is_script(at - 1) or text.extends(at - 1) or text[at - 1] in NAME_AFTER:
        return False
    if text.starts(at, ".NET"):
        return True
    end = text.run(at + 1, lambda place: text[place] in LOWER or text.is_decimal(place) or text[place] == "_")
    return text[at + 1] in LOWER and end > at + 2 and not text.is_letter(end)


def _option_end(text: Text, at: int) -> int:
    """--help"""
    is_apart = text.kind(at - 1) in ("", "space") or text[at - 1] in OPTION_BEFORE
    if not (is_apart and text[at + 2] in LOWER and text[at + 3] in LOWER):
        return 0
    end = text.run(at + 2, lambda place: text[place] in ALNUM or text[place] in ("_", "-"))
    while text[end - 1] == "-":
        end -= 1
    return end


def _word_end(text: Text, begin: int, at: int) -> int:
    """The end of a word that begins at `begin`; what stands before `at` is known to belong."""

    def belongs(place: int) -> bool:
        is_word = text.is_letter(place) or text.is_digit(place) or text.is_script(place) or text[place] == "_"
        return is_word or (text.extends(place) and place > at)

    end = text.run(at, belongs)
    while joined := _joint(text, begin, end):
        end = text.run(joined, belongs)
    return _with_suffix(text, begin, end)


def _joint(text: Text, begin: int, end: int) -> int:
    """Where the word goes on after a dot, a hyphen, an apostrophe, & or ::; 0 where it does not."""
    mark, after = text.folded(end), end + 1
    if mark == "." and _is_abbreviation(text, begin, end):
        return 0
    if mark == "." or mark in HYPHENS:
        before = text.is_latin(end - 1) or text.is_script(end - 1) or text.extends(end - 1)
        is_private = mark == "." and text[after] == "_" and text.is_latin(after + 1)  # self._name
        return after if before and (text.is_letter(after) or text.is_digit(after) or is_private) else 0
    if mark == "'":
        return after if text.is_letter(end - 1) and text.is_letter(after) else 0
    if mark == "’" and text.is_letter(end - 1):
        rest = text.run(after, text.is_letter, 3)
        is_first = end - 1 == begin and rest > after  # O’Neill
        return after if is_first or text.text[after:rest] in CONTRACTIONS else 0
    if mark == "&":
        return after if text.folded(end - 1) in UPPER and text.folded(after) in UPPER else 0
    if mark == "+" and text[begin] in ("v", "V"):  # v1.2.3+build
        major = text.digits_end(begin + 1, 5)
        is_version = major > begin + 1 and text[major] == "." and text.is_latin(end - 1)
        return after if is_version and text[after] in ALNUM else 0
    if text.starts(end, "::"):
        return end + 2 if text.is_latin(end - 1) and (text.is_letter(end + 2) or text[end + 2] == "_") else 0
    return 0


def _is_abbreviation(text: Text, begin: int, end: int) -> bool:
    """p.49, No.5, Fig.3, not v1.2: the dot belongs to the letters, and the model decides whether the number does."""
    if not text.is_digit(end + 1) or end - begin > 4 or text.folded(begin) in ("v", "V"):
        return False
    return all(text.is_letter(place) for place in range(begin, end))


def _with_suffix(text: Text, begin: int, end: int) -> int:
    """With ++ (C++, C++11), the # of C#, the dot of p.49 and the last one of U.S."""
    if text.folded(end) == "." and _is_abbreviation(text, begin, end):
        return end + 1
    if text.starts(end, "++") and text.is_latin(end - 1) and not text.is_letter(end + 2) and text[end + 2] != "+":
        digits = text.decimals_end(end + 2, 2)
        is_draft = digits > end + 2 and text[digits] in LOWER and not text.is_latin(digits + 1)  # C++0x
        return digits + 1 if is_draft else digits
    if text.folded(end) == "#" and end == begin + 1 and text.folded(begin) in SHARP and text.folded(end + 1) != "#":
        return end + 1
    if text[end] == "." and end - begin > 2 and not text.is_latin(end + 1) and text[end + 1] != ".":
        places = range(begin, end)
        is_initials = all(text[at] == "." if (at - begin) % 2 else text.is_letter(at) for at in places)
        return end + 1 if is_initials and (end - begin) % 2 else end
    return end
