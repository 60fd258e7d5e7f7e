"""Training on characters whose tags are not all known, against all paths through their sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_models import EVERY_SCHEME, SENTENCES, bits, trainer_of_sets
from reference_trainer import ReferenceTrainer

from cws.corpus.marks import CUT, JOIN, OPEN
from cws.decode import viterbi
from cws.tags import SBME
from cws.training.linear_text import tag_sets

TEXT = "甲乙丙丁戊"
NAMES = ("unigrams", "type_contexts", "repetitions", "transitions", "start", "end")


def sets_of(inner, scheme):
    return tag_sets(bytes([CUT, *inner, CUT]), scheme)


@EVERY_SCHEME
@settings(max_examples=15)
@given(
    inner=st.lists(st.sampled_from([JOIN, CUT, OPEN, OPEN]), max_size=4),
    margin=st.sampled_from([0.0, 1.5]),
)
def test_linear_trainer_open_places_equal_enumeration(scheme, inner, margin):
    text, sets = TEXT[: len(inner) + 1], sets_of(inner, scheme)
    trainer, alphabet = trainer_of_sets([(text, sets)], scheme, margin=margin)
    reference = ReferenceTrainer(text, sets, scheme, learning_rate=0.1, margin=margin)
    for _ in range(2):  # losses, and with the second one the gradient
        assert trainer.run_epoch() == pytest.approx(reference.epoch(), rel=1e-4, abs=1e-5)
    weights, every_tag = trainer.weights(), range(scheme.size)
    for character in text:
        row = weights["unigrams"][int(alphabet.encode(character)[0])]
        expected = [[reference.weights[("unigram", character, place), tag] for tag in every_tag] for place in range(5)]
        assert row == pytest.approx(np.array(expected), abs=1e-3)
    for tag in every_tag:
        assert weights["start"][tag] == pytest.approx(reference.weights["start", tag], abs=1e-3)
        assert weights["end"][tag] == pytest.approx(reference.weights["end", tag], abs=1e-3)
        steps = [reference.weights["transition", tag, to] for to in every_tag]
        assert weights["transitions"][tag] == pytest.approx(steps, abs=1e-3)


@EVERY_SCHEME
@pytest.mark.parametrize("margin", [0.0, 1.5])
def test_linear_trainer_of_all_places_open_learns_nothing(scheme, margin):
    trainer, _ = trainer_of_sets([(TEXT, sets_of([OPEN] * 4, scheme))], scheme, margin=margin)
    assert [trainer.run_epoch() for _ in range(2)] == pytest.approx([0, 0], abs=1e-6)
    weights = trainer.weights()
    assert all(np.abs(weights[name]).max() < 1e-3 for name in (*NAMES, "ngrams"))


def test_linear_trainer_open_sentence_beside_another_changes_nothing():
    text, sets = bits(SENTENCES[0])
    alone, _ = trainer_of_sets([(text, sets)], min_trigram_count=1)
    unknown = text, sets_of([OPEN] * (len(text) - 1), SBME)
    beside, _ = trainer_of_sets([(text, sets), unknown], min_trigram_count=1)
    for _ in range(3):
        assert 2 * beside.run_epoch() == pytest.approx(alone.run_epoch(), rel=1e-4)  # of twice the characters
    for name in NAMES:
        assert beside.weights()[name] == pytest.approx(alone.weights()[name], abs=1e-3)


@EVERY_SCHEME
def test_linear_trainer_learns_what_open_places_say_together(scheme):
    # Each sentence says something of one place, and together they say all.
    inner = [(JOIN, OPEN, OPEN), (OPEN, CUT, OPEN), (OPEN, OPEN, JOIN)]
    sequences = [("甲乙丙丁", sets_of(places, scheme)) for places in inner]
    trainer, alphabet = trainer_of_sets(sequences, scheme)
    losses = [trainer.run_epoch() for _ in range(30)]
    assert losses[-1] < 0.1 * losses[0]
    scores = trainer.emissions(alphabet.encode("甲乙丙丁"), np.array([4]))
    tags = viterbi(scores, np.array([0, 4]), *trainer.chain(), legality=scheme).tags.tobytes()
    assert tags == scheme.words_to_tags(["甲乙", "丙丁"])
