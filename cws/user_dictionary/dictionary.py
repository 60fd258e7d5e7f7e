"""User dictionaries: words that are always one word, likelier to be one, or never one. The same for every model.

A text file holds an entry a line, `word [weight|!|-] [label]`:

    网易杭研大厦 !          always one word, wherever it stands
    机器学习 3.5 TERM       likelier one word: 3.5 nats of log-odds more than the model's; labelled TERM
    云计算                  the same with the default weight
    的话 -                  never one word
    # a comment

Fields are separated by white space, or by tabs in a line that has one: then words may hold spaces. Of a lexicon that
cws.lexicon wrote, which its first line says, all words are entries with the default weight. What entries do to a
model's words is specified in cws/user_dictionary/reference.py. Large dictionaries load at once from a compiled file, a
double-array trie that is mapped into memory.
"""

from __future__ import annotations

import json
import math
import os
import re
import warnings
from array import array
from typing import NamedTuple

from cws import lattice, model_io
from cws._native import FORCED, NEVER, REMOVED, NativeDictionary
from cws.errors import CorpusError, DictionaryWarning, InputError, ModelError
from cws.files import atomic_output, display_name, open_input, read_lines
from cws.text import folding_table
from cws.word_list import LEXICON_HEADER

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

DEFAULT_WEIGHT = 15.0  # the best for both bundled models together, on ctb6.dev: docs/notebook/user_dictionary.md
MAX_WEIGHT = 100.0
_COMMENT = re.compile(r"\s#.*")
_MARKS = {"!": FORCED, "-": NEVER}
_FORMAT, _VERSION = "cws-dictionary", "2"
_TENSORS: model_io.Specification = {
    **lattice.TENSORS,  # the weight of a node is that of the entry that ends there
    "filter_pairs": ("U8", (None,)),  # PrefixFilter of cws/native/user_dictionary/prefix_filter.h
    "filter_triples": ("U64", (None,)),
    "folding": ("U16", (None,)),  # the folded form of each code point of the BMP; empty: nothing is folded
    "labels": ("U32", (None, 2)),  # node, number of its label
    "strings": ("U8", (None,)),  # the labels: a JSON list. After "nodes", so that only this one has an odd place
}


class Entry(NamedTuple):
    """An entry of a user dictionary.

    Attributes:
        word: The word, folded if the dictionary ignores case or width.
        weight: Nats of log-odds, or `!` for always one word, `-` for never one word.
        label: The label its tokens get, or None.
    """

    word: str
    weight: float | str
    label: str | None


