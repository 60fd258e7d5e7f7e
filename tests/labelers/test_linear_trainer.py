"""The trainer of linear models in the core, against the formulas by enumeration."""

from __future__ import annotations

import math

import numpy as np
import pytest
from linear_models import EVERY_SCHEME, SENTENCES, legality, make_trainer
from reference_trainer import ReferenceTrainer, summed_weights

from cws._native import LinearTrainer
from cws.labelers.character_classes import FIRST_KNOWN
from cws.labelers.reference import ngram_key
from cws.tags import SBME
from cws.training.linear_trainer import best_tags, word_f1


@EVERY_SCHEME
@pytest.mark.parametrize("words", [["甲乙", "丙", "丁戊己"], ["甲"], ["甲乙丙丁戊"], ["甲", "乙"]], ids=len)
def test_linear_trainer_equals_the_reference(words, scheme):
    text, tags = "".join(words), scheme.words_to_tags(words)
    trainer, alphabet = make_trainer([words], scheme=scheme)
    reference = ReferenceTrainer(text, bytes(1 << tag for tag in tags), scheme, learning_rate=0.1, margin=1.5)
    for _ in range(6):
        # Summing up in single precision loses some digits.
        assert trainer.run_epoch() == pytest.approx(reference.epoch(), rel=1e-4, abs=1e-5)
    weights, every_tag = trainer.weights(), range(scheme.size)
    for at, character in enumerate(text):
        row = weights["unigrams"][int(alphabet.encode(character)[0])]
        expected = [[reference.weights[("unigram", character, place), tag] for tag in every_tag] for place in range(5)]
        assert row == pytest.approx(np.array(expected), abs=1e-3), at
    for tag in every_tag:
        assert weights["start"][tag] == pytest.approx(reference.weights["start", tag], abs=1e-3)
        assert weights["end"][tag] == pytest.approx(reference.weights["end", tag], abs=1e-3)
        for to in every_tag:
            expected = reference.weights["transition", tag, to]
            assert weights["transitions"][tag][to] == pytest.approx(expected, abs=1e-3)


@EVERY_SCHEME
def test_linear_trainer_loss_begins_at_the_number_of_segmentations(scheme):
    trainer, _ = make_trainer([["甲乙", "丙"]], margin=0.0, scheme=scheme)
    assert trainer.run_epoch() == pytest.approx(math.log(4) / 3)  # three characters are cut in four ways


@EVERY_SCHEME
def test_linear_trainer_gives_illegal_steps_no_weight(scheme):
    trainer, _ = make_trainer(SENTENCES, scheme=scheme)
    for _ in range(3):
        trainer.run_epoch()
    transitions, start, end = trainer.chain()
    assert not transitions[~np.array(scheme.transitions_allowed)].any() and transitions.any()
    assert not start[~np.array(scheme.start_allowed)].any()
    assert not end[~np.array(scheme.end_allowed)].any() and end.any()
    for name, own in zip(("transitions", "start", "end"), (transitions, start, end), strict=True):
        assert (trainer.weights()[name] == own).all()


@EVERY_SCHEME
def test_linear_trainer_emissions_are_sums_of_its_weights(scheme):
    lexicon = np.array([ngram_key([FIRST_KNOWN, FIRST_KNOWN + 1])], np.uint64), np.array([1], np.uint16)
    trainer, alphabet = make_trainer(SENTENCES, lexicon, scheme=scheme)
    for _ in range(3):
        trainer.run_epoch()
    weights = trainer.weights()
    for text in ("今天天气真好", "丁", "".join(SENTENCES[5])):
        found = trainer.emissions(alphabet.encode(text), np.array([len(text)]))
        assert found == pytest.approx(summed_weights(weights, alphabet, text), abs=1e-5)


@EVERY_SCHEME
def test_linear_trainer_learns_its_sentences_with_legal_tags(scheme):
    trainer, alphabet = make_trainer(SENTENCES, scheme=scheme)
    codes, gold, lengths = alphabet.encode_corpus(SENTENCES, scheme)
    for _ in range(8):
        trainer.run_epoch()
        tags = best_tags(trainer, codes, lengths, scheme)
        assert all(scheme.is_legal(part) for part in np.split(tags, np.cumsum(lengths)[:-1]))
    assert word_f1(gold, tags, scheme) > 0.97


