"""The formulas against counting by hand on small texts."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cws.lexicon.entropy import information_per_character, merge_gain, merge_gain_bound, pmi

# Every symbol is a letter; what is merged are different letters that never overlap themselves.
TEXTS = st.lists(st.sampled_from("abcd"), min_size=2, max_size=60).map("".join)


def brute_force_information(symbols: list[str]) -> float:
    """L in nats, of a text in symbols."""
    counts = Counter(symbols)
    entropy = -sum(n / len(symbols) * math.log(n / len(symbols)) for n in counts.values())
    return entropy / (sum(map(len, symbols)) / len(symbols))


def merged(text: str, whole: str) -> list[str]:
    symbols, at = [], 0
    while at < len(text):
        size = len(whole) if text.startswith(whole, at) else 1
        symbols.append(text[at : at + size])
        at += size
    return symbols


@given(TEXTS, st.sampled_from(["ab", "abc", "abcd", "dca"]))
def test_entropy_merge_gain_is_what_merging_saves(text: str, whole: str) -> None:
    count = text.count(whole)
    if count == 0:
        return
    parts = [text.count(part) / len(text) for part in whole]
    saved = brute_force_information(list(text)) - brute_force_information(merged(text, whole))
    # One symbol is one character before merging, so l is 1.
    assert float(merge_gain(count / len(text), parts)) == pytest.approx(saved, abs=1e-9)


@given(TEXTS, st.sampled_from(["ab", "abc", "abcd"]))
def test_entropy_merge_gain_is_never_below_its_bound(text: str, whole: str) -> None:
    joint = text.count(whole) / len(text)
    if joint:
        parts = [text.count(part) / len(text) for part in whole]
        assert merge_gain(joint, parts) >= merge_gain_bound(joint, parts) - 1e-12


def test_entropy_merge_gain_is_close_to_its_bound_for_rare_pairs() -> None:
    gain, bound = merge_gain(1e-6, [1e-3, 2e-3]), merge_gain_bound(1e-6, [1e-3, 2e-3])
    assert float(gain) != float(bound)
    assert float(gain) == pytest.approx(float(bound), rel=1e-3, abs=1e-9)


def test_entropy_pmi_of_independent_parts_is_zero() -> None:
    assert pmi(np.array([0.25]), [np.array([0.5]), np.array([0.5])]).tolist() == [0.0]


@given(TEXTS)
def test_entropy_information_is_that_of_the_counts(text: str) -> None:
    symbols = merged(text, "ab")
    counts = Counter(symbols)
    information = information_per_character(list(counts.values()), list(map(len, counts)))
    assert information * math.log(2) == pytest.approx(brute_force_information(symbols), abs=1e-12)


def test_entropy_information_of_nothing_is_zero() -> None:
    assert information_per_character([], []) == 0.0
