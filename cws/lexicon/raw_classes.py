"""What raw text says of its n-grams, as classes: how free they are on either side, how closely they hold together.

A linear model learns a weight for each class (cws/training/ngram_classes.py), so it can judge strings that no word list
and no training sentence has (Zhao and Kit 2008 learn from accessor variety in the same way).
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from cws.errors import CorpusError
from cws.lexicon.candidates import NgramIndex
from cws.lexicon.counting.count import NgramCounts, count

LONGEST = 4  # characters of an n-gram
_ENTROPIES = (0.7, 1.6, 2.5)  # nats: where a side is bound, half free, free
_INFORMATION = (0.0, 2.0, 4.0)  # nats, at the weakest place
_COUNTS = (4.0, 16.0)  # times the least count
_LEAST = 5  # times seen, in any text
_CHARACTERS_A_COUNT = 2_000_000  # for each so many, one more


def raw_classes(
    paths: Sequence[str | PathLike[str]],
    *,
    memory: int | str = "2G",
    encoding: str = "utf-8",
    progress: bool = False,
    work_folder: str | PathLike[str] | None = None,
) -> list[tuple[NDArray[np.uint32], NDArray[np.uint16]]]:
    """Return the n-grams of raw text from bigrams up, and their classes.

    Args:
        paths: Files of raw text, as for `count`.
        memory: What counting may take.
        encoding: Of the files.
        progress: Whether to show on stderr how far counting is.
        work_folder: Where an interrupted count stays, for the same call to go on from.

    Returns:
        For the orders 2 to LONGEST: code points (m, order), and classes (m,) from 1. The rarest are left out.

    Raises:
        FileError, EncodingError, CorpusError: As for `count`; also CorpusError for text without Chinese characters.
    """
    counts = count(
        paths, n=LONGEST, min_count=_LEAST, memory=memory, encoding=encoding, progress=progress, work_folder=work_folder
    )
    if counts.characters == 0:
        files = ", ".join(map(str, paths))
        raise CorpusError("no Chinese character in the raw text: give Chinese text, in the right --encoding", files)
    return classes_of(counts)


def classes_of(counts: NgramCounts) -> list[tuple[NDArray[np.uint32], NDArray[np.uint16]]]:
    """Return what `raw_classes` returns, of counts from _LEAST up."""
    index = NgramIndex(counts)
    least = _LEAST + counts.characters // _CHARACTERS_A_COUNT
    found = []
    for order in range(2, len(counts.tables) + 1):
        table = counts.tables[order - 1]
        features = (
            np.digitize(table.left_entropies, _ENTROPIES),
            np.digitize(table.right_entropies, _ENTROPIES),
            np.digitize(index.pmi(order), _INFORMATION),
            np.digitize(table.counts / least, _COUNTS),
        )
        sizes = (len(_ENTROPIES) + 1, len(_ENTROPIES) + 1, len(_INFORMATION) + 1, len(_COUNTS) + 1)
        classes = np.ravel_multi_index(features, sizes) + 1  # at most CLASSES of cws/training/ngram_classes.py
        kept = table.counts >= least
        found.append((table.ngrams[kept], classes[kept].astype(np.uint16)))
    return found
