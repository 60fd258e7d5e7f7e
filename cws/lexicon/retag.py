"""A tagger that learns from the words an unsupervised model found, and finds better ones: no labels are needed.

A linear tagger sees characters in context where the first model saw words, so it repeats what is regular in them and
not their accidents; one epoch is enough, more would learn the accidents too. Each half of the text is tagged by a model
of the other half.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cws import model_io
from cws._native import LinearPredictor
from cws.labelers.alphabet import MAX_SEQUENCE, Alphabet
from cws.lexicon.words import SegmentedRuns
from cws.training.linear_options import LinearOptions
from cws.training.linear_trainer import trainer_of
from cws.training.ngram_classes import lexicon_entries
from cws.training.quantise import quantise

_BLOCK = 200  # neighbouring runs that go to the same half: those of one article share their words
_OPTIONS = LinearOptions(margin=0.0)
_S, _B, _M, _E = range(4)


def retag(words: SegmentedRuns, *, iterations: int = 2) -> SegmentedRuns:
    """Return the words of each run as the tagger finds them, learning from those given.

    Args:
        words: No word holds white space.
        iterations: How often. The words of one iteration are what the next learns from.
    """
    runs = len(words.offsets) - 1
    for _ in range(iterations if runs else 0):
        ends = words.ends.copy()
        half_of = np.arange(runs) // _BLOCK % 2
        for half in (0, 1):
            inside = half_of == half
            tagger = fit_tagger(words if inside.all() else _choose(words, ~inside))
            tagged = tagger.segment("\n".join(words.runs(np.flatnonzero(inside).tolist())))
            lengths = np.array([len(word) for word in tagged if word != "\n"], np.int64)
            here = np.zeros(lengths.sum(), np.uint8)
            here[np.cumsum(lengths) - 1] = 1
            ends[np.repeat(inside, np.diff(words.offsets))] = here
        words = replace(words, ends=ends)
    return words


def _choose(words: SegmentedRuns, chosen: NDArray[np.bool_]) -> SegmentedRuns:
    lengths = np.diff(words.offsets)
    text = "".join(words.runs(np.flatnonzero(chosen).tolist()))
    return SegmentedRuns(text, np.cumsum([0, *lengths[chosen].tolist()]), words.ends[np.repeat(chosen, lengths)])


def fit_tagger(words: SegmentedRuns) -> LinearPredictor:
    """Return the tagger that one epoch over these runs makes."""
    alphabet = Alphabet.of([words.text])
    offsets = np.array([0, *_sequence_ends(words)])
    begins = np.concatenate([[1], words.ends[:-1]]).astype(bool)
    begins[offsets[:-1]] = True
    ends = words.ends.astype(bool)
    ends[offsets[1:] - 1] = True
    tags = np.where(begins, np.where(ends, _S, _B), np.where(ends, _E, _M)).astype(np.uint8)
    corpus = alphabet.encode(words.text), tags, np.diff(offsets)
    trainer = trainer_of(alphabet, lexicon_entries(alphabet, [], _OPTIONS.frequent), corpus, _OPTIONS)
    trainer.run_epoch()
    tensors = quantise(alphabet, trainer.weights(), _OPTIONS.scale, 0)
    aligned = {}
    for name, tensor in tensors.items():
        room = np.empty(tensor.nbytes + model_io.ALIGNMENT, np.uint8)
        begin = -room.ctypes.data % model_io.ALIGNMENT
        aligned[name] = room[begin : begin + tensor.nbytes].view(tensor.dtype).reshape(tensor.shape)
        aligned[name][...] = tensor
    return LinearPredictor(aligned, 1.0)


def _sequence_ends(words: SegmentedRuns) -> Iterator[int]:
    """Yield the ends of the runs, and where a run is too long for the tagger, that of its last word that fits."""
    begin = 0
    for end in words.offsets[1:].tolist():
        while end - begin > MAX_SEQUENCE:
            places = np.flatnonzero(words.ends[begin : begin + MAX_SEQUENCE])
            begin += int(places[-1]) + 1 if len(places) else MAX_SEQUENCE
            yield begin
        yield end
        begin = end
