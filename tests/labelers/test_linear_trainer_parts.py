"""Trainings of linear models: standards, weights of sequences, a model to begin with, and trust in word lists."""

from __future__ import annotations

import math

import numpy as np
import pytest
from linear_models import EVERY_SCHEME, NO_LEXICON, SENTENCES, bits, trainer_of_sets
from oracles import log_partition, path_score
from reference_trainer import summed_weights

from cws._native import build_table, find_in_table
from cws.labelers.character_classes import FIRST_KNOWN
from cws.labelers.reference import ngram_key
from cws.tags import SBME

NAMES = ("unigrams", "type_contexts", "repetitions", "transitions", "start", "end", "ngrams")
TEXTS = ("今天天气真好", "丁", "".join(SENTENCES[5]))
EVERY_SENTENCE = [bits(words) for words in SENTENCES]
IN_TURN = [at % 3 for at in range(len(SENTENCES))]


def list_of(*words, alphabet, numbers=None):
    """A list of classes, 1 for each word or the numbers."""
    keys = [ngram_key(alphabet.encode(word).tolist()) for word in words]
    return np.array(keys, np.uint64), np.array(numbers or [1] * len(keys), np.uint16)


def row_of(weights, alphabet, word):
    [at] = np.flatnonzero(weights["keys"] == ngram_key(alphabet.encode(word).tolist()))
    return weights["ngrams"][at]


# Several standards


@EVERY_SCHEME
@pytest.mark.parametrize("trust", [(1.0, 1.0), (1.7, 2.0)])
def test_linear_trainer_standards_emissions_are_sums_of_their_weights(scheme, trust):
    _, alphabet = trainer_of_sets(EVERY_SENTENCE)
    lists = [list_of("天气", "北京大学", alphabet=alphabet), list_of("今天", "天气", alphabet=alphabet, numbers=[2, 1])]
    sequences = [bits(words, scheme) for words in SENTENCES]
    trainer, _ = trainer_of_sets(sequences, scheme, lists, standards=IN_TURN)
    for _ in range(3):
        trainer.run_epoch()
    for standard in range(3):
        weights = trainer.weights(standard, trust)
        for text in TEXTS:
            found = trainer.emissions(alphabet.encode(text), np.array([len(text)]), standard, trust)
            assert found == pytest.approx(summed_weights(weights, alphabet, text), abs=1e-5)
        chain = zip(("transitions", "start", "end"), trainer.chain(standard), strict=True)
        assert all((weights[name] == own).all() for name, own in chain)
    assert not np.allclose(trainer.weights(0)["unigrams"], trainer.weights(1)["unigrams"])


@EVERY_SCHEME
def test_linear_trainer_own_weights_are_learned_at_their_rate(scheme):
    # A sequence of standard 1 moves the shared weights at the rate and its own at half of it: 1.5 times together.
    sequence = [bits(["甲乙", "丙", "甲乙丁"], scheme)]
    two, _ = trainer_of_sets(sequence, scheme, standards=[1], own_rate=0.5)
    one, _ = trainer_of_sets(sequence, scheme, learning_rate=0.15)
    for _ in range(4):
        assert two.run_epoch() == pytest.approx(one.run_epoch(), rel=1e-4)
    for name in NAMES:
        expected = one.weights()[name]
        assert two.weights(1)[name] == pytest.approx(expected, abs=1e-3)
        assert two.weights(0)[name] == pytest.approx(expected / 1.5, abs=1e-3)  # the shared ones alone


def test_linear_trainer_own_weights_are_of_their_sequences_only():
    sequences = [bits(["甲乙", "甲乙"]), bits(["丙", "丁", "丁"])]
    trainer, alphabet = trainer_of_sets(sequences, standards=[0, 1])
    for _ in range(3):
        trainer.run_epoch()
    first, second = trainer.weights(0), trainer.weights(1)
    for character, own, other in (("甲", first, second), ("乙", first, second), ("丙", second, first)):
        [code] = alphabet.encode(character)
        assert own["unigrams"][code].any()
        assert own["unigrams"][code] == pytest.approx(2 * other["unigrams"][code], abs=1e-5)
    for word, own, other in (("甲乙", first, second), ("丁丁", second, first)):
        assert row_of(own, alphabet, word) == pytest.approx(2 * row_of(other, alphabet, word), abs=1e-5)


