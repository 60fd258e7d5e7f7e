"""What linear models learn from: sets of tags, sequences of marked sentences, and what is held out."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from linear_models import EVERY_SCHEME, SENTENCES
from oracles import all_paths
from strategies import COMMON, segmented_sentences

from cws.corpus import parse_marks
from cws.corpus.marks import CUT, JOIN, OPEN, MarkedSentence
from cws.errors import InputError
from cws.labelers.alphabet import MAX_SEQUENCE, Alphabet
from cws.tags import SBME
from cws.training.linear_text import (
    Part,
    Standard,
    encode_standards,
    tag_sets,
    tagged_sequences,
)

PLACES = st.sampled_from([JOIN, CUT, OPEN])
SIGNS = {JOIN: "", CUT: " ", OPEN: "¦"}


def paths_through(sets, scheme):
    allowed = [[bool(one >> tag & 1) for tag in range(scheme.size)] for one in sets]
    return set(all_paths(scheme, len(sets), allowed))


def tags_of_all(inner, scheme):
    """The tags of every segmentation that the places between characters allow."""
    found = set()
    for cuts in product([False, True], repeat=len(inner)):
        if all(place == OPEN or (place == CUT) == cut for place, cut in zip(inner, cuts, strict=True)):
            bounds = [0, *(at for at, cut in enumerate(cuts, 1) if cut), len(inner) + 1]
            found.add(tuple(scheme.words_to_tags(["字" * (end - begin) for begin, end in pairwise(bounds)])))
    return found


@EVERY_SCHEME
@given(inner=st.lists(PLACES, max_size=4))
def test_linear_text_tag_sets_hold_the_tags_of_all_segmentations(scheme, inner):
    sets = tag_sets(bytes([CUT, *inner, CUT]), scheme)
    assert paths_through(sets, scheme) == tags_of_all(inner, scheme)


@given(segmented_sentences())
def test_linear_text_sequences_of_segmented_sentences_hold_their_tags(words):
    [(text, sets)] = tagged_sequences(words)
    assert text == "".join(words)
    assert sets == bytes(1 << tag for tag in SBME.words_to_tags(words))


@given(
    st.lists(st.tuples(st.sampled_from(COMMON + "a␣␣"), PLACES), min_size=1, max_size=10).filter(
        lambda pairs: any(character != "␣" for character, _ in pairs)
    )
)
def test_linear_text_sequences_of_marked_sentences_are_what_marks_allow(pairs):
    text = "".join(character for character, _ in pairs).replace("␣", " ")
    signs = [SIGNS[mark] for _, mark in pairs[:-1]] + [""]
    sentence = parse_marks("".join(one + sign for (one, _), sign in zip(pairs, signs, strict=True)))
    found = tagged_sequences(sentence)
    assert [one for one, _ in found] == text.split()
    at = 0
    for run, sets in found:
        begin = text.index(run, at)
        at = begin + len(run)
        inner = [mark for _, mark in pairs[begin : at - 1]]
        assert paths_through(sets, SBME) == tags_of_all(inner, SBME)


def test_linear_text_marks_beside_a_blank_are_a_worked_example():
    found = tagged_sequences(parse_marks("用¦过 ␣ app␣好"))
    assert [(text, [f"{one:04b}" for one in sets]) for text, sets in found] == [
        ("用过", ["0011", "1001"]),  # E M B S
        ("app", ["0010", "0100", "1000"]),
        ("好", ["0001"]),
    ]


@pytest.mark.parametrize(
    ("mark", "lengths"),
    [
        # The last place where a word may end before the limit, at best one where it must.
        ({}, [2500]),
        ({1000: CUT, 2000: CUT}, [1000, 1000, 500]),
        ({100: CUT, 1024: OPEN, 1500: OPEN, 2000: OPEN}, [100, 924, 976, 500]),
        ({1024: CUT, 1025: CUT, 2048: OPEN}, [1024, 1, 1023, 452]),
        ({1025: CUT}, [1025, 1475]),  # no word ends before
        ({1500: OPEN, 1600: CUT}, [1500, 1000]),
        ({1600: CUT}, [1600, 900]),
    ],
)
def test_linear_text_long_marked_sentences_are_cut(mark, lengths):
    places = bytes(mark.get(at, JOIN) for at in range(1, 2500))
    found = tagged_sequences(MarkedSentence("", "字" * 2500, places, 1))
    assert [len(text) for text, _ in found] == [len(sets) for _, sets in found] == lengths
    assert max(lengths) <= MAX_SEQUENCE or not mark.keys() & set(range(1, MAX_SEQUENCE + 1))
    for _, sets in found:  # each of them a word, or more where a place is open or a cut
        assert not sets[0] & 0b1100 and not sets[-1] & 0b0110


def test_linear_text_long_open_sentences_are_cut_at_the_limit():
    found = tagged_sequences(MarkedSentence("", "字" * 2500, bytes([OPEN] * 2499), 1))
    assert [len(text) for text, _ in found] == [MAX_SEQUENCE, MAX_SEQUENCE, 452]
    assert all((sets[0], sets[1], sets[-1]) == (0b0011, 0b1111, 0b1001) for _, sets in found)


def test_linear_text_long_segmented_sentences_are_cut_between_words():
    words = ["二字"] * 1000
    found = tagged_sequences(words)
    assert [len(text) for text, _ in found] == [1024, 976]
    assert all(sets == bytes([0b0010, 0b1000]) * (len(sets) // 2) for _, sets in found)


def test_linear_text_standards_are_encoded_in_their_order():
    alphabet = Alphabet.of(["甲乙丙丁"])
    parts = [Part([["甲乙", "丙"]], 2.5), Part([parse_marks("丁¦甲␣乙")])]
    found = encode_standards([Standard("one", parts), Standard("two", [Part([["丙"], ["丁"]], 0.5)])], alphabet, None)
    assert found.codes.tolist() == alphabet.encode("甲乙丙丁甲乙丙丁").tolist()
    assert found.tag_sets.tolist() == [2, 8, 1, 3, 9, 1, 1, 1]
    assert found.lengths.tolist() == [3, 2, 1, 1, 1]
    assert found.standards.tolist() == [0, 0, 0, 1, 1]
    assert found.weights.tolist() == [2.5, 1, 1, 0.5, 0.5]
    assert (found.emissions.size, found.standards.dtype, found.weights.dtype) == (0, np.uint8, np.float32)


MARKED = [parse_marks("他 来到¦了") for _ in range(10)]


def test_linear_text_split_holds_segmented_sentences_out():
    standard = Standard("one", [Part(SENTENCES[:12], 2.0), Part(MARKED, 3.0), Part(SENTENCES[12:])])
    split = standard.split(0.25, 7)
    first, marks, last = split.parts
    assert (first.weight, marks, last.weight) == (2.0, standard.parts[1], 1.0)
    assert len(first.sentences) == 9 and len(split.dev) == len(SENTENCES) - 9 - len(last.sentences) > 3
    rest = [*first.sentences, *last.sentences]
    assert sorted([*rest, *split.dev]) == sorted(SENTENCES)
    assert split == standard.split(0.25, 7)
    assert split.dev != standard.split(0.25, 8).dev


def test_linear_text_split_holds_marks_out_where_there_is_nothing_else():
    split = Standard("one", [Part(MARKED), Part(MARKED[:5])]).split(0.2, 1)
    assert [len(part.sentences) for part in split.parts] == [8, 4]
    assert len(split.dev) == 3 and {*map(type, split.dev)} == {MarkedSentence}


def test_linear_text_split_leaves_a_dev_set_as_it_is():
    standard = Standard("one", [Part(SENTENCES)], SENTENCES[:2])
    assert standard.split(0.5, 1) is standard


@pytest.mark.parametrize(("single", "dev"), [([["甲"]], list), ([], list), (MARKED[:1], list)])
def test_linear_text_split_leaves_a_single_sentence_in_training(single, dev):
    split = Standard("one", [Part(single), Part(SENTENCES)]).split(0.5, 1)
    assert split.parts[0].sentences == single
    assert {*map(type, split.dev)} == {dev}


def test_linear_text_split_takes_marks_where_one_sentence_is_segmented():
    split = Standard("one", [Part([["甲"]]), Part(MARKED)]).split(0.5, 1)
    assert {*map(type, split.dev)} == {MarkedSentence}
    assert split.parts[0].sentences == [["甲"]]


def test_linear_text_split_refuses_single_sentences():
    with pytest.raises(InputError, match="cannot split 1 sentences in two"):
        Standard("one", [Part([["甲"]]), Part([["乙"]])]).split(0.5, 1)


@pytest.mark.parametrize("weight", [0, -1, 1000.5, float("nan"), float("inf")])
def test_linear_text_weights_of_sentences_are_refused(weight):
    with pytest.raises(InputError, match=f"the weight of sentences must be above 0 and at most 1000, got {weight}"):
        Part(SENTENCES, weight)


def test_linear_text_texts_are_those_of_all_parts():
    standard = Standard("one", [Part([["甲", "乙"]]), Part([parse_marks("丁¦甲␣乙")])])
    assert list(standard.texts()) == ["甲乙", "丁甲 乙"]
