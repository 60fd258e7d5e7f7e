"""Word lists: a word a line, with a count or without; and the list and tables of the installed jieba package."""

from __future__ import annotations

from importlib.util import find_spec, module_from_spec, spec_from_file_location
from os import PathLike
from pathlib import Path
from typing import Any

from cws.errors import CorpusError, FileError, ModelError
from cws.files import display_name, read_lines

LEXICON_HEADER = "# word\t"  # begins the first line of a lexicon (cws/lexicon/lexicon.py), which names its columns


def read_word_list(path: str | PathLike[str], *, encoding: str = "utf-8") -> dict[str, int | None]:
    """Return the words of a list with their counts; None for a word without one.

    Args:
        path: A word a line, then white space, a count, and anything more; blank lines are skipped, and the header of a
            lexicon. A second field that is no number, or one of more than 18 digits, is not a count.
        encoding: Any text encoding Python knows.

    Raises:
        FileError, EncodingError: As `cws.files.read_lines`.
        CorpusError: No word in the file.
    """
    words: dict[str, int | None] = {}
    for number, line in enumerate(read_lines(path, encoding=encoding)):
        if number == 0 and line.startswith(LEXICON_HEADER):
            continue
        if fields := line.split(maxsplit=2):
            is_count = len(fields) > 1 and fields[1].isdecimal() and len(fields[1]) <= 18
            words[fields[0]] = int(fields[1]) if is_count else None
    if not words:
        raise CorpusError("no word in this file: give a word list, one word a line", display_name(path))
    return words


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
