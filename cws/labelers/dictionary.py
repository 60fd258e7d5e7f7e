"""The dictionary model: the best path over a weighted word list, jieba's installed list by default.

It knows no word that its list does not have, and needs no training: a baseline, and a way to segment by a list of one's
own. The search is specified in cws/lattice.py.

>>> segmenter = make_dictionary({"研究": 60, "研究生": 20, "生命": 40, "命": 10})
>>> segmenter.segment("研究生命")
['研究', '生命']
"""

from __future__ import annotations

from math import log

from cws import model_io
from cws._native import DictionaryPredictor
from cws.errors import InputError, ModelError
from cws.lattice import TENSORS, WordTrie, trie_tensors
from cws.word_list import jieba_word_list

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import Any

KIND = "dictionary"


def make_dictionary(counts: Mapping[str, int | None] | None = None) -> DictionaryPredictor:
    """Return the model of a list of words with their counts; arguments and errors as of `word_trie`."""
    trie, unknown = word_trie(counts)
    return DictionaryPredictor(trie.tensors(), unknown, False)


def word_trie(counts: Mapping[str, int | None] | None = None) -> tuple[WordTrie, float]:
    """Return words with their log-probabilities, and that of a character that begins no word.

    A word's probability is its share of all counts; a word without a count, or with 0, has the share of one counted
    once, and so has a character that begins no word.

    Args:
        counts: The list, for example of `cws.word_list.read_word_list`; by default jieba's.

    Raises:
        FileError: jieba's list is asked for and jieba is not installed.
        InputError: No words, an empty word, or a negative count.
    """
    counts = jieba_word_list() if counts is None else counts
    if not counts:
        raise InputError("expected a word list, got an empty one")
    if "" in counts:
        raise InputError("expected words, got an empty one")
    known = {word: count or 1 for word, count in counts.items()}
    if (least := min(known, key=lambda word: known[word])) and known[least] < 0:
        raise InputError(f"expected counts, got {known[least]} for {least!r}")
    total = log(sum(known.values()))
    logarithms = {count: log(count) - total for count in set(known.values())}  # few, for many words
    return WordTrie.build((word, logarithms[count]) for word, count in known.items()), -total


def write_dictionary(
    folder: str | os.PathLike[str],
    counts: Mapping[str, int | None] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write a model directory, which `cws.load` maps into memory.

    Args:
        folder: Made if it is not there.
        counts: As of `word_trie`.
        metadata: What else cws.json should say, for example where the list comes from.

    Raises:
        InputError: Metadata that says what only this function may say; else as `word_trie`.
        FileError: A file instead of a folder, no permission, a full disk; jieba is not installed.
    """
    write_trie(folder, *word_trie(counts), metadata=metadata)


def write_trie(
    folder: str | os.PathLike[str],
    trie: WordTrie,
    unknown: float,
    *,
    units: bool = False,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write a model directory.

    Args:
        folder, metadata: As of `write_dictionary`, with its errors.
        trie: Words and their log-probabilities.
        unknown: The log-probability of a unit that begins no word.
        units: Whether words are of the units of cws/lexicon/symbols.py, not of characters.
    """
    own = {"kind": KIND, "words": len(trie), "unknown": unknown, "units": units}
    if reserved := sorted(own.keys() & (metadata or {}).keys()):
        raise InputError(f"the metadata of a model must not have {', '.join(reserved)}: choose other names")
    model_io.write_model(folder, {**own, **(metadata or {})}, trie_tensors(trie), aligned="nodes")


def open_dictionary(folder: str | os.PathLike[str], config: Mapping[str, Any]) -> DictionaryPredictor:
    """Return the model in a folder, mapped into memory.

    Args:
        folder: The directory.
        config: Its cws.json, from `model_io.read_config`.

    Raises:
        FileError: The file of the tensors cannot be opened.
        ModelError: A broken or foreign file.
    """
    unknown = config.get("unknown")
    if config.get("kind") != KIND or not isinstance(unknown, float) or not -1e6 < unknown <= 0:
        raise ModelError(f"{folder}: expected a model of kind {KIND} with an unknown between -1000000 and 0")
    try:
        return DictionaryPredictor(model_io.map_tensors(folder, config, TENSORS), unknown, config.get("units") is True)
    except ModelError:
        raise
    except ValueError as error:  # from the core, which checks what it will take on trust
        raise ModelError(f"{folder}: {error}: the file is damaged, make it again") from None