def test_linear_trainer_one_standard_is_none():
    plain, _ = trainer_of_sets(EVERY_SENTENCE)
    named, _ = trainer_of_sets(EVERY_SENTENCE, standards=[0] * len(SENTENCES), weights=[1] * len(SENTENCES))
    assert [plain.run_epoch() for _ in range(3)] == [named.run_epoch() for _ in range(3)]
    for name, values in plain.weights().items():
        assert (named.weights()[name] == values).all()


# Weights of sequences


def test_linear_trainer_weight_of_two_is_seen_twice():
    sequence = bits(SENTENCES[0])
    heavy, _ = trainer_of_sets([sequence], min_trigram_count=1, weights=[2])
    twice, _ = trainer_of_sets([sequence, sequence], min_trigram_count=1)
    once, _ = trainer_of_sets([sequence], min_trigram_count=1)
    losses = [heavy.run_epoch() for _ in range(4)]
    assert losses == [twice.run_epoch() for _ in range(4)]
    # The mean of two visits is what two epochs of one visit say.
    visits = [once.run_epoch() for _ in range(8)]
    assert losses == pytest.approx([(visits[at] + visits[at + 1]) / 2 for at in range(0, 8, 2)], rel=1e-5)
    assert (heavy.weights()["ngrams"] == twice.weights()["ngrams"]).all()


@pytest.mark.parametrize(("weight", "least", "most"), [(0.5, 70, 130), (0.1, 5, 40), (0.0, 0, 0), (1.0, 200, 200)])
def test_linear_trainer_weight_below_one_is_seen_in_some_epochs(weight, least, most):
    # Weights of neither 0 nor 1 beside it, so that each epoch draws; open places, so that it learns nothing.
    open_places = "甲乙", bytes([0b1111, 0b1111])
    trainer, _ = trainer_of_sets([bits(["甲乙"]), open_places], weights=[weight, 0.5], learning_rate=1e-9)
    seen = sum(trainer.run_epoch() > 1e-4 for _ in range(200))
    assert least <= seen <= most


def test_linear_trainer_weights_are_drawn_by_the_seed():
    weights = [0.3 + 0.1 * (at % 5) for at in range(len(SENTENCES))]

    def losses(seed):
        trainer, _ = trainer_of_sets(EVERY_SENTENCE, weights=weights, seed=seed)
        return [trainer.run_epoch() for _ in range(4)]

    assert losses(7) == losses(7) != losses(8)


# A model to begin with


def begun(trainer, alphabet, sequences, **options):
    """A trainer that begins with what another has learned."""
    lengths = np.array([len(text) for text, _ in sequences])
    emissions = trainer.emissions(alphabet.encode("".join(text for text, _ in sequences)), lengths)
    transitions, start, end = trainer.chain()
    chain = np.vstack([transitions, start, end])
    return trainer_of_sets(sequences, emissions=emissions, chain=chain, **options)[0]


def test_linear_trainer_begun_with_another_has_its_loss():
    sequences = [bits(["甲乙", "丙", "丁戊己"])]
    trainer, alphabet = trainer_of_sets(sequences)
    for _ in range(3):
        trainer.run_epoch()
    other = begun(trainer, alphabet, sequences)
    assert all((ours == theirs).all() for ours, theirs in zip(other.chain(), trainer.chain(), strict=True))
    assert other.run_epoch() == pytest.approx(trainer.run_epoch(), rel=1e-5)


def test_linear_trainer_begun_with_another_adds_its_scores_to_each_sequence():
    sequences = [bits(words) for words in (["甲乙", "丙"], ["丁"], ["乙", "甲", "丙丁"], ["丙丙丙"])]
    trainer, alphabet = trainer_of_sets(sequences)
    for _ in range(3):
        trainer.run_epoch()
    other = begun(trainer, alphabet, sequences, learning_rate=1e-12)  # all sequences by the same weights
    transitions, start, end = (values.tolist() for values in trainer.chain())
    total = 0.0
    for text, sets in sequences:
        tags = [one.bit_length() - 1 for one in sets]
        scores = trainer.emissions(alphabet.encode(text), np.array([len(text)])).tolist()
        emissions = [
            [score + 1.5 * (tag != tags[at]) for tag, score in enumerate(row)] for at, row in enumerate(scores)
        ]
        total += log_partition(SBME, emissions, transitions, start, end)
        total -= path_score(emissions, transitions, tuple(tags), start, end)
    assert other.run_epoch() == pytest.approx(total / sum(len(text) for text, _ in sequences), rel=1e-4)


