"""Pruning of linear models: as far as dev allows, or as a size demands."""

from __future__ import annotations

from functools import lru_cache

import pytest
from linear_models import SENTENCES, WORD_LIST, make_trainer

from cws.corpus import parse_marks
from cws.metrics import score, score_marks
from cws.training.linear_choice import Criterion
from cws.training.linear_options import LinearOptions
from cws.training.ngram_classes import lexicon_entries
from cws.training.quantise import WEIGHTS_LIMIT, prune, quantise

WORDS = {**WORD_LIST, **{a + b: 1 for a in "学网天大" for b in "学网天大家公司北京"}}


@lru_cache
def trained():
    """What makes tensors, and the weights of a trainer."""
    _, alphabet = make_trainer(SENTENCES)
    trainer, _ = make_trainer(SENTENCES, lexicon_entries(alphabet, [WORDS], 0.4), min_trigram_count=1)
    for _ in range(5):
        trainer.run_epoch()
    weights = trainer.weights()
    return lambda weights, limit, lexicon_limit: quantise(alphabet, weights, 1 / 16, limit, lexicon_limit), weights


def pruned(megabytes=None, dev=SENTENCES, criteria=None, **options):
    make, weights = trained()
    lines: list[str] = []
    options = LinearOptions(**options)
    found = prune(make, weights, criteria or [Criterion(dev)], dev, options, lines.append, megabytes)
    assert len(lines) == 1
    return found


def megabytes_of(limit, lexicon_limit):
    make, weights = trained()
    return sum(tensor.nbytes for tensor in make(weights, limit, lexicon_limit).values()) / 1e6


def is_made_with(tensors, limits):
    make, weights = trained()
    return all((tensors[name] == tensor).all() for name, tensor in make(weights, *limits).items())


@pytest.mark.parametrize(("tolerance", "limit"), [(1.0, 6), (-1.0, 0)])
def test_linear_prune_takes_the_first_limit_that_costs_little(tolerance, limit):
    tensors, counts, limits = pruned(tolerance=tolerance)
    assert limits == (limit, 0)
    assert is_made_with(tensors, limits)
    assert counts.gold_words == sum(map(len, SENTENCES))


def test_linear_prune_counts_are_of_dev_and_losses_of_criteria():
    dev, marked = SENTENCES[:5], [parse_marks(one) for one in ("今天 天气 真 好", "他 来到 了")]
    _, counts, _ = pruned(dev=dev, criteria=[Criterion(marked)])
    assert counts == score(dev, dev)
    _, counts, _ = pruned(dev=marked, criteria=[Criterion(SENTENCES)])
    assert counts == score_marks(marked, [["今天", "天气", "真", "好"], ["他", "来到", "了"]])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_linear_prune_to_a_size_raises_limits_until_it_fits(share):
    least, most = megabytes_of(WEIGHTS_LIMIT, WEIGHTS_LIMIT), megabytes_of(0, 0)
    wanted = least + share * (most - least)
    tensors, counts, (limit, lexicon_limit) = pruned(wanted, prune=())
    assert sum(tensor.nbytes for tensor in tensors.values()) / 1e6 <= wanted
    assert is_made_with(tensors, (limit, lexicon_limit))
    assert lexicon_limit in (2 * limit, 2 * limit + 1)  # twice as high
    before = (lexicon_limit - 1) // 2, lexicon_limit - 1
    assert megabytes_of(*before) > wanted
    assert counts.gold_words == sum(map(len, SENTENCES))


def test_linear_prune_to_a_size_begins_at_what_dev_allows():
    tensors, _, (limit, lexicon_limit) = pruned(megabytes_of(6, 0) - 1e-6, tolerance=1.0)
    assert limit >= 6 and lexicon_limit >= 12
    assert is_made_with(tensors, (limit, lexicon_limit))


@pytest.mark.parametrize("megabytes", [0.0, 0.3])
def test_linear_prune_to_a_size_that_nothing_has_takes_all_ngrams(megabytes):
    tensors, _, limits = pruned(megabytes)
    assert limits == (WEIGHTS_LIMIT, WEIGHTS_LIMIT)
    assert is_made_with(tensors, limits)


def test_linear_prune_to_a_size_that_all_have_changes_nothing():
    assert pruned(1000.0)[1:] == pruned()[1:]
