from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_text

import cws
from cws import document
from cws.document import COHESION, LARGEST, LEAST_COUNT, LONGEST, MOST_WORDS, DocumentWords, evidence_of
from cws.errors import InputError
from cws.streaming import words_of_blocks

SEGMENTER = cws.load("pku")
# 沈砚 is a name that the model does not know.
STORY = "沈砚走进院子。他没看见沈砚。沈砚道：你好。我问沈砚去哪里。\n"


def readings(words, name):
    """The ways in which a name is cut: its words, or those that hold parts of it."""
    text, ends = "".join(words), [0]
    for word in words:
        ends.append(ends[-1] + len(word))
    starts = [at for at in range(len(text)) if text.startswith(name, at)]
    return {tuple(end - at for end in ends if at <= end <= at + len(name)) for at in starts}


def test_document_cuts_a_repeated_name_in_one_way():
    assert len(readings(SEGMENTER.segment(STORY), "沈砚")) > 1
    assert readings(SEGMENTER.segment_document(STORY), "沈砚") == {(0, 2)}


def test_document_of_a_short_text_has_the_ordinary_words():
    for text in ("", "我", "沈砚走进院子。我问沈砚去哪里。", "今天天气真好！我们去北京大学看看。"):
        assert SEGMENTER.segment_document(text) == SEGMENTER.segment(text)


@given(any_text())
def test_document_keeps_every_text(text):
    assert "".join(SEGMENTER.segment_document(text + STORY + text)) == text + STORY + text


@pytest.mark.parametrize("text", ["哈" * 10_000, "\ud800沈砚\0" * 100, "𠀀𠀁 " * 1000, "\n" * 1000, "中国" * 5000])
def test_document_keeps_repetitive_texts(text):
    assert "".join(SEGMENTER.segment_document(text)) == text


def test_document_refuses_what_is_no_text():
    with pytest.raises(InputError, match="expects a str, got bytes"):
        SEGMENTER.segment_document(b"text")


@pytest.mark.parametrize("word", ["砚", "问沈砚", "沈砚去"])
def test_document_obeys_forced_words(word):
    assert word in cws.load("pku", user_dictionary=[(word, "!")]).segment_document(STORY)


def test_document_obeys_what_is_never_a_word():
    assert "沈砚" not in cws.load("pku", user_dictionary=[("沈砚", "-")]).segment_document(STORY)


def test_document_decided_words_count_more_than_evidence():
    assert "沈砚道" not in SEGMENTER.segment_document(STORY)
    assert "沈砚道" in cws.load("pku", user_dictionary=["沈砚道"]).segment_document(STORY)


def test_document_leaves_the_segmenter_as_it_is():
    segmenter = cws.load("pku", user_dictionary=["网易杭研"])
    before = segmenter.segment(STORY)
    segmenter.segment_document(STORY)
    assert segmenter.segment(STORY) == before
    assert len(segmenter.user_dictionary) == 1


def test_document_evidence_is_beside_the_user_dictionary():
    segmenter = cws.load("pku", user_dictionary=["网易杭研", ("沈砚", 1.5)], units=False, force=True)
    adapted = segmenter.with_evidence({"沈砚": 5.0, "院子": -2.0})
    entries = {entry.word: entry.weight for entry in adapted.user_dictionary}
    assert entries == {"网易杭研": "!", "沈砚": 1.5, "院子": -2.0}


def test_document_evidence_has_to_be_in_nats():
    with pytest.raises(InputError, match="expected a weight from -100 to 100"):
        SEGMENTER.with_evidence({"沈砚": 101.0})
    with pytest.raises(InputError, match="expected a word"):
        SEGMENTER.with_evidence({"": 1.0})


def reference_counts(words):
    """How often each string of ideographs is one word, and how often it is cut."""
    whole, cut = Counter(), Counter()
    for first, size in product(range(len(words)), range(1, MOST_WORDS + 1)):
        joined = "".join(words[first : first + size])
        if first + size <= len(words) and 2 <= len(joined) <= LONGEST and all("一" <= c <= "龥" for c in joined):
            (cut if size > 1 else whole)[joined] += 1
    return whole, cut


words_of_few_characters = st.lists(st.text("沈砚一，a ", min_size=1, max_size=3), max_size=60)


@given(words_of_few_characters)
def test_document_counts_are_those_of_the_reference(words):
    found = DocumentWords()
    found.add(words)
    assert (found._whole, found._cut) == reference_counts(words)


@given(words_of_few_characters)
def test_document_evidence_is_bounded_and_of_what_is_repeated(words):
    whole, cut = reference_counts(words)
    for word, weight in evidence_of([words]).items():
        assert cut[word] and whole[word] + cut[word] >= LEAST_COUNT
        assert 0 < abs(weight) <= LARGEST


def test_document_evidence_grows_with_count_and_agreement():
    def weight(whole, cut):
        # 的 stands elsewhere too, so that the string does not cohere.
        return evidence_of([["好的", "。"] * whole + ["好", "的", "。"] * cut + ["的", "。", "好", "。"] * 200]).get(
            "好的", 0
        )

    assert 0 < weight(3, 2) < weight(3, 1) < weight(30, 10) < weight(90, 1) == LARGEST
    assert weight(2, 2) == weight(0, 9) == 0 > weight(2, 3) > weight(1, 3)


def test_document_evidence_for_what_coheres_though_it_is_always_cut():
    assert evidence_of([["沈", "砚", "。"] * 3]) == {"沈砚": COHESION}
    assert evidence_of([["沈", "砚", "。"] * 2]) == {}


def test_document_evidence_of_a_longer_string_is_none_of_its_parts():
    assert evidence_of([["茉", "花", "村", "。"] * 3]) == {"茉花村": COHESION}
    assert set(evidence_of([["茉", "花", "村", "。"] * 3 + ["茉", "花", "。"]])) == {"茉花村", "茉花"}


def test_document_counts_stay_bounded(monkeypatch):
    monkeypatch.setattr(document, "MOST_STRINGS", 100)
    words = DocumentWords()
    for number in range(2000):
        words.add(["沈", "砚", "。", chr(0x4E00 + number), chr(0x5E00 + number)])
        assert len(words._whole) + len(words._cut) <= 100
    assert words.evidence() == {"沈砚": COHESION}


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_document_words_of_blocks_are_those_of_the_text(threads, size):
    data = (STORY * 20).encode()
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    words = [word for part in words_of_blocks(SEGMENTER, blocks, threads=threads) for word in part]
    assert words == SEGMENTER.segment(STORY * 20)
