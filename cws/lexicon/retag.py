"""A tagger that learns from the words an unsupervised model found, and finds better ones: no labels are needed.

A linear tagger sees characters in context where the first model saw words, so it repeats what is regular in them and
not their accidents; one epoch is enough, more would learn the accidents too. Each half of the text is tagged by a model
of the other half.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cws import model_io
from cws._native import LinearSegmenter
from cws.labelers.alphabet import Alphabet
from cws.training.linear import LinearOptions, lexicon_entries, make_trainer, quantise

Lines = list[list[str]]

_BLOCK = 200  # neighbouring lines that go to the same half: those of one article share their words
_OPTIONS = LinearOptions(margin=0.0)


def retag(lines: Lines, *, rounds: int = 2) -> Lines:
    """Return the words of each line as the tagger finds them, learning from those given.

    Args:
        lines: The words of each line; none is empty, and no word holds white space.
        rounds: How often. The words of one round teach the next.
    """
    for _ in range(rounds if lines else 0):
        halves = [[at // _BLOCK % 2 == half for at in range(len(lines))] for half in (0, 1)]
        learned = list(lines)
        for half in halves:
            others = [line for line, inside in zip(lines, half, strict=True) if not inside] or lines
            tagger = fit_tagger(others)
            for at, inside in enumerate(half):
                if inside:
                    learned[at] = tagger.segment("".join(lines[at]))
        lines = learned
    return lines


def fit_tagger(lines: Sequence[Sequence[str]]) -> LinearSegmenter:
    """Return the tagger that one epoch over these lines makes."""
    alphabet = Alphabet.of(["".join(map("".join, lines))])
    trainer = make_trainer(alphabet, lexicon_entries(alphabet, [], _OPTIONS.frequent), lines, _OPTIONS)
    trainer.run_epoch()
    tensors = quantise(alphabet, trainer.weights(), _OPTIONS.scale, 0)
    aligned = {}
    for name, tensor in tensors.items():
        room = np.empty(tensor.nbytes + model_io.ALIGNMENT, np.uint8)
        begin = -room.ctypes.data % model_io.ALIGNMENT
        aligned[name] = room[begin : begin + tensor.nbytes].view(tensor.dtype).reshape(tensor.shape)
        aligned[name][...] = tensor
    return LinearSegmenter(aligned, 1.0)
