"""What classes of n-grams of raw text are worth to a finished model."""

from __future__ import annotations

import numpy as np
import pytest
from linear_models import SENTENCES
from safetensors.numpy import save_file

from cws._native import find_in_table
from cws.errors import FileError, ModelError
from cws.labelers.alphabet import Alphabet
from cws.labelers.reference import ngram_key
from cws.training import raw_weights
from cws.training.initial_model import InitialModel
from cws.training.linear_text import Part, Standard
from cws.training.ngram_classes import CLASSES, raw_entries
from cws.training.raw_weights import bundled_weights, learn_raw_weights, orders_of, with_raw

JOINED, CUT = 7, 11  # classes
TEXT = "".join(word for words in SENTENCES for word in words)


def tables(**classes):
    """What `raw_classes` returns, of n-grams and their classes."""
    found = []
    for order in (2, 3, 4):
        ngrams = [[*map(ord, ngram)] for ngram in classes if len(ngram) == order]
        numbers = [number for ngram, number in classes.items() if len(ngram) == order]
        found.append((np.array(ngrams, np.uint32).reshape(-1, order), np.array(numbers, np.uint16)))
    return found


def key_of(alphabet, ngram):
    return ngram_key(alphabet.encode(ngram).tolist())


@pytest.fixture(scope="module")
def initial(small_linear):
    return InitialModel.open(small_linear)


@pytest.fixture(scope="module")
def learned(initial):
    """Weights of two classes: what joins two characters, and what cuts them."""
    sentences = [["大手", "看", "北", "语"], ["看", "大手", "北", "语"], ["北", "语", "看", "大手"]] * 3
    return learn_raw_weights(
        initial, Standard("", [Part(sentences)]), tables(大手=JOINED, 北语=CUT), learning_rate=0.3, epochs=10
    )


# N-grams


def test_raw_entries_are_the_ngrams_that_the_alphabet_knows():
    alphabet = Alphabet.of(["甲乙丙丁"])
    found = raw_entries(alphabet, tables(甲乙=3, 丙龙=4, 甲乙丙=5, 丁丁丁丁=CLASSES, 龙甲乙丙=1))
    expected = {key_of(alphabet, "甲乙"): 3, key_of(alphabet, "甲乙丙"): 5, key_of(alphabet, "丁丁丁丁"): CLASSES}
    assert dict(zip(found.keys.tolist(), found.classes.tolist(), strict=True)) == expected
    assert (found.keys.dtype, found.classes.dtype) == (np.uint64, np.uint16)
    assert orders_of(found.keys).tolist() == [0, 1, 2]


@pytest.mark.parametrize("given", [[], tables(), tables(龙龙=1)])
def test_raw_entries_may_be_none(given):
    found = raw_entries(Alphabet.of(["甲"]), given)
    assert (len(found.keys), len(found.classes), len(orders_of(found.keys))) == (0, 0, 0)


def test_raw_orders_are_those_of_the_keys():
    random = np.random.default_rng(2)
    ngrams = [random.integers(0, 60_000, order).tolist() for order in random.integers(2, 5, 200)]
    keys = np.array([ngram_key(ngram) for ngram in ngrams], np.uint64)
    assert orders_of(keys).tolist() == [len(ngram) - 2 for ngram in ngrams]


# Learning and adding


def test_raw_weights_are_of_classes_that_sentences_have(learned):
    assert (learned.shape, learned.dtype) == ((3, CLASSES + 1, 4, 4), np.float32)
    assert np.argwhere(learned.any(axis=(2, 3))).tolist() == [[0, JOINED], [0, CUT]]
    # At the two characters of the bigram, which are the positions 1 and 2; the tags are S, B, M and E.
    assert learned[0, JOINED, 1, 1] > 0 > learned[0, JOINED, 1, 0] and learned[0, JOINED, 2, 3] > 0
    assert learned[0, CUT, 1, 0] > 0 > learned[0, CUT, 1, 1] and learned[0, CUT, 2, 0] > 0


