"""Pruning of linear models: as far as dev allows, and of what word lists have."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from linear_models import SENTENCES, WORD_LIST, make_trainer

from cws._native import find_in_table
from cws.corpus import parse_marks
from cws.labelers.character_classes import ABSENT
from cws.metrics import score, score_marks
from cws.training.linear_choice import Criterion
from cws.training.linear_options import LinearOptions
from cws.training.ngram_classes import lexicon_entries
from cws.training.quantise import prune, quantise

WORDS = {**WORD_LIST, **{a + b: 1 for a in "学网天大" for b in "学网天大家公司北京"}}


@lru_cache
def trained():
    """What makes tensors, and the weights of a trainer."""
    _, alphabet = make_trainer(SENTENCES)
    trainer, _ = make_trainer(SENTENCES, lexicon_entries(alphabet, [WORDS], 0.4), min_trigram_count=1)
    for _ in range(5):
        trainer.run_epoch()
    weights = trainer.weights()
    return lambda weights, limit: quantise(alphabet, weights, 1 / 16, limit), weights


def pruned(dev=SENTENCES, criteria=None, **options):
    make, weights = trained()
    lines: list[str] = []
    options = LinearOptions(**options)
    found = prune(make, weights, criteria or [Criterion(dev)], dev, options, lines.append)
    assert len(lines) == 1
    return found


def is_made_with(tensors, limit):
    make, weights = trained()
    return all((tensors[name] == tensor).all() for name, tensor in make(weights, limit).items())


@pytest.mark.parametrize(("tolerance", "limit"), [(1.0, 6), (-1.0, 0)])
def test_linear_prune_takes_the_first_limit_that_costs_little(tolerance, limit):
    tensors, counts, found = pruned(tolerance=tolerance)
    assert found == limit
    assert is_made_with(tensors, limit)
    assert counts.gold_words == sum(map(len, SENTENCES))


def test_linear_prune_counts_are_of_dev_and_losses_of_criteria():
    dev, marked = SENTENCES[:5], [parse_marks(one) for one in ("今天 天气 真 好", "他 来到 了")]
    _, counts, _ = pruned(dev=dev, criteria=[Criterion(marked)])
    assert counts == score(dev, dev)
    _, counts, _ = pruned(dev=marked, criteria=[Criterion(SENTENCES)])
    assert counts == score_marks(marked, [["今天", "天气", "真", "好"], ["他", "来到", "了"]])


@pytest.mark.parametrize("limit", [0, 3, 10])
def test_linear_quantise_leaves_weak_ngrams_of_word_lists_out(limit):
    _, alphabet = make_trainer(SENTENCES)
    weights = trained()[1]
    tensors = quantise(alphabet, weights, 1 / 16, 127, limit)
    largest = np.abs(np.rint(weights["ngrams"] * 16)).max(axis=(1, 2))
    is_fourgram = weights["keys"] >> np.uint64(48) != ABSENT
    kept = (weights["in_lexicon"] != 0) & (largest > np.where(is_fourgram, 2.4 * limit, limit))
    found, is_there = find_in_table(tensors["buckets"], tensors["pilots"], weights["keys"])
    stored = is_there.astype(bool) & found.any(axis=1)  # the first three characters of 4-grams have entries of zeros
    assert (stored == kept).all() and 0 < kept.sum() < len(kept)
