from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import correct_words
from strategies import two_segmentations

from cws.errors import InputError
from cws.metrics import SegmentationCounts, count_sentence, paired_bootstrap, score

GOLD = ["他", "来到", "了", "网易", "杭研", "大厦"]
PREDICTED = ["他", "来", "到了", "网易", "杭研大厦"]
TRAINED_ON = {"他", "来到", "了", "大厦"}


def test_metrics_worked_example():
    counts = count_sentence(GOLD, PREDICTED, TRAINED_ON)
    assert counts == SegmentationCounts(1, 6, 5, 2, oov_gold=2, oov_correct=1)
    assert (counts.precision, counts.recall) == (2 / 5, 2 / 6)
    assert counts.f1 == pytest.approx(4 / 11)
    assert (counts.oov_rate, counts.oov_recall, counts.iv_recall) == (2 / 6, 1 / 2, 1 / 4)


def test_metrics_without_a_vocabulary_know_nothing_of_oov():
    counts = count_sentence(GOLD, PREDICTED)
    assert (counts.oov_rate, counts.oov_recall, counts.iv_recall) == (None, None, None)


def test_metrics_of_nothing_are_zero():
    counts = count_sentence([], [], set())
    assert counts == SegmentationCounts(1, 0, 0, 0, 0, 0)
    figures = ("precision", "recall", "f1", "oov_rate", "oov_recall", "iv_recall")
    assert [getattr(counts, name) for name in figures] == [0.0] * 6


@given(pair=two_segmentations())
def test_metrics_agree_with_the_oracle(pair):
    gold, predicted = pair
    counts = count_sentence(gold, predicted)
    assert counts.correct_words == correct_words(gold, predicted)


@given(pair=two_segmentations())
def test_metrics_swapping_sides_swaps_precision_and_recall(pair):
    gold, predicted = pair
    there, back = count_sentence(gold, predicted), count_sentence(predicted, gold)
    assert (there.precision, there.recall, there.f1) == (back.recall, back.precision, back.f1)


@given(pair=two_segmentations(), vocabulary=st.sets(st.text("的一是在", min_size=1, max_size=2)))
def test_metrics_oov_and_iv_make_up_the_whole(pair, vocabulary):
    counts = count_sentence(*pair, vocabulary)
    oov = [word for word in pair[0] if word not in vocabulary]
    assert counts.oov_gold == len(oov)
    found = counts.oov_recall * counts.oov_gold + counts.iv_recall * (counts.gold_words - counts.oov_gold)
    assert found == pytest.approx(counts.correct_words)


@given(pairs=st.lists(two_segmentations(), max_size=5), vocabulary=st.sampled_from([None, {"的"}]))
def test_metrics_score_is_the_sum(pairs, vocabulary):
    gold, predicted = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    whole = score(iter(gold), iter(predicted), vocabulary)
    parts = [count_sentence(*pair, vocabulary) for pair in pairs]
    assert whole == sum(reversed(parts), SegmentationCounts())
    assert whole.sentences == len(pairs)


def test_metrics_score_takes_any_length():
    text = list("的一是在不了有和人这" * 20_000)
    assert count_sentence(text, text).f1 == 1.0


def test_metrics_counts_with_and_without_a_vocabulary_do_not_add():
    with pytest.raises(InputError, match="cannot add counts with a vocabulary to counts without"):
        count_sentence(GOLD, GOLD) + count_sentence(GOLD, GOLD, set())


@pytest.mark.parametrize(
    ("gold", "predicted", "message"),
    [
        (["他", "来到"], ["他来", "了"], "at character 2 gold has '到', predicted '了'"),
        (["他"], ["他", "来"], "at character 1 gold has '', predicted '来'"),
    ],
)
def test_metrics_both_must_spell_the_same_text(gold, predicted, message):
    with pytest.raises(InputError, match=f"^gold and predicted must spell the same text, but {message}$"):
        count_sentence(gold, predicted)


def test_metrics_score_names_the_sentence():
    with pytest.raises(InputError, match="^sentence 2: gold and predicted must spell the same text"):
        score([["他"], ["来"]], [["他"], ["到"]])


