"""User dictionaries as text: this project's format, and jieba's.

An entry a line, `word [weight|!|-] [label]`:

    网易杭研大厦 !          always one word, wherever it stands
    机器学习 3.5 TERM       evidence: 3.5 nats of log-odds more than the model's; labelled TERM
    云计算                  decided: one word wherever its ends are plausible
    的话 -                  never one word
    # a comment

Fields are separated by white space, or by tabs in a line that has one: then words may hold spaces, and an empty field
between two tabs is no weight: a decided word with a label. In jieba's format,
`word [count] [tag]`, all words are decided and tags are labels; a count of 0 is never a word. What a file is follows
from its lines; a file that could be either is refused, because its numbers would mean two things. Of a lexicon that
cws.lexicon wrote, which its first line tells, words are evidence with the weight of their column.
"""

from __future__ import annotations

import re
import warnings
from typing import NamedTuple

from cws._native import DECIDED, NEVER
from cws.errors import CorpusError, DictionaryWarning, InputError
from cws.files import display_name, read_lines
from cws.user_dictionary.entry import MARKS, MAX_WEIGHT, is_no_label, native_weight, word_problem
from cws.word_list import LEXICON_HEADER

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator

    from cws.user_dictionary.entry import Entry, NativeEntry

FORMATS = ("cws", "jieba")
HEADER = "# cws user dictionary"  # a first line that begins so says that numbers are nats
_COMMENT = re.compile(r"\s#.*")
_COUNT = re.compile(r"\d+$", re.ASCII)
_ESCAPED = re.compile(r"\\+#")  # begins a word that begins with a hash, or with such an escape
_TAG = re.compile(r"[a-z]{1,5}$")
_JIEBA_TAG = re.compile(r"[a-z]+")
_JIEBA_LINE = re.compile(r"(?P<word>.+?)(?:\s+(?P<count>\d+))?(?:\s+(?P<tag>[a-z]+))?$", re.ASCII)
_PLACEHOLDER = re.compile(r"[0a]")  # of any number, of any Latin word: cws/lexicon/symbols.py
_UNKNOWN_WEIGHT = 0.5  # nats, of the words of a lexicon without weights


class _Line(NamedTuple):
    number: int
    text: str
    fields: list[str]  # none: a comment, or blank


def read_entries(
    paths: Iterable[str | os.PathLike[str]],
    *,
    encoding: str = "utf-8",
    format: str | None = None,
    fold: Callable[[str], str] = str,
) -> list[NativeEntry]:
    """Return the entries of text files, and warn once of those given twice, of which the last counts.

    Args:
        paths: The files.
        encoding: Any text encoding Python knows.
        format: One of FORMATS; None finds out for each file, and warns where it is jieba's.
        fold: What folds words.

    Raises:
        FileError, EncodingError: As `cws.files.read_lines`.
        CorpusError: A line that is no entry, with file:line; a file that could be in either format.
        InputError: Another format.
    """
    if format not in (None, *FORMATS):
        raise InputError(f"format of a user dictionary: expected {' or '.join(FORMATS)}, got {format!r}")
    entries: dict[str, tuple[float, str | None]] = {}
    places: dict[str, str] = {}
    repeated: list[str] = []
    conflicting: list[str] = []
    for path in paths:
        for number, (word, weight, label) in _entries_of_file(path, encoding, format):
            word = fold(word)
            place = f"{display_name(path)}:{number}"
            if word in entries:
                same = entries[word] == (weight, label)
                (repeated if same else conflicting).append(f"{word} at {places[word]} and {place}")
            entries[word] = weight, label
            places[word] = place
    if repeated:
        _warn(f"{_are(len(repeated))} given twice, first {repeated[0]}")
    if conflicting:
        _warn(f"{_are(len(conflicting))} given twice and differ, first {conflicting[0]}: the last counts")
    return [(word, weight, label) for word, (weight, label) in entries.items()]


