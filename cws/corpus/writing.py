"""Writing corpora: one sentence a line, words separated by one space."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike

from cws.errors import InputError
from cws.files import atomic_output
from cws.text import split_words


def write_segmented(path: str | PathLike[str], sentences: Iterable[Sequence[str]]) -> None:
    """Write sentences one a line, in UTF-8, words separated by one space; all of them or, after an error, nothing.

    Raises:
        FileError: A missing folder, a directory, no permission, a full disk.
        InputError: A word that could not be read back: empty, with white space or a control character inside, or with a
            lone surrogate.
    """
    with atomic_output(path) as file:
        for number, words in enumerate(sentences, 1):
            line = " ".join(words)
            if split_words(line) != list(words):
                bad = next(word for word in words if split_words(word) != [word])
                expected = "a word must not be empty or hold white space or a control character"
                raise InputError(f"sentence {number}: {expected}, got {bad!r}")
            if number == 1 and line.startswith("\ufeff"):
                file.write("\ufeff".encode())  # readers take the first for a byte order mark
            try:
                file.write(f"{line}\n".encode())
            except UnicodeEncodeError as error:
                bad = line[error.start : error.end]
                raise InputError(f"sentence {number}: {bad!r} is no character, UTF-8 cannot hold it") from None
