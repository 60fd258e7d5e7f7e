from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracles import all_paths, all_sequences, is_legal
from strategies import segmented_sentences

from cws.errors import InputError
from cws.tags import BI, SBBME6, SBME, SCHEMES, TagScheme, spans_to_words, words_to_spans

LABELLED = SBME.with_labels(["NOUN", "VERB"])
EVERY = [*SCHEMES.values(), LABELLED, BI.with_labels(["X"])]
every_scheme = pytest.mark.parametrize("scheme", EVERY, ids=repr)
plain_scheme = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=repr)


def segmentations(n: int) -> list[list[str]]:
    """Every way to cut n characters into words."""
    text = "甲乙丙丁戊己庚辛"[:n]
    cuts = [[at for at in range(1, n) if mask >> at & 1] for mask in range(0, 1 << n, 2)]
    return [[text[a:b] for a, b in zip([0, *cut], [*cut, n], strict=True)] for cut in cuts]


def names(scheme: TagScheme, words: list[str]) -> str:
    return " ".join(scheme.names[tag] for tag in scheme.words_to_tags(words))


def test_tags_sbme_order_is_settled():
    assert SBME.names == ("S", "B", "M", "E")
    assert [SBME.index(name) for name in "SBME"] == [0, 1, 2, 3]


def test_tags_sbme_legality_is_the_known_table():
    go_on, begin = (False, False, True, True), (True, True, False, False)
    assert SBME.transitions_allowed == (begin, go_on, go_on, begin)
    assert SBME.start_allowed == begin
    assert SBME.end_allowed == (True, False, False, True)


def test_tags_bi_only_forbids_to_begin_inside_a_word():
    assert BI.transitions_allowed == ((True, True), (True, True))
    assert (BI.start_allowed, BI.end_allowed) == ((True, False), (True, True))


def test_tags_spell_words_of_every_length():
    words = ["a", "ab", "abc", "abcd", "abcde", "abcdef"]
    assert names(SBME, words) == "S B E B M E B M M E B M M M E B M M M M E"
    assert names(BI, words[:3]) == "B B I B I I"
    assert names(SBBME6, words) == "S B E B B2 E B B2 B3 E B B2 B3 M E B B2 B3 M M E"


def test_tags_of_no_words_are_empty():
    assert SBME.words_to_tags([]) == b""
    assert SBME.tags_to_spans(b"") == []
    assert SBME.is_legal(b"")


@plain_scheme
@pytest.mark.parametrize("n", range(1, 7))
def test_tags_legal_sequences_are_those_that_words_spell(scheme, n):
    spelled = {tuple(scheme.words_to_tags(words)) for words in segmentations(n)}
    assert set(all_paths(scheme, n)) == spelled


@every_scheme
@pytest.mark.parametrize("n", range(4))
def test_tags_is_legal_agrees_with_the_tables(scheme, n):
    for tags in all_sequences(scheme, n):
        assert scheme.is_legal(tags) == is_legal(scheme, tags)


@every_scheme
@pytest.mark.parametrize("n", range(5))
def test_tags_any_sequence_covers_every_character_once(scheme, n):
    for tags in all_sequences(scheme, n):
        spans = scheme.tags_to_spans(tags)
        assert [at for start, end in spans for at in range(start, end)] == list(range(n))
        assert all(start < end for start, end in spans)


@pytest.mark.parametrize(
    ("tags", "words"),
    [("MM", "ab"), ("EE", "a b"), ("BB", "a b"), ("BS", "a b"), ("SM", "a b"), ("ME", "ab"), ("BMSME", "ab c de")],
)
def test_tags_illegal_sequences_are_cut_by_the_documented_rule(tags, words):
    spans = SBME.tags_to_spans([SBME.index(tag) for tag in tags])
    assert " ".join(spans_to_words("abcde", spans)) == words


@plain_scheme
@given(words=segmented_sentences(min_size=0))
def test_tags_words_come_back(scheme, words):
    tags = scheme.words_to_tags(iter(words))
    text = "".join(words)
    assert len(tags) == len(text)
    assert scheme.is_legal(tags)
    assert scheme.tags_to_spans(tags) == words_to_spans(words)
    assert spans_to_words(text, scheme.tags_to_spans(list(tags))) == words