def test_metrics_score_needs_as_many_sentences():
    with pytest.raises(InputError, match="^predicted ends after 1 sentences, gold goes on"):
        score([["他"], ["来"]], [["他"]])
    with pytest.raises(InputError, match="^gold ends after 0 sentences, predicted goes on"):
        score([], [["他"]])


def test_metrics_show_as_a_markdown_table():
    assert str(count_sentence(GOLD, PREDICTED)).splitlines() == [
        "| sentences | words |     P |     R |    F1 |",
        "| --------: | ----: | ----: | ----: | ----: |",
        "|         1 |     6 | 40.00 | 33.33 | 36.36 |",
    ]
    assert str(count_sentence(GOLD, PREDICTED, TRAINED_ON)).endswith(" |    33.33 |      50.00 |     25.00 |")


def test_metrics_as_dict_goes_into_json():
    counts = count_sentence(GOLD, PREDICTED, TRAINED_ON)
    copy = json.loads(json.dumps(counts.as_dict()))
    assert copy == counts.as_dict()
    assert (copy["gold_words"], copy["oov_recall"]) == (6, 0.5)


def noisy(sentences, chance, seed):
    """Join neighbouring words by chance."""
    generator = random.Random(seed)
    result = []
    for words in sentences:
        joined = [words[0]]
        for word in words[1:]:
            if generator.random() < chance:
                joined[-1] += word
            else:
                joined.append(word)
        result.append(joined)
    return result


CORPUS = [GOLD[: 2 + i % 5] for i in range(200)]


def test_metrics_bootstrap_tells_a_real_difference():
    better, worse = noisy(CORPUS, 0.05, 1), noisy(CORPUS, 0.2, 2)
    result = paired_bootstrap(CORPUS, better, worse, samples=2000)
    assert (result.f1_a, result.f1_b) == (score(CORPUS, better).f1, score(CORPUS, worse).f1)
    assert result.p_value < 0.001
    assert 0 < result.interval[0] < result.difference < result.interval[1]


def test_metrics_bootstrap_sees_no_difference_between_equals():
    result = paired_bootstrap(CORPUS, noisy(CORPUS, 0.1, 1), noisy(CORPUS, 0.1, 3), samples=2000)
    assert result.p_value > 0.05
    assert result.interval[0] < 0 < result.interval[1]


def test_metrics_bootstrap_of_a_system_with_itself():
    result = paired_bootstrap(CORPUS, CORPUS, CORPUS, samples=100)
    assert (result.difference, result.p_value, result.interval) == (0.0, 1.0, (0.0, 0.0))


def test_metrics_bootstrap_is_antisymmetric_and_repeatable():
    a, b = noisy(CORPUS, 0.1, 1), noisy(CORPUS, 0.15, 2)
    there, back = paired_bootstrap(CORPUS, a, b, samples=500), paired_bootstrap(CORPUS, b, a, samples=500)
    assert there == paired_bootstrap(CORPUS, iter(a), iter(b), samples=500)
    assert (there.difference, there.p_value) == (-back.difference, back.p_value)
    assert there.interval == pytest.approx((-back.interval[1], -back.interval[0]))
    assert there != paired_bootstrap(CORPUS, a, b, samples=500, seed=1)


def test_metrics_bootstrap_p_value_is_about_that_of_a_normal_test():
    """40 sentences of one word, of which b misses 4: the difference is binomial, p near that of z = 2.1."""
    gold = [["他来"]] * 40
    result = paired_bootstrap(gold, gold, [["他", "来"]] * 4 + gold[4:], samples=4000)
    assert 0.01 < result.p_value < 0.08


def test_metrics_bootstrap_of_sentences_without_words():
    assert paired_bootstrap([[]], [[]], [[]], samples=10).f1_a == 0.0


@pytest.mark.parametrize(("gold", "samples"), [([], 10), ([["他"]], 0)])
def test_metrics_bootstrap_needs_sentences_and_samples(gold, samples):
    with pytest.raises(InputError, match="the bootstrap needs sentences and samples, got"):
        paired_bootstrap(gold, gold, gold, samples=samples)