def test_raw_weights_are_of_classes_alone(initial):
    # Sentences have none of these other n-grams, so only what the class has learned could be theirs.
    others = [one + other for one in "学看读家" for other in "学看读家网"]
    sentences = Standard("", [Part([["大手", "看", "北", "语"], ["看", "大手", "北", "语"]] * 3)])

    def learn(**classes):
        return learn_raw_weights(initial, sentences, tables(**classes), learning_rate=0.3, epochs=3)

    more = learn(大手=JOINED, **dict.fromkeys(others, JOINED))
    keys = [key_of(initial.alphabet, ngram) for ngram in ("大手", *others)]
    assert min(keys) < keys[0] < max(keys)
    assert (learn(大手=JOINED) == more).all() and more.any()


def test_raw_weights_go_to_other_ngrams_of_their_classes(initial, learned):
    changed = with_raw(initial, tables(学看=JOINED, 手家=CUT), learned)
    keys = np.sort(np.array([key_of(initial.alphabet, "学看"), key_of(initial.alphabet, "手家")], np.uint64))
    rows, found = find_in_table(changed.tensors["buckets"], changed.tensors["pilots"], keys)
    assert found.all()
    for key, row in zip(keys.tolist(), rows, strict=True):
        number = JOINED if key == key_of(initial.alphabet, "学看") else CUT
        assert row.tolist() == np.rint(learned[0, number].ravel() * 16).tolist()
    for text, word in (("我学看的", "学看"), ("我手家的", "手家")):
        before, after = initial.segment([text])[0], changed.segment([text])[0]
        assert (word in before, word in after) == ((False, True) if word == "学看" else (True, False)), (before, after)
    assert changed.segment([TEXT]) == initial.segment([TEXT])  # it has neither


def test_raw_weights_are_added_to_those_of_ngrams_by_their_order(initial):
    weights = np.zeros((3, CLASSES + 1, 4, 4), np.float32)
    for order in range(3):
        weights[order, 1 + order, 0, 0] = (order + 2) / 16
        weights[order, 0] = 5  # of no class
    classes = {"天气": 1, "怎么样": 2, "高高兴兴": 3, "天天": 2, "大厦有": 1}
    keys = np.array([key_of(initial.alphabet, ngram) for ngram in classes], np.uint64)
    changed = with_raw(initial, tables(**classes), weights)
    before, after = (
        find_in_table(one.tensors["buckets"], one.tensors["pilots"], keys)[0].astype(int) for one in (initial, changed)
    )
    assert (after - before)[:, 0].tolist() == [2, 3, 4, 0, 0]
    assert not (after - before)[:, 1:].any()


def test_raw_weights_of_characters_that_are_seen_as_one(initial):
    # 學 and 学 are one character to models; the first of their n-grams counts.
    sentences = Standard("", [Part([["学看", "北"], ["北", "学看"]])])
    weights = learn_raw_weights(initial, sentences, tables(學看=3, 学看=5), learning_rate=0.3, epochs=3)
    assert np.argwhere(weights.any(axis=(2, 3))).tolist() == [[0, 3]]
    weights[0, 5] = -weights[0, 3]
    key = np.array([key_of(initial.alphabet, "学看")], np.uint64)
    changed = with_raw(initial, tables(學看=3, 学看=5), weights)
    row, _ = find_in_table(changed.tensors["buckets"], changed.tensors["pilots"], key)
    assert row[0].tolist() == np.rint(weights[0, 3].ravel() * 16).tolist()


# Those of the package


def test_raw_weights_of_the_package_are_the_default(initial, learned, monkeypatch, tmp_path):
    path = tmp_path / "raw_weights.safetensors"
    save_file({"weights": learned}, path)
    monkeypatch.setattr(raw_weights, "bundled_raw_weights", lambda: str(path))
    assert (bundled_weights() == learned).all()
    found, expected = with_raw(initial, tables(学看=JOINED)), with_raw(initial, tables(学看=JOINED), learned)
    assert all((found.tensors[name] == tensor).all() for name, tensor in expected.tensors.items())


def test_raw_weights_of_the_package_must_be_whole(monkeypatch, tmp_path):
    path = tmp_path / "raw_weights.safetensors"
    monkeypatch.setattr(raw_weights, "bundled_raw_weights", lambda: str(path))
    with pytest.raises(FileError, match="No such file"):
        bundled_weights()
    save_file({"weights": np.zeros((3, CLASSES, 4, 4), np.float32)}, path)
    with pytest.raises(ModelError, match=r"weights: expected F32 \[3, 193, 4, 4\], got F32 \[3, 192, 4, 4\]"):
        bundled_weights()
