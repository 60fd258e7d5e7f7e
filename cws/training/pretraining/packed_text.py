"""Raw text of any size in a file of numbers, of which a training takes windows here and there.

Every character is 16 bits: its number, and a bit where a word begins. Characters are numbered as they come, and lines
stand between two marks. The file is mapped into memory, so only the windows that are looked at are read.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cws.errors import FileError, InputError
from cws.files import atomic_output, check_input, file_error, read_lines
from cws.text import fold

FIRST, LAST, UNKNOWN = 0, 1, 2  # before a line, after it, and every character that has no number
BEGIN = 1 << 15  # of a word, a line, the mark after a line
BLOCK = 1 << 20  # characters that are segmented at once
HELD_OUT = 100  # one line of so many is held out
SPREAD = 0.5  # a file of n characters is read as often as n to this power says: large ones are sampled down
GOLDEN = 0x9E3779B97F4A7C15  # 2^64 over the golden ratio

Segment = Callable[[list[str]], list[list[str]]]


@dataclass(frozen=True)
class Part:
    """What is known of the text of one file: where its numbers begin and end, and its lines."""

    path: str
    begin: int
    end: int
    lines: int


class PackedText:
    """The numbers of some files, one after the other.

    Args:
        codes: uint16, shape (N,).
        parts: Of which files.
    """

    def __init__(self, codes: NDArray[np.uint16], parts: Sequence[Part]) -> None:
        self.codes = codes
        self.parts = [part for part in parts if part.end > part.begin]
        sizes = np.array([part.end - part.begin for part in self.parts], np.float64)
        self.ends = np.cumsum(sizes**SPREAD) / (sizes**SPREAD).sum()
        self.begins = np.concatenate([[0.0], self.ends[:-1]])

    def windows(self, first: int, count: int, length: int) -> NDArray[np.uint16]:
        """Return windows of the text, shape (count, length).

        The place of window n is n times the golden ratio, modulo the text, in which each file is as long as its size
        to the power of SPREAD. Whenever one stops, the places are spread evenly (the three-gap theorem): nothing is
        read twice before all of its file has been read.

        Args:
            first: The number of the first window.
            count: How many windows.
            length: Of each; not more than there is text.
        """
        numbers = np.arange(first, first + count, dtype=np.uint64)
        places = (numbers * np.uint64(GOLDEN) >> np.uint64(11)).astype(np.float64) / (1 << 53)
        files = np.minimum(np.searchsorted(self.ends, places, side="right"), len(self.parts) - 1)
        shares = (places - self.begins[files]) / (self.ends[files] - self.begins[files])
        parts = [self.parts[file] for file in files]
        starts = [part.begin + int((part.end - part.begin) * share) for part, share in zip(parts, shares, strict=True)]
        last = len(self.codes) - length
        return np.stack([self.codes[start : start + length] for start in (min(start, last) for start in starts)])


@dataclass(frozen=True)
class Packed:
    """Text to train on, text that is held out, and their characters.

    Attributes:
        characters: Those with a number, from UNKNOWN + 1 on, folded.
        counts: How often each occurs in the text to train on.
        checksum: Of all of it.
    """

    train: PackedText
    held_out: PackedText
    characters: str
    counts: list[int]
    checksum: str


def pack_text(
    paths: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    segment: Segment,
    *,
    seed: int = 1,
    encoding: str = "utf-8",
    errors: str = "strict",
    progress: Callable[[int], object] = lambda characters: None,
) -> Packed:
    """Write the text of files into a folder, as numbers; where that has been done, only open it.

    Lines are held out by a checksum of them and the seed, so that equal lines are on the same side.

    Args:
        paths: Text files, a paragraph or a sentence a line; compressed ones are unpacked. Lines of nothing but white
            space do not count.
        folder: Where the numbers go, and are looked for.
        segment: From texts to their words.
        seed: Of the choice of the lines that are held out.
        encoding, errors: Of the files.
        progress: Called with a number of characters that have been done.

    Raises:
        FileError, CorpusError, EncodingError: Of the files, or a folder that cannot be written.
        InputError: No text, or too little.
    """
    folder = os.fspath(folder)
    about = {"files": list(map(_stamp, paths)), "seed": seed, "encoding": encoding, "errors": errors}
    if _read_about(folder).get("about") != about:
        try:
            os.makedirs(folder, exist_ok=True)
            _write(paths, folder, segment, about, progress)
        except OSError as error:
            remove_packed(folder)
            raise error if isinstance(error, FileError) else file_error(error, error.filename or folder) from error
        except BaseException:
            remove_packed(folder)
            raise
    return _open(folder)


def remove_packed(folder: str | os.PathLike[str]) -> None:
    """Remove what `pack_text` wrote."""
    for path in _paths(os.fspath(folder)):
        if os.path.exists(path):
            os.unlink(path)


def _paths(folder: str) -> tuple[str, str, str]:
    return tuple(os.path.join(folder, name) for name in ("text.json", "text.uint16", "held_out.uint16"))  # type: ignore[return-value]


def _stamp(path: str | os.PathLike[str]) -> list[Any]:
    check_input(path)
    if os.fspath(path) == "-" or not os.path.isfile(path):
        raise InputError(
            f"{os.fspath(path)}: a pretraining that goes on looks at its text again: give files, not a pipe"
        )
    status = os.stat(path)
    return [os.path.abspath(os.fspath(path)), status.st_size, status.st_mtime_ns]


def _read_about(folder: str) -> dict[str, Any]:
    try:
        with open(_paths(folder)[0], encoding="utf-8") as file:
            result: dict[str, Any] = json.load(file)
            return result
    except (OSError, ValueError):
        return {}


def _open(folder: str) -> Packed:
    about = _read_about(folder)
    texts = []
    for path, parts in zip(_paths(folder)[1:], (about["train"], about["held_out"]), strict=True):
        if not os.path.getsize(path):
            raise InputError("too little text to hold some of it out: give some hundred lines or more")
        texts.append(PackedText(np.memmap(path, np.uint16, "r"), [Part(**part) for part in parts]))
    return Packed(texts[0], texts[1], about["characters"], about["counts"], about["checksum"])


def _write(
    paths: Sequence[str | os.PathLike[str]],
    folder: str,
    segment: Segment,
    about: dict[str, Any],
    progress: Callable[[int], object],
) -> None:
    about_path, *number_paths = _paths(folder)
    remove_packed(folder)
    numbers, counts = _Numbers(), np.zeros(BEGIN, np.int64)
    parts: tuple[list[Part], list[Part]] = ([], [])
    digest, sizes = hashlib.sha256(), [0, 0]
    with open(number_paths[0], "xb") as train, open(number_paths[1], "xb") as held_out:
        for path in [os.fspath(path) for path in paths]:
            begins, lines = list(sizes), [0, 0]
            texts = read_lines(path, encoding=about["encoding"], errors=about["errors"])
            for block in _blocks(texts):
                is_held = [zlib.crc32(line.encode("utf-8", "surrogatepass"), about["seed"]) % HELD_OUT == 0
                           for line in block]  # fmt: skip
                for side, file in enumerate((train, held_out)):
                    chosen = [line for line, held in zip(block, is_held, strict=True) if held == side]
                    if not chosen:
                        continue
                    codes = numbers.pack(chosen, segment(chosen))
                    file.write(codes.data)
                    digest.update(codes.data)
                    sizes[side] += len(codes)
                    lines[side] += len(chosen)
                    if side == 0:
                        counts += np.bincount(codes & (BEGIN - 1), minlength=BEGIN)
                progress(sum(map(len, block)))
            for side in (0, 1):
                parts[side].append(Part(path, begins[side], sizes[side], lines[side]))
    if not sizes[0]:
        raise InputError(f"no text in {', '.join(map(str, paths))}: give files with a paragraph or a sentence a line")
    digest.update(numbers.characters.encode("utf-8", "surrogatepass"))
    result = {
        "about": about,
        "train": list(map(asdict, parts[0])),
        "held_out": list(map(asdict, parts[1])),
        "characters": numbers.characters,
        "counts": counts[UNKNOWN + 1 :][: len(numbers.characters)].tolist(),
        "checksum": digest.hexdigest(),
    }
    with atomic_output(about_path) as about_file:
        about_file.write(json.dumps(result).encode())


def _blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    block, size = [], 0
    for line in lines:
        if not line or line.isspace():
            continue
        block.append(line)
        size += len(line)
        if size >= BLOCK:
            yield block
            block, size = [], 0
    if block:
        yield block


class _Numbers:
    """Numbers characters as they come."""

    def __init__(self) -> None:
        self.table = np.zeros(0x10000, np.uint16)
        self.table[0xD800:0xE000] = UNKNOWN
        self.characters = ""

    def pack(self, lines: Sequence[str], words: Sequence[Sequence[str]]) -> NDArray[np.uint16]:
        """Return the numbers of lines with their marks."""
        codes = np.frombuffer("".join(map(fold, lines)).encode("utf-32-le", "surrogatepass"), np.uint32)
        sizes = np.fromiter(map(len, lines), np.int64, len(lines))
        rows = np.repeat(np.arange(len(lines)), sizes)
        places = np.arange(len(codes)) + 2 * rows + 1
        result = np.empty(len(codes) + 2 * len(lines), np.uint16)
        result[places] = self._of(codes)
        ends = np.cumsum(sizes + 2)
        result[ends - sizes - 2] = FIRST | BEGIN
        result[ends - 1] = LAST | BEGIN
        lengths = np.array([len(word) for line in words for word in line], np.int64)
        result[places[np.cumsum(lengths) - lengths]] |= BEGIN
        return result

    def _of(self, codes: NDArray[np.uint32]) -> NDArray[np.uint16]:
        is_bmp = codes < 0x10000
        small = np.where(is_bmp, codes, 0xD800)
        for code in np.unique(small[self.table[small] == 0]):
            number = UNKNOWN + 1 + len(self.characters)
            if number < BEGIN:
                self.table[code] = number
                self.characters += chr(code)
            else:
                self.table[code] = UNKNOWN
        return self.table[small]