def parse_entry(text: str) -> NativeEntry:
    """Return the entry of a line of this project's format; ValueError says what is wrong with it."""
    return _parse(_fields(text) or [text])


def has_weight(text: str) -> bool:
    """Whether a string is a word with a weight after it, as in a line of a file."""
    fields = _fields(text)
    return len(fields) > 1 and _number(fields[1]) is not None


def format_entries(entries: Iterable[Entry], format: str = "cws") -> tuple[list[str], int]:
    """Return the lines of a file of these entries, and how many were left out: evidence, of which jieba knows nothing.

    In jieba's format the words that are decided or forced are words without a count, and those that are never words
    have the count 0. Labels that are no tags of its, lower-case letters, are dropped.
    """
    if format == "cws":
        return [HEADER, *map(_cws_line, entries)], 0
    lines = [_jieba_line(*entry) for entry in entries]
    return [line for line in lines if line], lines.count("")


def _cws_line(entry: Entry) -> str:
    word, weight, label = entry
    has_tabs = len(word.split()) > 1 or "#" in word or (weight is None and label is not None)
    figure = "" if weight is None else weight if isinstance(weight, str) else repr(float(weight))
    fields = [f"\\{word}" if word.startswith("#") or _ESCAPED.match(word) else word]
    if weight is not None or label is not None:
        fields.append(figure)
    if label is not None:
        fields.append(label)
    return "\t".join(fields) + "\t" * (has_tabs and len(fields) == 1) if has_tabs else " ".join(fields)


def _jieba_line(word: str, weight: float | str | None, label: str | None) -> str:
    if isinstance(weight, float):
        return ""
    fields = [word, *(["0"] if weight == "-" else []), *([label] if label and _JIEBA_TAG.fullmatch(label) else [])]
    return " ".join(fields)


def _entries_of_file(
    path: str | os.PathLike[str], encoding: str, format: str | None
) -> Iterator[tuple[int, NativeEntry]]:
    name = display_name(path)
    lines = [_Line(number, line, _fields(line)) for number, line in enumerate(read_lines(path, encoding=encoding), 1)]
    if lines and lines[0].text.startswith(LEXICON_HEADER):
        yield from _entries_of_lexicon(lines, name)
        return
    found = format or _format_of(lines, name)
    count = 0
    for line in lines:
        if not line.fields:
            continue
        try:
            yield line.number, _parse_jieba(line.text) if found == "jieba" else _parse(line.fields)
        except ValueError as error:
            raise CorpusError(str(error), name, line.number) from None
        count += 1
    if found != format and found == "jieba":
        _warn(
            f"{name}: read in jieba's format, word [count] [tag]: {_are(count)} decided words, whose tags are"
            " labels; --user-dict-format jieba, or cws, says so or otherwise"
        )


def _format_of(lines: list[_Line], name: str) -> str:
    """Return the format that the lines of a file show.

    Raises:
        CorpusError: Counts or nats: nothing shows which.
    """
    if lines and lines[0].text.startswith(HEADER):
        return "cws"
    with_number = [line for line in lines if len(line.fields) > 1 and line.fields[1]]
    if any(_is_ours(line.fields[1]) for line in with_number):
        return "cws"
    if any(_is_jieba(line.fields) for line in with_number):
        return "jieba"
    for line in with_number:
        if _COUNT.match(line.fields[1]):
            raise CorpusError(
                f"{line.fields[1]} may be nats, or a count of jieba's: say which with --user-dict-format cws or jieba"
                f" (format= in Python), write {line.fields[1]}.0 for nats, or begin the file with `{HEADER}`",
                name, line.number,
            )  # fmt: skip
    return "cws"


def _is_ours(field: str) -> bool:
    number = _number(field)
    return field in MARKS or (number is not None and ("." in field or number < 0))


def _is_jieba(fields: list[str]) -> bool:
    if len(fields) == 2 and _TAG.match(fields[1]) and _number(fields[1]) is None:
        return True
    is_count = bool(_COUNT.match(fields[1]))
    return is_count and (
        len(fields[1]) > 3 or int(fields[1]) > MAX_WEIGHT or bool(fields[2:] and _TAG.match(fields[2]))
    )