@given(pairs=st.lists(st.tuples(st.sampled_from(["甲", "乙丙", "丁戊己庚"]), st.sampled_from(LABELLED.labels))))
def test_tags_labelled_words_come_back(pairs):
    words, labels = [word for word, _ in pairs], [label for _, label in pairs]
    tags = LABELLED.words_to_tags(words, labels)
    assert LABELLED.is_legal(tags)
    spans = LABELLED.tags_to_labelled_spans(tags)
    assert [(start, end) for start, end, _ in spans] == words_to_spans(words)
    assert [label for _, _, label in spans] == labels


def test_tags_labels_stay_the_same_inside_a_word_only():
    tag = LABELLED.index
    assert LABELLED.names[:5] == ("S-NOUN", "B-NOUN", "M-NOUN", "E-NOUN", "S-VERB")
    assert LABELLED.transitions_allowed[tag("B-NOUN")][tag("E-NOUN")]
    assert not LABELLED.transitions_allowed[tag("B-NOUN")][tag("E-VERB")]
    assert LABELLED.transitions_allowed[tag("E-NOUN")][tag("B-VERB")]


def test_tags_labels_change_inside_bi_words_is_illegal():
    scheme = BI.with_labels(["X", "Y"])
    assert not scheme.transitions_allowed[scheme.index("B-X")][scheme.index("I-Y")]
    assert scheme.transitions_allowed[scheme.index("I-X")][scheme.index("B-Y")]


def test_tags_illegal_labels_take_that_of_the_first_character():
    tags = [LABELLED.index(name) for name in ("B-VERB", "M-NOUN", "E-NOUN")]
    assert LABELLED.tags_to_labelled_spans(tags) == [(0, 3, "VERB")]


def test_tags_position_and_label_take_a_tag_apart():
    tag = LABELLED.index("E-VERB")
    assert (LABELLED.position(tag), LABELLED.label(tag)) == ("E", "VERB")
    assert (SBME.position(3), SBME.label(3)) == ("E", None)


@every_scheme
def test_tags_schemes_copy_compare_and_pickle(scheme):
    for twin in (pickle.loads(pickle.dumps(scheme)), copy.deepcopy(scheme)):
        assert twin == scheme
        assert hash(twin) == hash(scheme)
        assert twin.transitions_allowed == scheme.transitions_allowed


def test_tags_schemes_differ():
    assert len({*EVERY}) == len(EVERY)
    assert SBME != "SBME"


def test_tags_schemes_are_found_by_name():
    assert list(SCHEMES) == ["SBME", "BI", "SBBME6"]
    assert repr(SCHEMES["BI"]) == "<TagScheme BI: B I>"


def test_tags_schemes_are_immutable():
    with pytest.raises(AttributeError, match="TagScheme is immutable, cannot set name"):
        SBME.name = "mine"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SBME.index("X"), "unknown tag 'X': SBME has S, B, M, E"),
        (lambda: SBME.words_to_tags(["他", ""]), "cannot tag an empty word"),
        (lambda: SBME.words_to_tags(["他"], ["X"]), "SBME takes no labels"),
        (lambda: LABELLED.words_to_tags(["他"]), "SBME needs labels"),
        (lambda: LABELLED.words_to_tags(["他"], ["NOUN"] * 2), "expected a label for each of 1 words, got 2"),
        (lambda: LABELLED.words_to_tags(["他"], ["X"]), "unknown label 'X': SBME has NOUN, VERB"),
        (lambda: SBME.tags_to_labelled_spans([0]), "SBME has no labels: use tags_to_spans"),
        (lambda: SBME.tags_to_spans([0, 4]), "tags of SBME are 0 to 3, got 0 to 4"),
        (lambda: SBME.is_legal([-1]), "tags of SBME are 0 to 3, got -1 to -1"),
        (lambda: SBME.with_labels(["X", "X"]), "labels must differ from each other, got X, X"),
        (lambda: SBME.with_labels(map(str, range(65))), "SBME has room for 64 labels, got 65"),
    ],
)
def test_tags_refuse_what_is_wrong(call, message):
    with pytest.raises(InputError, match=message):
        call()