class UserDictionary:
    """Entries that change what a model takes for one word.

    It may be changed at any time, by any thread: who is segmenting meanwhile sees it as it was when the call began.

    Args:
        words: Words with the default weight.
        ignore_case: Whether entries match capitals and small letters alike.
        ignore_width: Whether entries match full-width and half-width characters alike.

    Raises:
        InputError: An empty word, or one with control characters.

    >>> dictionary = UserDictionary(["云计算"])
    >>> dictionary.add_word("机器学习", "!", "TERM")
    >>> dictionary.get("机器学习")
    Entry(word='机器学习', weight='!', label='TERM')
    >>> len(dictionary), "云" in dictionary
    (2, False)
    """

    __slots__ = ("_fold", "ignore_case", "ignore_width", "native")

    def __init__(self, words: Iterable[str] = (), *, ignore_case: bool = False, ignore_width: bool = False) -> None:
        if isinstance(words, (str, bytes)):
            raise InputError(f"expected a list of words, got {words!r}: UserDictionary.read takes a file")
        self._set_folding(ignore_case, ignore_width)
        entries = [(self._fold(_checked(word)), DEFAULT_WEIGHT, None) for word in words]
        self.native = NativeDictionary.build(entries, _folding_bytes(ignore_case, ignore_width))

    @classmethod
    def read(
        cls,
        *paths: str | os.PathLike[str],
        encoding: str = "utf-8",
        ignore_case: bool = False,
        ignore_width: bool = False,
    ) -> UserDictionary:
        """Return the dictionary in text files, or in one compiled file, which keeps how it was compiled.

        An entry that is given twice is reported once, with a DictionaryWarning; of different ones the last counts.

        Args:
            paths: The files.
            encoding: Any text encoding Python knows; a byte order mark is dropped.
            ignore_case, ignore_width: As of the class.

        Raises:
            FileError, EncodingError: As `cws.files.read_lines`.
            CorpusError: A line that is no entry, with file:line.
            ModelError: A compiled file that is damaged.
            InputError: A compiled file among others.
        """
        if any(_is_compiled(path) for path in paths):
            if len(paths) > 1:
                raise InputError("a compiled dictionary stands alone: compile all text files into one")
            dictionary = cls._map(paths[0])
            if (ignore_case and not dictionary.ignore_case) or (ignore_width and not dictionary.ignore_width):
                raise InputError(
                    f"{os.fspath(paths[0])} was compiled to tell case or width apart: compile it again with"
                    " --ignore-case or --ignore-width"
                )
            return dictionary
        dictionary = cls(ignore_case=ignore_case, ignore_width=ignore_width)
        entries = _read_entries(paths, encoding, dictionary._fold)
        dictionary.native = NativeDictionary.build(entries, _folding_bytes(ignore_case, ignore_width))
        return dictionary

    @classmethod
    def _map(cls, path: str | os.PathLike[str]) -> UserDictionary:
        return cls._open(*model_io.map_file(path, _TENSORS), os.fspath(path))

    @classmethod
    def _from_bytes(cls, data: bytes) -> UserDictionary:
        return cls._open(*model_io.read_tensors(memoryview(data), "<pickle>", _TENSORS), "<pickle>")

    @classmethod
    def _open(cls, metadata: dict[str, str], tensors: dict[str, memoryview], path: str) -> UserDictionary:
        if metadata.get("format") != _FORMAT or metadata.get("version") != _VERSION:
            raise ModelError(f"{path}: no {_FORMAT} of version {_VERSION}: compile it with this release")
        dictionary = cls.__new__(cls)
        dictionary._set_folding(metadata.get("ignore_case") == "yes", metadata.get("ignore_width") == "yes")
        try:
            names = json.loads(bytes(tensors.pop("strings")))
            if not isinstance(names, list) or any(not isinstance(name, str) or _label_problem(name) for name in names):
                raise ValueError("strings: expected a list of names")
            dictionary.native = NativeDictionary.map(tensors, names)
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{path}: {error}: the file is damaged, compile it again") from None
        return dictionary

    def add_word(self, word: str, weight: float | str | None = None, label: str | None = None) -> None:
        """Add an entry, or replace it.

        Args:
            word: The word.
            weight: Nats of log-odds from -100 to 100; `!` for always one word, `-` for never one word; None for the
                default weight.
            label: What its tokens are labelled.

        Raises:
            InputError: A word that cannot be one, a invalid weight or label.
        """
        weight = DEFAULT_WEIGHT if weight is None else weight
        native_weight = _MARKS.get(weight) if isinstance(weight, str) else _checked_weight(weight)
        if native_weight is None:
            raise InputError(f"expected a weight, ! or -, got {weight!r}")
        if label is not None and (not isinstance(label, str) or _label_problem(label)):
            raise InputError(f"expected a label without white space, got {label!r}")
        self.native.set(self._fold(_checked(word)), native_weight, label)

    def remove_word(self, word: str) -> None:
        """Take an entry out, so that the model decides again.

        Raises:
            InputError: There is no such entry.
        """
        if word not in self:
            raise InputError(f"no entry {word!r} to remove: to forbid a word, add it with the weight -")
        self.native.set(self._fold(word), REMOVED, None)

    def get(self, word: str) -> Entry | None:
        """Return the entry of a word, or None."""
        found = self.native.get(self._fold(word)) if isinstance(word, str) else None
        return None if found is None else _entry(self._fold(word), *found)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.get(word) is not None

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries, sorted by word."""
        for item in sorted(self.native.items()):
            yield _entry(*item)

    def __len__(self) -> int:
        return len(self.native)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a compiled file, which `read` maps into memory.

        Raises:
            FileError: A missing folder, no permission, a full disk.
        """
        data = self._to_bytes()
        with atomic_output(path) as file:
            file.write(data)

    def _to_bytes(self) -> bytes:
        import numpy as np

        entries = sorted(self.native.items())  # so the same entries are the same bytes, whatever their history
        native = NativeDictionary.build(entries, _folding_bytes(self.ignore_case, self.ignore_width))
        tensors = native.tensors()
        names = json.dumps(native.labels(), ensure_ascii=False).encode()
        arrays = {
            **lattice.trie_arrays(tensors),
            "filter_pairs": np.frombuffer(tensors["filter_pairs"], np.uint8),
            "filter_triples": np.frombuffer(tensors["filter_triples"], np.uint64),
            "folding": np.frombuffer(tensors["folding"], np.uint16),
            "labels": np.frombuffer(tensors["labels"], np.uint32).reshape(-1, 2),
            "strings": np.frombuffer(names, np.uint8),
        }
        yes = {True: "yes", False: "no"}
        metadata = {
            "format": _FORMAT, "version": _VERSION, "entries": str(len(self)),
            "ignore_case": yes[self.ignore_case], "ignore_width": yes[self.ignore_width],
        }  # fmt: skip
        return model_io.pack(arrays, metadata, "nodes")

    def __reduce__(self) -> tuple[Callable[[bytes], UserDictionary], tuple[bytes]]:
        return UserDictionary._from_bytes, (self._to_bytes(),)

    def __repr__(self) -> str:
        return f"<UserDictionary of {len(self):,} entries>"

    def _set_folding(self, ignore_case: bool, ignore_width: bool) -> None:
        self.ignore_case, self.ignore_width = bool(ignore_case), bool(ignore_width)
        table = folding_table(case=ignore_case, width=ignore_width)
        self._fold: Callable[[str], str] = lambda word: word.translate(table) if table else word


def _entry(word: str, weight: float, label: str | None) -> Entry:
    mark = next((mark for mark, value in _MARKS.items() if value == weight), None)
    return Entry(word, weight if mark is None else mark, label)