def _parse_jieba(text: str) -> NativeEntry:
    match = _JIEBA_LINE.match(text.strip())
    word = match["word"] if match else text.strip()
    if problem := word_problem(word):
        raise ValueError(problem)
    is_never = match is not None and match["count"] is not None and not int(match["count"][:18])
    return word, NEVER if is_never else DECIDED, match["tag"] if match else None


def _entries_of_lexicon(lines: list[_Line], name: str) -> Iterator[tuple[int, NativeEntry]]:
    """Yield the words of a lexicon as evidence; those with placeholders stand for many words, and are left out."""
    columns = lines[0].text.lstrip("# ").split("\t")
    column = columns.index("weight") if "weight" in columns else None
    left_out = 0
    for line in lines[1:]:
        fields = line.text.split("\t")
        if not fields[0].strip():
            continue
        if _PLACEHOLDER.search(fields[0]):
            left_out += 1
            continue
        try:
            if problem := word_problem(fields[0]):
                raise ValueError(problem)
            weight = _UNKNOWN_WEIGHT if column is None else native_weight(float(fields[column]))
        except (ValueError, IndexError) as error:
            raise CorpusError(f"{error}: no line of a lexicon, build it again", name, line.number) from None
        yield line.number, (fields[0], weight, None)
    if left_out:
        _warn(f"{name}: {_are(left_out)} left out, whose 0 or a stands for any number or any Latin word")


def _fields(line: str) -> list[str]:
    """Return the fields of a line; none for a comment or a blank line.

    A `#` at the beginning of a line or after white space begins a comment; a line with tabs has none inside. `\\#` at
    the beginning is a word's own.
    """
    if line.isalnum():  # as most lines are
        return [line]
    if _ESCAPED.match(line):
        line = line[1:]
    elif line.lstrip().startswith("#"):
        return []
    if "\t" in line:
        fields = [field.strip() for field in line.strip().split("\t")]
        is_labelled = len(fields) == 3 and not fields[1] and _number(fields[2]) is None
        return fields if is_labelled else [field for field in fields if field]
    return _COMMENT.sub("", line).split()


def _number(field: str) -> float | None:
    """Return the weight that a field is, marks included; None if it is none."""
    if field in MARKS:
        return MARKS[field]
    try:
        return float(field.replace("_", "?"))
    except ValueError:
        return None


def _parse(fields: list[str]) -> NativeEntry:
    word, *rest = fields
    if problem := word_problem(word):
        raise ValueError(problem)
    if len(rest) > 2:
        raise ValueError(f"expected word [weight|!|-] [label], got {len(fields)} fields: a word with spaces needs tabs")
    if not rest:
        if len(word.split()) > 1 and word.split()[-1] in MARKS:
            raise ValueError(f"expected a tab before the {word[-1]} of {word!r}: the line has a tab")
        return word, DECIDED, None
    weight = _number(rest[0]) if rest[0] else DECIDED
    if weight is None:
        raise ValueError(f"expected a weight, ! or - after {word!r}, got {rest[0]!r}: a word with spaces needs tabs")
    if rest[0] and rest[0] not in MARKS and not abs(weight) <= MAX_WEIGHT:
        raise ValueError(
            f"expected a weight from -{MAX_WEIGHT:g} to {MAX_WEIGHT:g}, got {rest[0]}: weights are log-odds; of a list"
            " with counts take the counts away, or say --user-dict-format jieba"
        )
    label = rest[1] if len(rest) == 2 else None
    if label is not None and is_no_label(label):
        raise ValueError(f"expected a label without white space, got {label!r}")
    return word, weight, label


def _are(number: int) -> str:
    return "1 entry is" if number == 1 else f"{number:,} entries are"


def _warn(message: str) -> None:
    warnings.warn(message, DictionaryWarning, stacklevel=5)
