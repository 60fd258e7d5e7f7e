"""The trainer of linear models in the core, against the formulas by enumeration."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import product

import numpy as np
import pytest
from linear_models import EVERY_SCHEME, SENTENCES, legality, make_trainer
from oracles import all_paths, log_partition, marginals, path_score

from cws._native import LinearTrainer
from cws.labelers.character_classes import EDGE, FIRST_KNOWN
from cws.labelers.reference import PAD, ngram_key
from cws.tags import SBME, TagScheme
from cws.training.linear_trainer import best_tags, word_f1


class ReferenceTrainer:
    """Trains on one sentence of different characters, by enumeration, with the formulas of linear_trainer.h."""

    def __init__(self, text: str, tags: bytes, scheme: TagScheme, learning_rate: float, margin: float) -> None:
        self.text, self.tags, self.scheme, self.learning_rate, self.margin = text, tags, scheme, learning_rate, margin
        self.weights, self.squares = defaultdict(float), defaultdict(float)

    def features(self, i: int) -> list[object]:
        """What scores the tags of a character, in the order of updates; None stands for an edge."""
        padded = [None] * 3 + [*self.text] + [None] * 3
        here = i + 3
        result = [("unigram", padded[here + at], 2 - at) for at in range(-2, 3)]
        for order, first in ((2, -1), (3, -1), (4, 0)):
            for begin in range(-1, len(self.text)):
                position = i - begin - first
                gram = (*padded[begin + 3 : begin + 3 + order], None)[:order]
                # 4-grams belong to lexicons, and trigrams must be seen twice.
                if 0 <= position < 4 and order == 2:
                    result.append(("bigram", gram, position))
        result.append(("context", tuple(character is None for character in padded[here - 2 : here + 3])))
        result.append(("repetition",))
        return result

    def epoch(self) -> float:
        """Return the loss before the update, as run_epoch does."""
        n, scheme, every_tag = len(self.text), self.scheme, range(self.scheme.size)
        emissions = [
            [
                sum(self.weights[feature, tag] for feature in self.features(i)) + self.margin * (tag != self.tags[i])
                for tag in every_tag
            ]
            for i in range(n)
        ]
        transitions = [[self.weights["transition", a, b] for b in every_tag] for a in every_tag]
        start, end = ([self.weights[kind, tag] for tag in every_tag] for kind in ("start", "end"))
        whole = log_partition(scheme, emissions, transitions, start, end)
        gradients = defaultdict(list)  # one for each time that a weight is used; those of the chain are summed
        found = marginals(scheme, emissions, transitions, start, end)
        for i, tag in product(range(n), every_tag):
            gradient = (self.tags[i] == tag) - found[i][tag]
            for feature in self.features(i):
                gradients[feature, tag].append(gradient)
            if i == 0:
                gradients["start", tag] = [gradient]
            if i == n - 1:
                gradients["end", tag] = [gradient]
        pairs = defaultdict(float)
        for path in all_paths(scheme, n):
            probability = math.exp(path_score(emissions, transitions, path, start, end) - whole)
            for i in range(1, n):
                pairs[path[i - 1], path[i]] -= probability
        for i in range(1, n):
            pairs[self.tags[i - 1], self.tags[i]] += 1
        for (a, b), gradient in pairs.items():
            gradients["transition", a, b] = [gradient]
        gold = path_score(emissions, transitions, tuple(self.tags), start, end)
        for weight, values in gradients.items():
            for gradient in values:
                self.squares[weight] += gradient**2
                self.weights[weight] += self.learning_rate * gradient / math.sqrt(self.squares[weight] + 1e-6)
        return (whole - gold) / n


@EVERY_SCHEME
@pytest.mark.parametrize("words", [["甲乙", "丙", "丁戊己"], ["甲"], ["甲乙丙丁戊"], ["甲", "乙"]], ids=len)
def test_linear_trainer_equals_the_reference(words, scheme):
    text, tags = "".join(words), scheme.words_to_tags(words)
    trainer, alphabet = make_trainer([words], scheme=scheme)
    reference = ReferenceTrainer(text, tags, scheme, learning_rate=0.1, margin=1.5)
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
    row_of = {int(key): at for at, key in enumerate(weights["keys"])}
    for text in ("今天天气真好", "丁", "".join(SENTENCES[5])):
        codes = [EDGE] * PAD + alphabet.encode(text).tolist() + [EDGE] * (PAD + 1)
        # [position in the padded text][tag], so that what n-grams say of edges has a place too
        expected = np.zeros((len(codes) + 4, scheme.size))
        for at, code in enumerate(codes):
            expected[max(at - 2, 0) : at + 3] += weights["unigrams"][code][max(2 - at, 0) :]
        for at in range(PAD - 1, PAD + len(text)):
            for order, first in ((2, -1), (3, -1), (4, 0)):
                if (row := row_of.get(ngram_key(codes[at : at + order]))) is not None:
                    expected[at + first : at + first + 4] += weights["ngrams"][row]
        for at in range(PAD, PAD + len(text)):
            context, here = codes[at - 2 : at + 3], codes[at]
            types = sum(int(alphabet.types[code]) << 3 * (4 - i) for i, code in enumerate(context))
            pairs = ((here, context[1]), (here, context[3]), (context[1], context[3]), (here, context[0]))
            same = sum((a == b) << i for i, (a, b) in enumerate((*pairs, (here, context[4]))))
            expected[at] += weights["type_contexts"][types] + weights["repetitions"][same]
        found = trainer.emissions(alphabet.encode(text), np.array([len(text)]))
        assert found == pytest.approx(expected[PAD : PAD + len(text)], abs=1e-5)


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
