"""Extended grapheme clusters and emoji, by Unicode's own tests (Debian's package unicode-data)."""

from __future__ import annotations

from pathlib import Path

import pytest

from cws.units import BOUNDARY, NO_BOUNDARY, boundaries, find_units
from cws.units.characters import Text
from cws.units.unicode_ranges import UNICODE_VERSION

DATABASE = Path("/usr/share/unicode")
needs_database = pytest.mark.skipif(
    not (DATABASE / "auxiliary/GraphemeBreakTest.txt").exists(), reason="needs Debian's package unicode-data"
)


def lines(name: str) -> list[str]:
    rows = (DATABASE / name).read_text("utf-8").splitlines()
    if UNICODE_VERSION.rpartition(".")[0] not in rows[0] + "".join(rows[:12]):
        pytest.skip(f"{name} is not of Unicode {UNICODE_VERSION}, which the tables are of")
    return [line.split("#")[0].strip() if not line.startswith("0023") else line.split(" #")[0].strip() for line in rows]


@needs_database
def test_units_grapheme_clusters_are_those_of_unicode():
    tested = 0
    for line in filter(None, lines("auxiliary/GraphemeBreakTest.txt")):
        fields = line.split()  # ÷ 0061 × 0308 ÷
        text = "".join(chr(int(code, 16)) for code in fields[1::2])
        breaks = [mark == "÷" for mark in fields[2::2]]
        view, ends, at = Text(text), set(), 0
        while at < len(text):
            at = view.cluster_end(at)
            ends.add(at)
        assert [place in ends for place in range(1, len(text) + 1)] == breaks, line
        for place, is_break in enumerate(breaks):
            cluster = text[max((end for end in ends if end <= place), default=0) :]
            if not is_break and not any(
                map(str.isspace, cluster[: place + 2])
            ):  # white space is the segmenter's, whatever combines with it
                assert boundaries(text)[place] == NO_BOUNDARY, line
        tested += 1
    assert tested > 500


@needs_database
def test_units_emoji_are_words_of_their_own():
    tested = 0
    for line in filter(None, lines("emoji/emoji-test.txt")):
        codes, status = line.split(";")
        if status.strip() == "component":
            continue
        emoji = "".join(chr(int(code, 16)) for code in codes.split())
        text = f"好{emoji}{emoji}ok{emoji}吧"
        places = boundaries(text)
        found = [(start, end) for start, end, kind in find_units(text) if kind == "emoji"]
        assert [text[start:end] for start, end in found] == [emoji] * 3, line
        assert all(places[start - 1] == places[end - 1] == BOUNDARY for start, end in found)
        tested += 1
    assert tested > 3000


@pytest.mark.parametrize(
    "text", ["e\u0301", "葛\U000e0100", "각", "\u1100\u1161\u11a8", "字\u0308", "नि", "ก็", "\u0600१", "!\u0301"]
)
def test_units_clusters_are_not_cut(text):
    assert set(boundaries(f"好{text}好")[1 : len(text)]) <= {NO_BOUNDARY}


def test_units_lone_surrogates_are_characters_like_others():
    assert find_units("\ud800a\udc00") == [(1, 2, "latin")]
    assert find_units("😀\ud83d\ude00") == [(0, 1, "emoji")]
