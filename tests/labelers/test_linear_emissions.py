"""Emissions and best paths of linear models in the core, against the specification and enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_models import (
    KNOWN,
    bundled,
    chain,
    crafted,
    native_emissions,
    random_model,
    sequences,
    views,
    words_of,
    zeros,
)
from oracles import best_path
from strategies import any_text

import cws
from cws._native import LinearPredictor
from cws.labelers.linear import is_first_release
from cws.labelers.reference import linear_emissions
from cws.tags import SBME

# What models do with text of their own language, of others, and of none.
OWN_TEXTS = [
    "今天天气真好，我们去北京大学看网络手册。",
    "他买了 iPhone 15 和 ＭａｃＢｏｏｋ，花了３２０００元！",
    "高高兴兴天天向上哈哈哈哈哈哈",
    "我😀你👨\u200d👩\u200d👧是𠀀\ud800字\0的 é ß\r\n下一行\u3000完",
    "".join(map(chr, range(0x20, 0x180))),
]  # fmt: skip


@given(text=any_text())
def test_linear_emissions_equal_the_reference(small, text):
    native, tensors = small
    expected = [(begin, linear_emissions(tensors, part)) for begin, part in sequences(tensors, text)]
    assert native_emissions(native, text) == expected


@pytest.mark.parametrize("text", OWN_TEXTS)
@pytest.mark.parametrize("name", cws.models())
def test_linear_emissions_of_bundled_models_equal_the_reference(name, text):
    native, tensors = bundled(name)
    is_first = is_first_release(cws.load(name).config)
    expected = [
        (begin, linear_emissions(tensors, part, is_first_release=is_first)) for begin, part in sequences(tensors, text)
    ]
    assert native_emissions(native, text) == expected


@given(seed=st.integers(0, 50), largest=st.sampled_from([1, 127]), text=st.text(KNOWN + "丁 \n", max_size=60))
def test_linear_emissions_of_any_weights_equal_the_reference(seed, largest, text):
    native, tensors = random_model(seed, largest)
    expected = [(begin, linear_emissions(tensors, part)) for begin, part in sequences(tensors, text)]
    assert native_emissions(native, text) == expected


@pytest.mark.parametrize("length", [1, 2, 3, 16, 17, 1000])
def test_linear_emissions_do_not_depend_on_the_neighbouring_sequences(length):
    native, tensors = random_model(1, 127)
    text = "".join(np.random.default_rng(length).choice([*KNOWN, "丁"], 5000))
    parts = [text[at : at + length] for at in range(0, len(text), length)]
    alone = [native_emissions(native, part)[0][1] for part in parts]
    together = native_emissions(native, " ".join(parts))
    assert [emissions for _, emissions in together] == alone
    assert [begin for begin, _ in together] == [at * (length + 1) for at in range(len(parts))]
    assert alone[0] == linear_emissions(tensors, parts[0])


def test_linear_emissions_of_the_largest_weights_do_not_overflow():
    for sign in (-1, 1):
        tensors = crafted(lambda shape, sign=sign: np.full(shape, 127 * sign))
        tensors["type_contexts"][...] = tensors["repetitions"][...] = 15000 * sign
        tensors["transitions"][...] = tensors["start"][...] = tensors["end"][...] = 32767 * sign
        native, text = LinearPredictor(tensors, 0.5), KNOWN * 300
        assert native_emissions(native, text) == [(0, linear_emissions(views(tensors), text))]
        assert native.segment(text) == [*text]  # all paths score the same


@settings(max_examples=200)
@given(seed=st.integers(0, 50), text=st.text(KNOWN + "丁", min_size=1, max_size=7))
def test_linear_segment_finds_the_best_path_on_ties_too(seed, text):
    native, tensors = random_model(seed)
    ((_, emissions),) = native_emissions(native, text)
    path, _ = best_path(SBME, emissions, *chain(tensors))
    assert native.segment(text) == words_of(text, path)


@given(text=any_text(max_size=7).filter(lambda text: len(text) < 8))
def test_linear_segment_finds_the_best_path_of_a_trained_model(small, text):
    native, tensors = small
    for (_, emissions), (_, part) in zip(native_emissions(native, text), sequences(tensors, text), strict=True):
        path, _ = best_path(SBME, emissions, *chain(tensors))
        assert native.segment(part) == words_of(part, path)


@pytest.mark.parametrize("text", ["今天天气真好", "他来到了网易", "ab12，。", "哈哈哈哈哈哈", "😀𠀀é\ud800a"])
@pytest.mark.parametrize("name", cws.models())
def test_linear_segment_finds_the_best_path_of_bundled_models(name, text):
    native, tensors = bundled(name)
    ((_, emissions),) = native_emissions(native, text)
    path, _ = best_path(SBME, emissions, *chain(tensors))
    assert native.segment(text) == words_of(text, path)


def test_linear_model_of_zeros_cuts_everywhere():
    native = LinearPredictor(zeros(), 0.5)
    assert native.segment(KNOWN * 3) == [*KNOWN * 3]


def test_linear_illegal_transitions_are_never_taken():
    tensors = zeros()
    tensors["transitions"][...] = 30000  # all of them, so that only the mask forbids S M, B S ...
    tensors["start"][...] = [0, -30000, 30000, 30000]
    tensors["end"][...] = [-30000, 30000, 30000, 0]
    native = LinearPredictor(tensors, 0.5)
    path, _ = best_path(SBME, [[0] * 4] * 5, *chain(views(tensors)))
    assert native.segment("甲乙丙甲乙") == words_of("甲乙丙甲乙", path)
