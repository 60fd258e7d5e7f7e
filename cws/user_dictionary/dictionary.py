"""User dictionaries: what the user decides about words, the same for every model.

What entries do to a model's words is specified in cws/user_dictionary/reference.py, text files in text_format.py. Large
dictionaries load at once from a compiled file, a double-array trie that is mapped into memory.
"""

from __future__ import annotations

import json
import os
from array import array

from cws import lattice, model_io
from cws._native import DECIDED, FORCED, REMOVED, NativeDictionary
from cws.errors import InputError, ModelError
from cws.files import atomic_output, open_input
from cws.text import folding_table
from cws.user_dictionary.entry import Entry, check_label, check_word, is_no_label, native_weight
from cws.user_dictionary.text_format import has_weight, parse_entry, read_entries

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from cws.user_dictionary.entry import NativeEntry

    Words = Iterable[str | tuple[str, float | str | None] | tuple[str, float | str | None, str | None]]

_FORMAT, _VERSION = "cws-dictionary", "3"
_TENSORS: model_io.Specification = {
    **lattice.TENSORS,  # the weight of a node is that of the entry that ends there
    "filter_pairs": ("U8", (None,)),  # PrefixFilter of cws/native/user_dictionary/prefix_filter.h
    "filter_triples": ("U64", (None,)),
    "folding": ("U16", (None,)),  # the folded form of each code point of the BMP; empty: nothing is folded
    "labels": ("U32", (None, 2)),  # node, number of its label
    "strings": ("U8", (None,)),  # the labels: a JSON list. After "nodes", so that only this one has an odd place
}


class UserDictionary:
    """Entries that change what a model takes for one word.

    It may be changed at any time, by any thread: who is segmenting meanwhile sees it as it was when the call began.

    Args:
        words: Words that the user decides; or (word, weight) or (word, weight, label), or a mapping of words to
            weights, where a weight is as of `Entry`. A string with white space and then a weight is read as a line of
            a file.
        ignore_case: Whether entries match capitals and small letters alike.
        ignore_width: Whether entries match full-width and half-width characters alike.

    Raises:
        InputError: An empty word, one with control characters or of more than 1,000; no weight, no label.

    >>> dictionary = UserDictionary(["云计算"])
    >>> dictionary.add_word("机器学习", "!", "TERM")
    >>> dictionary.get("机器学习")
    Entry(word='机器学习', weight='!', label='TERM')
    >>> len(dictionary), "云" in dictionary
    (2, False)
    """

    __slots__ = ("_fold", "ignore_case", "ignore_width", "native")

    def __init__(
        self,
        words: Words | Mapping[str, float | str | None] = (),
        *,
        ignore_case: bool = False,
        ignore_width: bool = False,
    ) -> None:
        if isinstance(words, (str, bytes)):
            raise InputError(f"expected a list of words, got {words!r}: UserDictionary.read takes a file")
        self._set_folding(ignore_case, ignore_width)
        items: Words = words.items() if hasattr(words, "items") else words
        entries = [(self._fold(word), weight, label) for word, weight, label in map(_native_entry, items)]
        self.native = NativeDictionary.build(entries, _folding_bytes(ignore_case, ignore_width))

    @classmethod
    def read(
        cls,
        *paths: str | os.PathLike[str],
        encoding: str = "utf-8",
        format: str | None = None,
        ignore_case: bool = False,
        ignore_width: bool = False,
    ) -> UserDictionary:
        """Return the dictionary in text files, or in one compiled file, which keeps how it was compiled.

        An entry that is given twice is reported once, with a DictionaryWarning; of different ones the last counts.

        Args:
            paths: The files.
            encoding: Any text encoding Python knows; a byte order mark is dropped.
            format: Of text files: `cws`, or `jieba` for `word [count] [tag]`; None finds out for each file, and a
                DictionaryWarning says where it is jieba's.
            ignore_case, ignore_width: As of the class.

        Raises:
            FileError, EncodingError: As `cws.files.read_lines`.
            CorpusError: A line that is no entry, with file:line; a file that could be in either format.
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
        entries = read_entries(paths, encoding=encoding, format=format, fold=dictionary._fold)
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
            raise ModelError(
                f"{path}: no compiled dictionary of this release: make it anew from its text,"
                f" cws dictionary compile WORDS -o {path}"
            )
        dictionary = cls.__new__(cls)
        dictionary._set_folding(metadata.get("ignore_case") == "yes", metadata.get("ignore_width") == "yes")
        try:
            names = json.loads(bytes(tensors.pop("strings")))
            if not isinstance(names, list) or any(not isinstance(name, str) or is_no_label(name) for name in names):
                raise ValueError("strings: expected a list of names")
            dictionary.native = NativeDictionary.map(tensors, names)
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{path}: {error}: the file is damaged, compile it again") from None
        return dictionary

    def add_word(self, word: str, weight: float | str | None = None, label: str | None = None) -> None:
        """Add an entry, or replace it.

        Args:
            word: The word.
            weight: None decides: one word wherever its ends are plausible. A number is evidence, nats of log-odds
                from -100 to 100. `!` for always one word, `-` for never one word.
            label: What its tokens are labelled.

        Raises:
            InputError: A word that cannot be one, an invalid weight or label.
        """
        self.native.set(self._fold(check_word(word)), native_weight(weight), check_label(label))

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
        return None if found is None else Entry.of_native(self._fold(word), *found)

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.get(word) is not None

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries, sorted by word."""
        for item in sorted(self.native.items()):
            yield Entry.of_native(*item)

    def __len__(self) -> int:
        return len(self.native)

    def forced(self) -> UserDictionary:
        """Return the same dictionary with every word that the user decides forced: one word wherever it stands."""
        dictionary = UserDictionary(ignore_case=self.ignore_case, ignore_width=self.ignore_width)
        entries = [
            (word, FORCED if weight == DECIDED else weight, label) for word, weight, label in self.native.items()
        ]
        dictionary.native = NativeDictionary.build(entries, _folding_bytes(self.ignore_case, self.ignore_width))
        return dictionary

    def with_evidence(self, weights: Mapping[str, float]) -> UserDictionary:
        """Return the same dictionary with more words that are evidence; the entries that are there stay as they are.

        Args:
            weights: Nats of log-odds, from -100 to 100.

        Raises:
            InputError: As for `add_word`.
        """
        dictionary = UserDictionary(ignore_case=self.ignore_case, ignore_width=self.ignore_width)
        entries = [(self._fold(check_word(word)), native_weight(weight), None) for word, weight in weights.items()]
        own = self.native.items()  # the last entry of a word counts
        dictionary.native = NativeDictionary.build(
            [*entries, *own], _folding_bytes(self.ignore_case, self.ignore_width)
        )
        return dictionary

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


def _native_entry(
    item: str | tuple[str, float | str | None] | tuple[str, float | str | None, str | None],
) -> NativeEntry:
    """Return an entry that was given to the constructor as the core has it."""
    if isinstance(item, (tuple, list)):
        if not 1 <= len(item) <= 3:
            raise InputError(f"expected a word, (word, weight) or (word, weight, label), got {item!r}")
        word, weight, label = (*item, None, None)[:3]
        return check_word(word), native_weight(weight), check_label(label)
    if isinstance(item, str) and has_weight(item):
        try:
            return parse_entry(item)
        except ValueError as error:
            raise InputError(f"{error}, in {item!r}") from None
    return check_word(item), DECIDED, None


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