def test_linear_trainer_learns_the_difference_only():
    trainer, alphabet = trainer_of_sets(EVERY_SENTENCE)
    for _ in range(3):
        trainer.run_epoch()
    other = begun(trainer, alphabet, EVERY_SENTENCE)
    weights = other.weights()
    assert not any(weights[name].any() for name in ("unigrams", "type_contexts", "repetitions", "ngrams"))
    assert (weights["transitions"] == trainer.chain()[0]).all()
    text, first = TEXTS[0], np.arange(4 * len(TEXTS[0]), dtype=np.float32)
    codes, lengths = alphabet.encode(text), np.array([len(text)])
    assert (other.emissions(codes, lengths, first=first).ravel() == first).all()
    other.run_epoch()
    added = other.emissions(codes, lengths, first=first) - other.emissions(codes, lengths)
    assert added.ravel() == pytest.approx(first, abs=1e-4)


def test_linear_trainer_classes_only_leaves_all_else_at_zero():
    _, alphabet = trainer_of_sets(EVERY_SENTENCE)
    raw = list_of("天气", "大学", "怎么样", alphabet=alphabet, numbers=[1, 1, 2])
    trainer, _ = trainer_of_sets(EVERY_SENTENCE, lists=[NO_LEXICON, raw], min_trigram_count=1, classes_only=True)
    losses = [trainer.run_epoch() for _ in range(3)]
    assert losses == sorted(losses, reverse=True)
    weights = trainer.weights()
    assert not any(weights[name].any() for name in NAMES[:-1])
    of_classes = np.isin(weights["keys"], raw[0])
    assert not weights["ngrams"][~of_classes].any() and weights["ngrams"][of_classes].any(axis=(1, 2)).all()
    assert (row_of(weights, alphabet, "天气") == row_of(weights, alphabet, "大学")).all()


# Trust in word lists


def test_linear_trainer_trusts_lists_less_for_ngrams_that_it_saw():
    sentences = [["甲乙", "丙"], ["甲乙", "丁"], ["丙丁", "甲"]]
    sequences = [*map(bits, sentences), ("戊己", b"\x0f\x0f")]
    _, alphabet = trainer_of_sets(sequences)
    words = list_of("甲乙", "丙丁", "戊甲", alphabet=alphabet)
    raw = list_of("丙丁", "己甲", alphabet=alphabet)
    trainer, _ = trainer_of_sets(sequences, lists=[words, raw])
    for _ in range(3):
        trainer.run_epoch()
    factor, half = 3.0, 2.0
    plain, trusted = trainer.weights(), trainer.weights(trust=(factor, half))
    of_class = row_of(plain, alphabet, "戊甲")  # which has no weights of its own
    assert of_class.any()
    for word, count in (("甲乙", 2), ("丙丁", 1), ("戊甲", 0)):
        more = (factor - 1) * half / (half + count) * of_class
        assert row_of(trusted, alphabet, word) == pytest.approx(row_of(plain, alphabet, word) + more, abs=1e-5), word
    assert (row_of(trusted, alphabet, "己甲") == row_of(plain, alphabet, "己甲")).all()  # raw text is no word list
    for name in NAMES[:-1]:
        assert (trusted[name] == plain[name]).all()


def test_linear_trainer_trust_counts_for_each_standard():
    sequences = [bits(["甲乙", "丙"]), bits(["丙", "丁"])]
    _, alphabet = trainer_of_sets(sequences)
    trainer, _ = trainer_of_sets(sequences, lists=[list_of("甲乙", "丙甲", alphabet=alphabet)], standards=[0, 1])
    trainer.run_epoch()
    for standard, count in ((0, 1), (1, 0)):
        plain, trusted = trainer.weights(standard), trainer.weights(standard, (2.0, 1.0))
        more = row_of(plain, alphabet, "丙甲") / (1 + count)
        assert row_of(trusted, alphabet, "甲乙") == pytest.approx(row_of(plain, alphabet, "甲乙") + more, abs=1e-6)


