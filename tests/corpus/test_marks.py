"""The format of readers' marks."""

from __future__ import annotations

import lzma
import pickle
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import COMMON

from cws.corpus import parse_marks, read_marks
from cws.corpus.marks import CUT, JOIN, OPEN, has_marks
from cws.errors import CorpusError, EncodingError, FileError, InputError

OWN = Path(__file__).parents[2] / "corpora" / "sentences" / "marks.txt"
SIGNS = {JOIN: "", CUT: " ", OPEN: "¦"}


@pytest.fixture
def marks(tmp_path):
    """Make a file of marks of the given bytes or text."""

    def make(content: str | bytes, name: str = "marks.txt"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


def test_marks_worked_example():
    sentence = parse_marks("我 用¦过 app", "a1")
    assert (sentence.name, sentence.text, sentence.demanded_words) == ("a1", "我用过app", 3)
    assert sentence.places == bytes([CUT, OPEN, CUT, JOIN, JOIN])


def test_marks_beside_a_blank_of_the_text_nothing_is_demanded():
    sentence = parse_marks("用 ␣ app␣␣好")
    assert sentence.text == "用 app  好"
    assert sentence.places == bytes([OPEN, OPEN, JOIN, JOIN, OPEN, OPEN, OPEN])
    assert sentence.demanded_words == 3  # the marks say so, and figures of all files are made in this way


def test_marks_other_white_space_is_of_the_text_too():
    assert parse_marks("他\u3000来").places == bytes([OPEN, OPEN])
    assert parse_marks("他\t来").text == "他\t来"


def test_marks_written_twice_at_one_place_are_one():
    assert parse_marks("他  来¦¦到") == parse_marks("他 来¦到")


def test_marks_of_one_character():
    assert (parse_marks("好").places, parse_marks("好").demanded_words) == (b"", 1)


@pytest.mark.parametrize("marked", ["", " ", "␣", " ¦ ", "␣ ␣"])
def test_marks_of_nothing_are_refused(marked):
    with pytest.raises(InputError, match="the sentence is empty: expected characters with marks between them"):
        parse_marks(marked)


@pytest.mark.parametrize("marked", [" 他来", "¦他来", "他来 ", "他来¦"])
def test_marks_at_an_end_are_refused(marked):
    with pytest.raises(InputError, match=f"between two characters, got {marked[0]!r} first and {marked[-1]!r} last"):
        parse_marks(marked)


@pytest.mark.parametrize("marked", ["他 ¦来", "他¦ 来"])
def test_marks_that_contradict_each_other_are_refused(marked):
    with pytest.raises(InputError, match="got both marks before '来': take one away"):
        parse_marks(marked)


@given(st.lists(st.tuples(st.sampled_from(COMMON + "a "), st.sampled_from(list(SIGNS))), min_size=1, max_size=20))
def test_marks_written_are_read_again(pairs):
    text = "".join(character for character, _ in pairs)
    signs = [SIGNS[mark] for _, mark in pairs[:-1]] + [""]
    marked = "".join(character + sign for character, sign in zip(text.replace(" ", "␣"), signs, strict=True))
    if text.isspace():
        return
    sentence = parse_marks(marked)
    wanted = [OPEN if " " in two else mark for two, (_, mark) in zip(pairwise(text), pairs[:-1], strict=True)]
    assert (sentence.text, list(sentence.places)) == (text, wanted)
    assert sentence.demanded_words == signs.count(" ") + 1


def test_marks_read_skips_blank_lines_and_takes_either_line_end(marks):
    path = marks("\ufeffa\t他 来\r\n\n \t \nb\t好")
    assert [(one.name, one.text, one.places) for one in read_marks(path)] == [("a", "他来", b"\1"), ("b", "好", b"")]


def test_marks_read_compressed_and_other_encodings(marks):
    path = marks(lzma.compress("a\t他 来".encode("gb18030")), "marks.txt.xz")
    assert [one.text for one in read_marks(path, encoding="gb18030")] == ["他来"]


def test_marks_sentences_pickle(marks):
    sentences = list(read_marks(marks("a\t他 来")))
    assert pickle.loads(pickle.dumps(sentences)) == sentences


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\t好\n他 来\n", r"marks\.txt:2: expected id TAB marked sentence, got no tab in '他 来'"),
        ("a\t\n", r"marks\.txt:1: the sentence is empty"),
        ("\na\t他 \n", r"marks\.txt:2: a mark stands between two characters"),
        ("a\t他 ¦来", r"marks\.txt:1: a cut must be there or may be"),
        ("\n\n", r"marks\.txt: no sentence in this file: give one a line"),
    ],
)
def test_marks_read_refuses_what_is_none(marks, content, message):
    with pytest.raises(CorpusError, match=message):
        list(read_marks(marks(content)))


def test_marks_read_refuses_invalid_bytes(marks):
    with pytest.raises(EncodingError, match=r"marks\.txt:1:2: "):
        list(read_marks(marks(b"a\t\xff")))
    assert [one.text for one in read_marks(marks(b"a\t\xff"), errors="replace")] == ["\ufffd"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a\t他 来¦到\nb\t好\n", True),
        ("\n \na\t好\nb\t用␣app\n", True),
        ("a\t他 来 到\nb\t好\n", False),  # nothing that only marks have
        ("a\t他¦来\n他 来\n", False),  # a line without a tab
        ("他 来¦到\n", False),
        ("a¦b\t他 来 到\n", False),  # in an id
        ("今天/t 天气/n\n", False),
        ("今\tB\n天\tE\n", False),
        ("", False),
        ("a\t好\n" * 99 + "b\t他¦来\n", True),
        ("a\t好\n" * 100 + "b\t他¦来\n", False),  # too late
        ("a\t他¦来\n" * 100 + "b\n", True),
    ],
)
def test_marks_files_are_told_by_their_first_lines(marks, content, expected):
    assert has_marks(marks(content)) is expected


def test_marks_files_are_told_in_any_encoding(marks):
    path = marks(lzma.compress("a\t他␣来".encode("gb18030")), "marks.txt.xz")
    assert has_marks(path, encoding="gb18030")
    with pytest.raises(EncodingError, match=r"marks\.txt\.xz:1:2: "):
        has_marks(path)
    with pytest.raises(FileError, match="No such file"):
        has_marks(path.with_name("missing.txt"))


@pytest.mark.skipif(not OWN.exists(), reason="needs the source tree")
def test_marks_of_this_project_are_told():
    assert has_marks(OWN)


@pytest.mark.skipif(not OWN.exists(), reason="needs the source tree")
def test_marks_of_this_project_are_read():
    sentences = list(read_marks(OWN))
    assert len({sentence.name for sentence in sentences}) == len(sentences) == 1000
    assert all(len(sentence.places) == len(sentence.text) - 1 for sentence in sentences)
