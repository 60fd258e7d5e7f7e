"""Reading and writing corpora: one sentence a line, words separated by white space, tagged words as `word/tag`."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from typing import TypeVar

from cws.errors import CorpusError, InputError
from cws.files import atomic_output, display_name, read_lines

Item = TypeVar("Item")


def read_segmented(
    path: str | PathLike[str], *, encoding: str = "utf-8", errors: str = "strict"
) -> Iterator[list[str]]:
    """Yield the words of each sentence, as the file is read.

    Args:
        path: One sentence a line; words separated by one or more spaces, ideographic spaces or tabs. Blank lines are
            skipped. `.xz` and `.gz` are decompressed, `-` is stdin.
        encoding: Any text encoding Python knows.
        errors: What to do with invalid bytes: `strict`, `replace`, or another of Python's error handlers.

    Raises:
        FileError: A missing file, a directory, no permission.
        EncodingError: Invalid bytes, with path:line:byte and the likely encoding.
        CorpusError: A file with no sentence at all.
    """
    for _, words in _read_words(path, encoding, errors):
        yield words


def read_tagged(
    path: str | PathLike[str], *, encoding: str = "utf-8", errors: str = "strict"
) -> Iterator[list[tuple[str, str]]]:
    """Yield the (word, tag) pairs of each sentence; the tag follows the last slash, so `1/2/m` is the word `1/2`.

    Raises:
        FileError, EncodingError, CorpusError: As `read_segmented`; also CorpusError for a word without a tag.
    """
    for number, items in _read_words(path, encoding, errors):
        pairs = []
        for item in items:
            word, _, tag = item.rpartition("/")
            if not word or not tag:
                raise CorpusError(f"expected word/tag, got {item!r}", display_name(path), number)
            pairs.append((word, tag))
        yield pairs


def _read_words(path: str | PathLike[str], encoding: str, errors: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and words of each line that is not blank."""
    empty = True
    for number, line in enumerate(read_lines(path, encoding=encoding, errors=errors), 1):
        if words := line.split():
            empty = False
            yield number, words
    if empty:
        remedy = "give a file with one sentence a line, words separated by spaces"
        raise CorpusError(f"no sentence in this file: {remedy}", display_name(path))


def write_segmented(path: str | PathLike[str], sentences: Iterable[Sequence[str]]) -> None:
    """Write sentences one a line, in UTF-8, words separated by one space; all of them or, after an error, nothing.

    Raises:
        FileError: A missing folder, a directory, no permission, a full disk.
        InputError: A word that could not be read back: empty, with white space inside, or with a lone surrogate.
    """
    with atomic_output(path) as file:
        for number, words in enumerate(sentences, 1):
            line = " ".join(words)
            if line.split() != list(words):
                bad = next(word for word in words if word.split() != [word])
                raise InputError(f"sentence {number}: a word must not be empty or hold white space, got {bad!r}")
            if number == 1 and line.startswith("\ufeff"):
                file.write("\ufeff".encode())  # readers take the first for a byte order mark
            try:
                file.write(f"{line}\n".encode())
            except UnicodeEncodeError as error:
                bad = line[error.start : error.end]
                raise InputError(f"sentence {number}: {bad!r} is no character, UTF-8 cannot hold it") from None


def train_dev_split(
    sentences: Sequence[Item], dev_fraction: float = 0.1, seed: int = 0
) -> tuple[list[Item], list[Item]]:
    """Return (train, dev), each in the original order; the same for the same number of sentences, fraction and seed.

    Dev is drawn as whole runs of neighbouring sentences, a hundredth of them each: sentences of one article share their
    words, so a dev set of single sentences would look easier than new text is.

    Args:
        sentences: Two or more.
        dev_fraction: The share that goes to dev, rounded to whole runs; neither part is ever empty.
        seed: Which split.

    Raises:
        InputError: Fewer than two sentences, or a fraction that is not between 0 and 1.
    """
    count = len(sentences)
    if count < 2:
        raise InputError(f"cannot split {count} sentences in two: give two or more")
    if not 0 < dev_fraction < 1:
        raise InputError(f"dev_fraction must be between 0 and 1, got {dev_fraction}")
    runs = min(count, 100)
    dev_runs = min(max(round(runs * dev_fraction), 1), runs - 1)
    generator = random.Random(seed)
    # Python promises the same random() for ever, but not the same shuffle() or sample().
    order = sorted((generator.random(), run) for run in range(runs))
    dev = {run for _, run in order[:dev_runs]}
    train_part: list[Item] = []
    dev_part: list[Item] = []
    for index, sentence in enumerate(sentences):
        (dev_part if index * runs // count in dev else train_part).append(sentence)
    return train_part, dev_part
