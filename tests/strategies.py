"""Hypothesis strategies: texts as strange as a `str` can be, and segmented sentences."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

COMMON = "的一是在不了有和人这中大来到他网易杭研厦国北京"
ODD = [
    "\0", "\ud800", "\udfff", "\ufeff", "\u2028", "\u200d", "\r", "\n", "\t", "\u3000", "\xa0", "\x85",
    "😀", "👨\u200d👩\u200d👧", "é", "e\u0301", "İ", "ß", "𠀀", "\U0010ffff", "ａ", "１", "。", "，", "한", "の",
    "٣", "Ⅷ", "乾", "體",
]  # fmt: skip


def characters() -> st.SearchStrategy[str]:
    """Strings of one or a few code points: mostly Chinese, some ASCII, some odd, some anything, surrogates too."""
    anything = st.characters(codec=None, exclude_categories=())
    return st.one_of(
        st.sampled_from(COMMON), st.sampled_from(COMMON), st.sampled_from("aZ09 ,"), st.sampled_from(ODD), anything
    )


def any_text(min_size: int = 0, max_size: int = 40) -> st.SearchStrategy[str]:
    """Any `str` at all, mostly Chinese; the sizes count pieces of `characters`."""
    return st.lists(characters(), min_size=min_size, max_size=max_size).map("".join)


def words(max_size: int = 6) -> st.SearchStrategy[str]:
    """Words that a corpus file can hold: not empty, no white space, no control characters, no surrogates."""
    anything = st.characters(codec="utf-8", exclude_categories=["Cc"]).filter(lambda character: not character.isspace())
    return st.text(st.one_of(st.sampled_from(COMMON), anything), min_size=1, max_size=max_size)


def segmented_sentences(min_size: int = 1, max_size: int = 10) -> st.SearchStrategy[list[str]]:
    """Sentences as lists of `words`."""
    return st.lists(words(), min_size=min_size, max_size=max_size)


@st.composite
def two_segmentations(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Two segmentations of the same text, of common characters so that words come up again."""
    text = draw(st.text(st.sampled_from(COMMON[:4]), max_size=20))

    def cut() -> list[str]:
        inner = draw(st.sets(st.integers(1, len(text) - 1))) if len(text) > 1 else set()
        bounds = [0, *sorted(inner), len(text)]
        return [text[start:end] for start, end in pairwise(bounds) if start < end]

    return cut(), cut()