def test_linear_trainer_loss_falls():
    trainer, _ = make_trainer(SENTENCES)
    losses = [trainer.run_epoch() for _ in range(8)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.1 * losses[0]


def test_linear_trainer_learns_a_rule_perfectly():
    # 甲乙 is a word and 乙甲 is not, and nothing else makes words.
    random = np.random.default_rng(5)
    sentences = [
        [["甲乙", "甲", "乙乙乙", "丙"][at] for at in random.integers(0, 4, 12)] + ["丁"] for _ in range(300)
    ]  # fmt: skip
    train, unseen = sentences[:250], sentences[250:]
    unambiguous = [[word for word in words if word not in ("甲", "乙乙乙")] for words in unseen]
    trainer, alphabet = make_trainer(train)
    for _ in range(5):
        trainer.run_epoch()
    codes, tags, lengths = alphabet.encode_corpus(unambiguous)
    assert word_f1(tags, best_tags(trainer, codes, lengths)) == 1


def arrays(codes=(9, 9), tag_sets=(1, 1), lengths=(2,), types=(0,) * 10, keys=(), classes=()) -> list[object]:
    values = (codes, tag_sets, lengths, types, keys, classes)
    dtypes = (np.uint16, np.uint8, np.int64, np.uint8, np.uint64, np.uint16)
    arrays = [np.array(value, dtype) for value, dtype in zip(values, dtypes, strict=True)]
    return [*arrays[:4], legality(SBME), [tuple(arrays[4:])]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lengths": [0, 2]}, "lengths must be positive and sum to the number of codes and of tags"),
        ({"lengths": [-1]}, "lengths must be positive"),
        ({"lengths": [3]}, "lengths must be positive and sum to"),
        ({"lengths": [1, 2**63 - 1]}, "lengths must be positive and sum to"),
        ({"lengths": [1]}, "lengths must sum to the number of codes and of tags, and there must be some"),
        ({"lengths": [], "codes": [], "tag_sets": []}, "and there must be some"),
        ({"tag_sets": [1]}, "lengths must be positive and sum to"),
        ({"tag_sets": [1, 1, 1]}, "lengths must sum to"),
        ({"codes": [9, 10]}, "a code or tag out of range"),
        ({"tag_sets": [1, 16]}, "a code or tag out of range"),
        ({"tag_sets": [1, 0]}, "a code or tag out of range"),
        ({"types": [0] * 9 + [8]}, "types: expected 0 to 7"),
        ({"types": []}, "a code or tag out of range"),
        ({"keys": [1]}, "a class for each lexicon key"),
        ({"keys": [1], "classes": [65535]}, "too many lexicon classes"),
        ({"keys": [1], "classes": [0]}, "classes are counted from 1"),
    ],
)
def test_linear_trainer_refuses_what_is_wrong(given, message):
    with pytest.raises(ValueError, match=message):
        LinearTrainer(*arrays(**given), 0.1, 1.5, 2, 2, 1)


@pytest.mark.parametrize("counts", [(0, 2), (2, 0), (-1, 2)])
def test_linear_trainer_refuses_counts_below_one(counts):
    with pytest.raises(ValueError, match="least counts must be 1 or more"):
        LinearTrainer(*arrays(), 0.1, 1.5, *counts, 1)


def test_linear_trainer_emissions_refuse_what_is_wrong():
    trainer = LinearTrainer(*arrays(), 0.1, 1.5, 2, 2, 1)
    with pytest.raises(ValueError, match="a code or tag out of range"):
        trainer.emissions(np.array([9, 10], np.uint16), np.array([2]))
    with pytest.raises(ValueError, match="lengths must sum to"):
        trainer.emissions(np.array([9, 9], np.uint16), np.array([1]))


@pytest.mark.parametrize("size", [0, 1, 3, 5, 8])
def test_linear_trainer_refuses_other_numbers_of_tags(size):
    given = arrays()
    given[4] = np.ones((size + 2, size), bool)
    with pytest.raises(ValueError, match=f"2, 4 or 6 tags, got {size}" if size else "a code or tag out of range"):
        LinearTrainer(*given, 0.1, 1.5, 2, 2, 1)


@pytest.mark.parametrize("shape", [(4, 4), (24,), (6, 4, 1)])
def test_linear_trainer_refuses_a_legality_of_another_shape(shape):
    given = arrays()
    given[4] = np.ones(shape, bool)
    with pytest.raises(ValueError, match="allowed: expected a row for each tag, one for the first and"):
        LinearTrainer(*given, 0.1, 1.5, 2, 2, 1)
