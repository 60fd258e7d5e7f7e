"""Word lists: a word a line, with a count or without; and the list and tables of the installed jieba package."""

from __future__ import annotations

import re
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from os import PathLike
from pathlib import Path
from typing import Any

from cws.errors import CorpusError, FileError, ModelError
from cws.files import display_name, read_lines
from cws.text import HANZI_RANGES

_EXPECTED = "give a line `word [count]`"
_DIGITS = 18  # of the largest count
_NUMBER = re.compile(r"[+-]?[\d,]*\.?\d+\.?(?:[eE][+-]?\d+)?%?|[+-]?(?:inf|nan|infinity)", re.IGNORECASE)
_HAN = re.compile(f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in HANZI_RANGES)}]")
_COMMA = re.compile(rf"{_HAN.pattern},[\d.]*$")

LEXICON_HEADER = "# word\t"  # begins the first line of a lexicon (cws/lexicon/lexicon.py), which names its columns


def read_word_list(path: str | PathLike[str], *, encoding: str = "utf-8") -> dict[str, int | None]:
    """Return the words of a list with their counts; None for a word without one.

    Args:
        path: A word a line, then white space (in a line that has a tab, tabs), a count, and anything more; without a
            count, what follows the word is a note such as a part of speech. Blank lines are skipped, and the header of
            a lexicon.
        encoding: Any text encoding Python knows.

    Raises:
        FileError, EncodingError: As `cws.files.read_lines`.
        CorpusError: No word in the file; or, with path:line, a word with white space in it, or a number that is no
            count.
    """
    words: dict[str, int | None] = {}
    for number, line in enumerate(read_lines(path, encoding=encoding), 1):
        if number == 1 and line.startswith(LEXICON_HEADER):
            continue
        if fields := line.split(maxsplit=2):
            try:
                words[fields[0]] = _count(line, fields)
            except ValueError as error:
                raise CorpusError(str(error), display_name(path), number) from None
    if not words:
        raise CorpusError("no word in this file: give a word list, one word a line", display_name(path))
    return words


def _count(line: str, fields: list[str]) -> int | None:
    """Return the count of a line by its first fields, None where there is none; ValueError says what is wrong."""
    word = fields[0]
    if "," in word and _COMMA.search(word):
        raise ValueError(f"expected white space between a word and its count, got {word!r}: {_EXPECTED}")
    if len(fields) == 1:
        return None
    second = fields[1]
    if "\t" in line.strip() and len(columns := line.strip().split("\t")[0].split()) > 1:
        raise ValueError(f"a word cannot have white space in it, got {' '.join(columns)!r}: {_EXPECTED}")
    if second.isdecimal():
        if len(second) > _DIGITS:
            raise ValueError(
                f"expected a count of {_DIGITS} digits at most after {word!r}, got {second!r}: {_EXPECTED}"
            )
        return int(second)
    if _NUMBER.fullmatch(second) or not any(map(str.isalnum, second)):
        raise ValueError(f"expected a count after {word!r}, a whole number from 0, got {second!r}: {_EXPECTED}")
    rest = line.split()[2:]
    if "\t" not in line and (_HAN.search(second) or (rest and rest[-1].isdecimal())):
        raise ValueError(f"expected a count after {word!r}, got {second!r}: a word has no white space; {_EXPECTED}")
    return None


def jieba_word_list() -> dict[str, int | None]:
    """Return the words and counts of the installed jieba package, without importing it (that takes a while).

    Raises:
        FileError: jieba is not installed.
    """
    return read_word_list(jieba_folder() / "dict.txt")


def jieba_folder() -> Path:
    """Return the folder of the installed jieba package, without importing it.

    Raises:
        FileError: jieba is not installed.
    """
    spec = find_spec("jieba")
    if spec is None or not spec.submodule_search_locations:
        raise FileError(2, "the jieba package is not installed: pip install jieba", "jieba")
    return Path(spec.submodule_search_locations[0])


def jieba_table(package: str, name: str) -> dict[Any, Any]:
    """Return what the module jieba.<package>.<name> calls P: a table of one of jieba's models.

    Raises:
        FileError: jieba is not installed, or has no such table.
        ModelError: There is no P in it.
    """
    path = jieba_folder() / package / f"{name}.py"
    spec = spec_from_file_location(f"_cws_jieba_{package}_{name}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileError(2, "the installed jieba has no such table: pip install jieba==0.42.1", str(path))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    table = getattr(module, "P", None)
    if not isinstance(table, dict):
        raise ModelError(f"{path}: expected a table called P: pip install jieba==0.42.1")
    return table