def _checked(word: str) -> str:
    if not isinstance(word, str):
        raise InputError(f"expected a word, got {type(word).__name__}: decode bytes first")
    if problem := _problem(word):
        raise InputError(f"{problem}, got {word!r}")
    return word


def _problem(word: str) -> str | None:
    """Return what is wrong with a word."""
    if not word.strip():
        return "expected a word"
    if word != word.strip():
        return "expected a word without white space around it"
    if any(character < " " or "\x7f" <= character <= "\x9f" or character in "\u2028\u2029" for character in word):
        return "expected a word without control characters"
    return None


def _label_problem(label: str) -> bool:
    """Whether a string is no label: empty, with white space or control characters, or no text at all."""
    return not label or label.split() != [label] or any(c < " " or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff"
                                                        for c in label)  # fmt: skip


def _checked_weight(weight: float) -> float:
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not abs(weight) <= MAX_WEIGHT:
        raise InputError(f"expected a weight from -{MAX_WEIGHT:g} to {MAX_WEIGHT:g}, ! or -, got {weight!r}")
    return float(weight)


def _folding_bytes(ignore_case: bool, ignore_width: bool) -> bytes:
    table = folding_table(case=ignore_case, width=ignore_width)
    return array("H", (table.get(code, code) for code in range(0x10000))).tobytes() if table else b""


def _is_compiled(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins like a safetensors file: the size of a header, and the header."""
    if not os.path.isfile(path) or os.fspath(path).endswith((".gz", ".xz", ".zst")):
        return False  # a pipe can be read only once
    with open_input(path) as file:
        head = file.read(9)
    return len(head) == 9 and head[3:8] == bytes(5) and head[8:] == b"{"


def _read_entries(
    paths: Iterable[str | os.PathLike[str]], encoding: str, fold: Callable[[str], str]
) -> list[tuple[str, float, str | None]]:
    """Return (word, weight, label) of each entry, and warn once of those given twice."""
    entries: dict[str, tuple[float, str | None]] = {}
    places: dict[str, str] = {}
    repeated: list[str] = []
    conflicting: list[str] = []
    for path in paths:
        name = display_name(path)
        is_lexicon = False
        for number, line in enumerate(read_lines(path, encoding=encoding), 1):
            is_lexicon |= number == 1 and line.startswith(LEXICON_HEADER)
            fields = _fields(line)[: 1 if is_lexicon else None]
            if not fields:
                continue
            try:
                word, weight, label = _parse(fields)
            except ValueError as error:
                raise CorpusError(str(error), name, number) from None
            word = fold(word)
            place = f"{name}:{number}"
            if word in entries:
                same = entries[word] == (weight, label)
                (repeated if same else conflicting).append(f"{word} at {places[word]} and {place}")
            entries[word] = weight, label
            places[word] = place
    if repeated:
        warnings.warn(f"{_entries(len(repeated))} given twice, first {repeated[0]}", DictionaryWarning, stacklevel=3)
    if conflicting:
        message = f"{_entries(len(conflicting))} given twice and differ, first {conflicting[0]}: the last counts"
        warnings.warn(message, DictionaryWarning, stacklevel=3)
    return [(word, weight, label) for word, (weight, label) in entries.items()]


def _fields(line: str) -> list[str]:
    """Return the fields of a line; none for a comment or a blank line.

    A `#` at the beginning of a line or after white space begins a comment; a line with tabs has none inside. `\\#` at
    the beginning is a word's own.
    """
    if line.startswith("\\#"):
        line = line[1:]
    elif line.lstrip().startswith("#"):
        return []
    if "\t" in line:
        return [field for field in map(str.strip, line.split("\t")) if field]
    return _COMMENT.sub("", line).split()


def _parse(fields: list[str]) -> tuple[str, float, str | None]:
    word, *rest = fields
    if problem := _problem(word):
        raise ValueError(problem)
    if len(rest) > 2:
        raise ValueError(f"expected word [weight|!|-] [label], got {len(fields)} fields: a word with spaces needs tabs")
    if not rest:
        if len(fields[0].split()) > 1 and fields[0].split()[-1] in _MARKS:
            raise ValueError(f"expected a tab before the {word[-1]} of {word!r}: the line has a tab")
        return word, DEFAULT_WEIGHT, None
    weight = _MARKS.get(rest[0])
    if weight is None:
        try:
            weight = float(rest[0].replace("_", "?"))
        except ValueError:
            raise ValueError(
                f"expected a weight, ! or - after {word!r}, got {rest[0]!r}: a word with spaces needs tabs"
            ) from None
        if not math.isfinite(weight) or abs(weight) > MAX_WEIGHT:
            raise ValueError(
                f"expected a weight from -{MAX_WEIGHT:g} to {MAX_WEIGHT:g}, got {rest[0]}: weights are log-odds; take"
                " counts away, and the words get the default weight"
            )
    label = rest[1] if len(rest) == 2 else None
    if label is not None and _label_problem(label):
        raise ValueError(f"expected a label without white space, got {label!r}")
    return word, weight, label


def _entries(number: int) -> str:
    return "1 entry is" if number == 1 else f"{number:,} entries are"
