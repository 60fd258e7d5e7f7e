"""How often repeated words are cut in another way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.consistency import CHUNK, EVERY, MOST, chunks_of, count_uneven


@pytest.mark.parametrize(
    ("words", "counts"),
    [
        ("语言 和 语言", (1, 0)),
        ("语言 和 语 言", (1, 1)),
        ("语言 和 语", (0, 0)),  # it stands once
        ("语言 和 自然语 言", (1, 0)),  # its beginning is no boundary there
        ("语言 和 语 言学", (1, 0)),  # nor its end
        ("语言 和 语言学", (1, 0)),
        ("语 言 语 言", (0, 0)),  # nothing makes a word of it
        ("自然语言 自然 语言 语 言", (3, 2)),  # 自然语言 is cut at its second place, 语言 at its third
        ("ab ab a b 好 好", (0, 0)),  # only words of two ideographs and more are looked at
        ("人人 人 人 人", (1, 1)),  # places overlap
    ],
)
def test_consistency_worked_examples(words, counts):
    assert count_uneven(words.split()) == counts


@given(st.lists(st.text("的一", min_size=1, max_size=3), max_size=12))
def test_consistency_agrees_with_looking_at_every_place(words):
    text, ends = "".join(words), set()
    for at in range(len(words) + 1):
        ends.add(len("".join(words[:at])))
    repeated = uneven = 0
    for word in {word for word in words if len(word) > 1}:
        spans = [(at, at + len(word)) for at in range(len(text)) if text[at:].startswith(word)]
        if len(spans) > 1:
            repeated += 1
            uneven += any(a in ends and b in ends and any(inner in ends for inner in range(a + 1, b)) for a, b in spans)
    assert count_uneven(words) == (repeated, uneven)


def test_consistency_chunks_are_one_in_so_many():
    text = "".join(chr(0x4E00 + at % 5000) for at in range(CHUNK * (EVERY + 1)))
    assert chunks_of(text) == [text[:CHUNK], text[-CHUNK:]]
    assert chunks_of(text[:-1]) == [text[:CHUNK]]
    assert len(chunks_of("字" * (MOST + 1_000_000))) == MOST // (CHUNK * EVERY)
    assert chunks_of("字" * (CHUNK - 1)) == []