# What is refused

PAIR = [("甲乙", b"\2\x08"), ("丙", b"\1")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"standards": [0]}, "a standard for each sequence"),
        ({"standards": [0, 1, 2]}, "a standard for each sequence"),
        ({"weights": [1]}, "a weight for each sequence"),
        ({"weights": [1, -0.5]}, "weights of sequences: expected 0 to 1000"),
        ({"weights": [1001, 1]}, "weights of sequences: expected 0 to 1000"),
        ({"weights": [1, math.nan]}, "weights of sequences: expected 0 to 1000"),
        ({"emissions": np.zeros((2, 4))}, "emissions: expected one for each code and tag"),
        ({"chain": np.zeros((5, 4))}, "chain: expected the shape of allowed"),
        ({"lists": [NO_LEXICON] * 3}, "too many lists of classes"),
        ({"lists": [(np.array([1], np.uint64), np.array([21_000], np.uint16))] * 2}, "too many lexicon classes"),
    ],
)
def test_linear_trainer_parts_refuse_what_is_wrong(given, message):
    with pytest.raises(ValueError, match=message):
        trainer_of_sets(PAIR, **given)


def test_linear_trainer_refuses_other_standards():
    trainer, alphabet = trainer_of_sets(PAIR, standards=[1, 0])
    for function in (trainer.chain, trainer.weights):
        with pytest.raises(ValueError, match="no such standard"):
            function(2)
    with pytest.raises(ValueError, match="no such standard"):
        trainer.emissions(alphabet.encode("甲"), np.array([1]), 2)


def test_linear_trainer_emissions_refuse_first_scores_of_another_shape():
    trainer, alphabet = trainer_of_sets(PAIR)
    with pytest.raises(ValueError, match="emissions: expected one for each code and tag"):
        trainer.emissions(alphabet.encode("甲乙"), np.array([2]), first=np.zeros(4, np.float32))


def test_linear_build_table_refuses_what_is_no_table():
    keys, weights = np.array([ngram_key([FIRST_KNOWN] * 2)], np.uint64), np.ones((1, 4, 4), np.int8)
    buckets, pilots = build_table(keys, weights)
    with pytest.raises(ValueError, match=r"weights must have shape \(keys, 4, 4\)"):
        build_table(keys, weights[:, :3])
    for wrong in ((buckets.ravel()[:-1], pilots), (buckets, None)):
        with pytest.raises(ValueError, match="buckets: expected 64 bytes each, and pilots"):
            build_table(keys, weights, *wrong)
    with pytest.raises(ValueError, match="buckets: expected 64 bytes each, and pilots"):
        find_in_table(buckets.ravel()[:-1], pilots, keys)


def test_linear_find_in_table_finds_what_was_put_there():
    random = np.random.default_rng(3)
    ngrams = [FIRST_KNOWN + random.integers(0, 30, order) for order in (2, 3) for _ in range(150)]
    keys = np.unique(np.array([ngram_key(ngram.tolist()) for ngram in ngrams], np.uint64))
    inside = np.arange(len(keys)) % 3 > 0
    weights = random.integers(-127, 128, (inside.sum(), 4, 4)).astype(np.int8)
    found, is_there = find_in_table(*build_table(keys[inside], weights), keys)
    assert (is_there.astype(bool) == inside).all()
    assert (found[inside].reshape(-1, 4, 4) == weights).all() and not found[~inside].any()


def test_linear_build_table_changes_a_table():
    keys = np.sort(np.array([ngram_key([FIRST_KNOWN + at, FIRST_KNOWN]) for at in range(40)], np.uint64))
    base = build_table(keys[:30], np.full((30, 4, 4), 5, np.int8))
    found, is_there = find_in_table(*build_table(keys[20:], np.full((20, 4, 4), 9, np.int8), *base), keys)
    assert is_there.all()
    assert found[:, 0].tolist() == [5] * 20 + [9] * 20
