"""The hyper-parameters of the linear labeler."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cws.errors import InputError


@dataclass(frozen=True)
class LinearOptions:
    """Hyper-parameters, chosen on the dev sets of pku, ctb6 and sxu."""

    epochs: int = 10  # at most: patience ends a training before that
    patience: int = 2  # epochs without a dev F1 better by min_gain before training stops: one may be chance
    min_gain: float = 0.0002  # two words of ten thousand: less is chance
    learning_rate: float = 0.07  # AdaGrad's; 0.04 and 0.12 are up to 0.2 worse (docs/notebook/linear.md)
    own_rate: float = (
        1.0  # of a standard's own weights, times that: at 0.5 it is more like the others, and worse at home
    )
    margin: float = 2.0  # how much more than a wrong tag gold must score, in nats; 0 is 0.1 to 0.4 worse
    min_trigram_count: int = 3  # 1 is no better and makes a larger model
    min_fourgram_count: int = 2  # lower than of trigrams, because each is rarer
    dev_fraction: float = 0.1  # of the training sentences, where no dev set is given
    scale: float = 1 / 16  # nats of one step of the 8-bit weights; finer steps are no better and zip worse
    tolerance: float = 0.0005  # dev F1 that pruning may cost
    prune: tuple[int, ...] = (6, 5, 4, 3, 2, 1)  # tried in this order, see quantise
    lexicon_prune: int = (
        0  # as the above, of n-grams that word lists have: 11 makes a quarter less, dev F1 0.01 to 0.04
    )
    frequent: float = 0.4  # the share of a word list, by count, that is a lexicon class of its own
    lexicon_weights: tuple[float, ...] = (1.0,)  # times what word lists say of unseen n-grams; the best is taken
    lexicon_half: float = 30.0  # times an n-gram is seen when half of that is left
    averaged: int = 1  # trainings whose weights are averaged; 4 give 0.03 to 0.06 for four times the time
    seed: int = 1  # of the order of sentences and the choice of dev

    def __post_init__(self) -> None:
        for name, allowed in (
            ("epochs", self.epochs >= 1),
            ("patience", self.patience >= 1),
            ("learning_rate", 0 < self.learning_rate < math.inf),
            ("lexicon_half", 0 < self.lexicon_half < math.inf),
            ("own_rate", 0 < self.own_rate < math.inf),
            ("margin", 0 <= self.margin < math.inf),
            ("min_trigram_count", self.min_trigram_count >= 1),
            ("min_fourgram_count", self.min_fourgram_count >= 1),
            ("scale", 0 < self.scale < 1),
            ("frequent", 0 <= self.frequent < 1),
            ("lexicon_prune", self.lexicon_prune >= 0),
            ("lexicon_weights", bool(self.lexicon_weights) and min(self.lexicon_weights) > 0),
            ("averaged", self.averaged >= 1),
            ("seed", 0 <= self.seed < 2**64),
        ):
            if not allowed:
                raise InputError(f"{name} of a linear model cannot be {getattr(self, name)}: see LinearOptions")
