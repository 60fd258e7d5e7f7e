from __future__ import annotations

import io
import lzma
import os
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import segmented_sentences

from cws.corpus import read_segmented, read_tagged, train_dev_split, write_segmented
from cws.errors import CorpusError, EncodingError, FileError, InputError


@pytest.fixture
def corpus(tmp_path):
    """Make a corpus file of the given bytes or text."""

    def make(content: str | bytes, name: str = "a.txt"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


def test_corpus_read_splits_at_white_space_and_skips_blank_lines(corpus):
    path = corpus("\ufeff他  来到\u3000了\t网易\r\n\n  \u3000 \n 杭研 \n大厦")
    assert list(read_segmented(path)) == [["他", "来到", "了", "网易"], ["杭研"], ["大厦"]]


def test_corpus_read_compressed_and_other_encodings(corpus):
    path = corpus(lzma.compress("他 来到".encode("gb18030")), "a.txt.xz")
    assert list(read_segmented(path, encoding="gb18030")) == [["他", "来到"]]


def test_corpus_read_stdin(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("他 来到\n".encode())))
    assert list(read_segmented("-")) == [["他", "来到"]]


def test_corpus_read_streams(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    keep = os.open(tmp_path / "pipe", os.O_RDWR)  # never closed while reading, so reading on would hang
    os.write(keep, "他 来到\n".encode())
    sentences = read_segmented(tmp_path / "pipe")
    assert next(sentences) == ["他", "来到"]
    sentences.close()
    os.close(keep)


@pytest.mark.parametrize("content", ["", "\n", " \u3000\n\t\n", "\ufeff"])
def test_corpus_without_a_sentence_is_an_error(corpus, content):
    with pytest.raises(CorpusError, match="a.txt: no sentence in this file: give a file with one sentence a line"):
        list(read_segmented(corpus(content)))


def test_corpus_invalid_bytes_have_a_place(corpus):
    with pytest.raises(EncodingError, match="a.txt:2:4: byte 0xff is not valid utf-8"):
        list(read_segmented(corpus("他\n".encode() + b"\xff")))


def test_corpus_invalid_bytes_can_be_replaced(corpus):
    assert list(read_segmented(corpus(b"a\xff b"), errors="replace")) == [["a\ufffd", "b"]]


def test_corpus_missing_file(tmp_path):
    with pytest.raises(FileError, match=r"none.txt: .*: check the path"):
        list(read_segmented(tmp_path / "none.txt"))


def test_corpus_read_tagged_takes_the_tag_after_the_last_slash(corpus):
    path = corpus("他/r 1/2/m //w\n\n了/u\n")
    assert list(read_tagged(path)) == [[("他", "r"), ("1/2", "m"), ("/", "w")], [("了", "u")]]


@pytest.mark.parametrize("item", ["来到", "来到/", "/v"])
def test_corpus_read_tagged_names_the_line_without_a_tag(corpus, item):
    with pytest.raises(CorpusError, match=f"a.txt:3: expected word/tag, got '{item}'"):
        list(read_tagged(corpus(f"他/r\n\n了/u {item}\n")))


@given(sentences=st.lists(segmented_sentences(), min_size=1, max_size=5))
def test_corpus_sentences_come_back(tmp_path_factory, sentences):
    path = tmp_path_factory.mktemp("corpus") / "a.txt"
    write_segmented(path, iter(sentences))
    assert list(read_segmented(path, strict=False)) == sentences  # of any words, so likely not segmented


def test_corpus_write_golden_bytes(tmp_path):
    write_segmented(tmp_path / "a.txt", [["他", "来到"], (), ("了",)])
    assert (tmp_path / "a.txt").read_bytes() == "他 来到\n\n了\n".encode()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["他", ""], "sentence 2: a word must not be empty or hold white space or a control character, got ''"),
        ([""], "sentence 2: a word must not be empty or hold white space or a control character, got ''"),
        (["他 来"], "sentence 2: a word must not be empty or hold white space or a control character, got '他 来'"),
        (["来\n"], r"sentence 2: a word must not be empty or hold white space or a control character, got '来\\n'"),
        (["\ud800"], r"sentence 2: '\\ud800' is no character, UTF-8 cannot hold it"),
    ],
)
def test_corpus_write_refuses_what_cannot_be_read_back(tmp_path, words, message):
    with pytest.raises(InputError, match=message):
        write_segmented(tmp_path / "a.txt", [["好"], words])
    assert os.listdir(tmp_path) == []


def test_corpus_write_to_a_full_disk():
    with pytest.raises(FileError, match="/dev/full: No space left on device"):
        write_segmented("/dev/full", [["好"]])


def test_corpus_split_is_the_same_for_ever():
    assert train_dev_split("abcdefghij", 0.3, seed=1) == (list("bcdefgh"), list("aij"))


@given(count=st.integers(2, 50), fraction=st.floats(0.001, 0.999), seed=st.integers(0, 5))
def test_corpus_split_parts_are_whole_and_in_order(count, fraction, seed):
    train, dev = train_dev_split(range(count), fraction, seed)
    assert sorted(train + dev) == list(range(count))
    assert (train, dev) == (sorted(train), sorted(dev))
    assert min(len(train), len(dev)) > 0
    assert abs(len(dev) - count * fraction) <= 1


@pytest.mark.parametrize(
    ("sentences", "fraction", "message"),
    [
        ("a", 0.5, "cannot split 1 sentences in two"),
        ("ab", 0, "dev_fraction must be between 0 and 1, got 0"),
        ("ab", 1.5, "dev_fraction must be between 0 and 1, got 1.5"),
        ("ab", float("nan"), "dev_fraction must be between 0 and 1, got nan"),
    ],
)
def test_corpus_split_refuses(sentences, fraction, message):
    with pytest.raises(InputError, match=message):
        train_dev_split(sentences, fraction)


@pytest.mark.corpora
def test_corpus_real_corpora_can_be_read(corpora):
    words = [[word for word, _ in pairs] for pairs in read_tagged(corpora / "pos" / "pku.train.txt")]
    assert words == list(read_segmented(corpora / "seg" / "pku.train.txt"))


def test_corpus_a_byte_order_mark_in_the_first_word_comes_back(tmp_path):
    write_segmented(tmp_path / "a", [["\ufeff"], ["\ufeff甲"]])
    assert list(read_segmented(tmp_path / "a")) == [["\ufeff"], ["\ufeff甲"]]
