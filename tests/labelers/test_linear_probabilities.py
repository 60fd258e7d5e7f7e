"""Probabilities of words and the n best segmentations of linear models, against enumeration."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_models import KNOWN, OPTIONS, chain, native_emissions, random_model, zeros
from oracles import all_paths, log_partition, marginals, path_score

from cws._native import LinearPredictor
from cws.tags import SBME


def word_probabilities(emissions, transitions, start, end, scale) -> dict[tuple[int, int], float]:
    """The probability of each span to be a word, by enumeration."""
    whole = log_partition(SBME, *scaled(emissions, transitions, start, end, scale))
    result = defaultdict(float)
    for path in all_paths(SBME, len(emissions)):
        probability = math.exp(scale * path_score(emissions, transitions, path, start, end) - whole)
        for span in SBME.tags_to_spans(path):
            result[span] += probability
    return result


def scaled(emissions, transitions, start, end, scale):
    def rows(matrix):
        return [[scale * score for score in row] for row in matrix]

    return rows(emissions), rows(transitions), [scale * score for score in start], [scale * score for score in end]


@given(seed=st.integers(0, 50), largest=st.sampled_from([1, 20]), text=st.text(KNOWN + "丁", min_size=1, max_size=6))
def test_linear_tokens_have_the_enumerated_probabilities(seed, largest, text):
    native, tensors = random_model(seed, largest)
    ((_, emissions),) = native_emissions(native, text)
    expected = word_probabilities(emissions, *chain(tensors), 0.5)
    tokens = native.tokens(text)
    assert [text[start:end] for start, end, *_ in tokens] == native.segment(text)
    for start, end, _, probability, _ in tokens:
        assert probability == pytest.approx(expected[start, end], abs=1e-6)


def test_linear_tokens_of_one_character_are_marginals(small):
    native, tensors = small
    ((_, emissions),) = native_emissions(native, "天气的好")
    scale = OPTIONS.scale
    single = [row[0] for row in marginals(SBME, *scaled(emissions, *chain(tensors), scale))]
    tokens = native.tokens("天气的好")
    assert {end - start for start, end, *_ in tokens} >= {1}
    for start, end, _, probability, _ in tokens:
        if end - start == 1:
            assert probability == pytest.approx(single[start])


def test_linear_tokens_of_extreme_scores_stay_probabilities():
    tensors = zeros()
    tensors["transitions"][...] = np.random.default_rng(0).choice([-32768, 32767], (4, 4))
    native = LinearPredictor(tensors, 0.9)
    assert all(0 <= probability <= 1 for _, _, _, probability, _ in native.tokens(KNOWN * 300))


def enumerated(native, tensors, text) -> list[int]:
    """The scores of all segmentations, best first."""
    per_sequence = [
        [
            path_score(emissions, chain(tensors)[0], path, *chain(tensors)[1:])
            for path in all_paths(SBME, len(emissions))
        ]
        for _, emissions in native_emissions(native, text)
    ]
    return sorted(map(sum, product(*per_sequence)), reverse=True)


@given(
    seed=st.integers(0, 50),
    largest=st.sampled_from([1, 20]),
    text=st.text(KNOWN + " ", max_size=8),
    n=st.sampled_from([1, 2, 3, 7, 300]),
)
def test_linear_nbest_equals_enumeration(seed, largest, text, n):
    native, tensors = random_model(seed, largest)
    best = native.nbest(text, n)
    assert [score for score, _ in best] == [0.5 * score for score in enumerated(native, tensors, text)[:n]]
    assert best[0][1] == native.segment(text)
    assert len({tuple(words) for _, words in best}) == len(best)
    assert all("".join(words) == text for _, words in best)


@given(seed=st.integers(0, 50), text=st.text(KNOWN, min_size=1, max_size=6))
def test_linear_nbest_scores_are_those_of_their_words(seed, text):
    native, tensors = random_model(seed, 20)
    ((_, emissions),) = native_emissions(native, text)
    transitions, start, end = chain(tensors)
    for score, words in native.nbest(text, 10):
        assert score == 0.5 * path_score(emissions, transitions, tuple(SBME.words_to_tags(words)), start, end)


def test_linear_nbest_gives_fewer_where_there_are_fewer():
    native, _ = random_model(3)
    assert [len(native.nbest(text, 100)) for text in ("", "  ", "甲", "甲乙", "甲乙丙", "甲乙 甲")] == [
        1,
        1,
        1,
        2,
        4,
        2,
    ]


def test_linear_nbest_of_many_sequences_is_not_quadratic():
    native, _ = random_model(3)
    text = "甲乙丙\n" * 50_000
    best = native.nbest(text, 5)
    assert len(best) == 5
    assert all("".join(words) == text for _, words in best)
