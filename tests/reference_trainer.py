"""The trainer of linear models by enumeration, and the scores that its weights add up to."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from oracles import Matrix, log_partition, marginals, pair_marginals

from cws.labelers.alphabet import Alphabet
from cws.labelers.character_classes import EDGE
from cws.labelers.reference import PAD, ngram_key
from cws.tags import TagScheme


class ReferenceTrainer:
    """Trains on one sentence of different characters, by enumeration, with the formulas of linear_trainer.h.

    Args:
        text: The sentence.
        tag_sets: The tags that are right at each character, as bits.
        scheme: Of the tags.
        learning_rate: Of AdaGrad.
        margin: Of wrong tags.
    """

    def __init__(self, text: str, tag_sets: bytes, scheme: TagScheme, learning_rate: float, margin: float) -> None:
        self.text, self.scheme, self.learning_rate, self.margin = text, scheme, learning_rate, margin
        self.allowed = [[bool(tags >> tag & 1) for tag in range(scheme.size)] for tags in tag_sets]
        self.weights, self.squares = defaultdict(float), defaultdict(float)

    def features(self, i: int) -> list[object]:
        """What scores the tags of a character, in the order of updates; None stands for an edge."""
        padded = [None] * 3 + [*self.text] + [None] * 3
        here = i + 3
        result = [("unigram", padded[here + at], 2 - at) for at in range(-2, 3)]
        for order, first in ((2, -1), (3, -1), (4, 0)):
            for begin in range(-1, len(self.text)):
                position = i - begin - first
                gram = (*padded[begin + 3 : begin + 3 + order], None)[:order]
                # 4-grams belong to lexicons, and trigrams must be seen twice.
                if 0 <= position < 4 and order == 2:
                    result.append(("bigram", gram, position))
        result.append(("context", tuple(character is None for character in padded[here - 2 : here + 3])))
        result.append(("repetition",))
        return result

    def epoch(self) -> float:
        """Return the loss before the update, as run_epoch does."""
        chain = self.scheme, *self._scores()
        whole, right = log_partition(*chain), log_partition(*chain, self.allowed)
        gradients = self._gradients(self._changes(chain, self.allowed), self._changes(chain, None))
        for weight, values in gradients.items():
            for gradient in values:
                self.squares[weight] += gradient**2
                self.weights[weight] += self.learning_rate * gradient / math.sqrt(self.squares[weight] + 1e-6)
        return (whole - right) / len(self.text)

    def _scores(self) -> tuple[Matrix, Matrix, list[float], list[float]]:
        """Emissions with the margin, transitions, start and end."""
        every_tag = range(self.scheme.size)
        emissions = [
            [
                sum(self.weights[feature, tag] for feature in self.features(i)) + self.margin * (not here[tag])
                for tag in every_tag
            ]
            for i, here in enumerate(self.allowed)
        ]
        transitions = [[self.weights["transition", a, b] for b in every_tag] for a in every_tag]
        start, end = ([self.weights[kind, tag] for tag in every_tag] for kind in ("start", "end"))
        return emissions, transitions, start, end

    def _changes(self, chain: Any, allowed: Any) -> tuple[Matrix, dict[tuple[int, int], float]]:
        """Marginals of the paths, and how often each step is expected."""
        every_tag, steps = range(self.scheme.size), pair_marginals(*chain, allowed)
        pairs = {(a, b): sum(step[a][b] for step in steps) for a, b in product(every_tag, every_tag)}
        return marginals(*chain, allowed), pairs

    def _gradients(self, right: Any, every: Any) -> Mapping[Any, list[float]]:
        """One for each time that a weight is used; those of the chain are summed."""
        gradients = defaultdict(list)
        last = len(self.text) - 1
        for i, tag in product(range(last + 1), range(self.scheme.size)):
            gradient = right[0][i][tag] - every[0][i][tag]
            for feature in self.features(i):
                gradients[feature, tag].append(gradient)
            if i == 0:
                gradients["start", tag] = [gradient]
            if i == last:
                gradients["end", tag] = [gradient]
        for a, b in right[1] if last else ():
            gradients["transition", a, b] = [right[1][a, b] - every[1][a, b]]
        return gradients


def summed_weights(weights: Mapping[str, np.ndarray], alphabet: Alphabet, text: str) -> np.ndarray:
    """Return the emissions of a text without white space: the sums of what `LinearTrainer.weights` returned."""
    row_of = {int(key): at for at, key in enumerate(weights["keys"])}
    codes = [EDGE] * PAD + alphabet.encode(text).tolist() + [EDGE] * (PAD + 1)
    # [position in the padded text][tag], so that what n-grams say of edges has a place too
    sums = np.zeros((len(codes) + 4, weights["unigrams"].shape[2]))
    for at, code in enumerate(codes):
        sums[max(at - 2, 0) : at + 3] += weights["unigrams"][code][max(2 - at, 0) :]
    for first, key in _ngrams(codes, len(text)):
        if (row := row_of.get(key)) is not None:
            sums[first : first + 4] += weights["ngrams"][row]
    for at in range(PAD, PAD + len(text)):
        context, here = codes[at - 2 : at + 3], codes[at]
        types = sum(int(alphabet.types[code]) << 3 * (4 - i) for i, code in enumerate(context))
        pairs = ((here, context[1]), (here, context[3]), (context[1], context[3]), (here, context[0]))
        same = sum((a == b) << i for i, (a, b) in enumerate((*pairs, (here, context[4]))))
        sums[at] += weights["type_contexts"][types] + weights["repetitions"][same]
    return sums[PAD : PAD + len(text)]


def _ngrams(codes: list[int], count: int) -> Iterator[tuple[int, int]]:
    """Where the first weights of each n-gram belong, and its key."""
    for at in range(PAD - 1, PAD + count):
        for order, first in ((2, -1), (3, -1), (4, 0)):
            yield at + first, ngram_key(codes[at : at + order])
