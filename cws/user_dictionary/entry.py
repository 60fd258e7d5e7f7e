"""What an entry of a user dictionary may be: a word, how strong it is, a label."""

from __future__ import annotations

from typing import NamedTuple

from cws._native import DECIDED, FORCED, NEVER
from cws.errors import InputError

MAX_WEIGHT = 100.0
MAX_WORD = 1000  # characters: finding entries then takes bounded time for each character of a text
MARKS = {"!": FORCED, "-": NEVER}

NativeEntry = tuple[str, float, "str | None"]  # word, weight as the core has it, label


class Entry(NamedTuple):
    """An entry of a user dictionary.

    Attributes:
        word: The word, folded if the dictionary ignores case or width.
        weight: None for what the user decides: one word wherever its ends are plausible. A number for evidence: nats
            of log-odds, which the model may decline. `!` for always one word, `-` for never one word.
        label: The label its tokens get, or None.
    """

    word: str
    weight: float | str | None
    label: str | None

    @classmethod
    def of_native(cls, word: str, weight: float, label: str | None) -> Entry:
        """Return an entry of the core."""
        marks: dict[float, str | None] = {FORCED: "!", NEVER: "-", DECIDED: None}
        return cls(word, marks.get(weight, weight), label)


def native_weight(weight: float | str | None) -> float:
    """Return the weight of an entry as the core has it.

    Raises:
        InputError: No weight: another mark, a number beyond MAX_WEIGHT.
    """
    if weight is None:
        return DECIDED
    if isinstance(weight, str):
        if weight not in MARKS:
            raise InputError(f"expected a weight, ! or -, got {weight!r}")
        return MARKS[weight]
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not abs(weight) <= MAX_WEIGHT:
        raise InputError(f"expected a weight from -{MAX_WEIGHT:g} to {MAX_WEIGHT:g}, ! or -, got {weight!r}")
    return float(weight)


def check_word(word: str) -> str:
    """Return the word; InputError if it can be none."""
    if not isinstance(word, str):
        raise InputError(f"expected a word, got {type(word).__name__}: decode bytes first")
    if problem := word_problem(word):
        raise InputError(f"{problem}, got {word if len(word) <= 80 else word[:80] + '…'!r}")
    return word


def word_problem(word: str) -> str | None:
    """Return what is wrong with a word."""
    if word.isalnum() and len(word) <= MAX_WORD:  # as nearly all are
        return None
    if not word.strip():
        return "expected a word"
    if len(word) > MAX_WORD:
        return f"expected a word of at most {MAX_WORD:,} characters"
    if word != word.strip():
        return "expected a word without white space around it"
    if any(character < " " or "\x7f" <= character <= "\x9f" or character in "\u2028\u2029" for character in word):
        return "expected a word without control characters"
    return None


def check_label(label: str | None) -> str | None:
    """Return the label; InputError if it can be none."""
    if label is not None and (not isinstance(label, str) or is_no_label(label)):
        raise InputError(f"expected a label without white space, got {label!r}")
    return label


def is_no_label(label: str) -> bool:
    """Whether a string is no label: empty, with white space or control characters, or no text at all."""
    return (
        not label
        or label.split() != [label]
        or any(c < " " or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff" for c in label)
    )
