"""Text that is not segmented is refused, by its file and by itself."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import segmented_sentences
from test_corpus_layouts import SENTENCES

from cws.corpus import check_sentences, cut_sentences, read_segmented
from cws.errors import CorpusError, InputError
from cws.text import is_written, split_words
from cws.training.hmm import train_hmm
from cws.training.linear import train_linear

PLAIN = "\n".join(map(" ".join, SENTENCES))
LINES = ["".join(words) for words in SENTENCES]
LONG = ["今天天气真好我们去北京大学吧好吗"]
UNSEGMENTED = {
    "lines": ("\n".join(LINES), "this is not segmented: 12 of 12 lines are one word"),
    "two lines": ("今天天气真好我们去公园吧也叫上他们\n他来到了网易杭研大厦\n", "this is not segmented: 2 of 2 lines"),
    "one line": ("".join(LINES), "this is not segmented: this is one word"),
    "blanks at punctuation": (
        "\n".join(LINES).replace("。", " 。").replace("，", " ， ").replace("？", " ？"),
        "this is not segmented: words have 7.2 Han characters on average",
    ),
    "one word a line": ("\n".join(map("\n".join, SENTENCES)), "this is not segmented: .*a word list goes to --lexicon"),
    "slashes": ("\n".join(map("/".join, SENTENCES)), "this is not segmented: .*do '/' separate them"),
    "zero width": ("\n".join(map("\u200b".join, SENTENCES)), "this is not segmented: .*do '.u200b' separate them"),
    "a third": (PLAIN + "\n" + "\n".join(LONG * 6), "a part of this is not segmented: 6 of 18 lines"),
    "characters": ("\n".join(map(" ".join, LINES)), "this is cut into characters, not words"),
    "HTML": ("\n".join(f"<p>{line}</p>" for line in PLAIN.split("\n")), "this is HTML or XML, not segmented text"),
    "JSON lines": ("\n".join(json.dumps({"text": line}) for line in LINES), "this is JSON, not segmented text"),
    "JSON": (json.dumps(PLAIN.split("\n"), ensure_ascii=False, indent=1), "this is JSON, not segmented text"),
    "UTF-8 as Latin-1": (PLAIN.encode().decode("latin-1"), "this looks like utf-8 read as latin-1: .*convert the orig"),
    "GBK as Latin-1": (PLAIN.encode("gbk").decode("latin-1"), "this looks like gb18030 read as latin-1"),
}


@pytest.mark.parametrize(("content", "message"), UNSEGMENTED.values(), ids=UNSEGMENTED)
def test_corpus_that_is_not_segmented_is_refused_with_its_place(tmp_path, content, message):
    (tmp_path / "a.txt").write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=rf"a\.txt:\d+: {message}"):
        list(read_segmented(tmp_path / "a.txt"))


def test_corpus_that_is_not_segmented_is_read_with_a_warning_where_that_is_asked_for(tmp_path, caplog):
    (tmp_path / "a.txt").write_text("\n".join(LINES), encoding="utf-8")
    with caplog.at_level(logging.WARNING, "cws"):
        assert list(read_segmented(tmp_path / "a.txt", strict=False)) == [[line] for line in LINES]
    assert "a.txt:1: this is not segmented" in caplog.text


def test_corpus_in_another_encoding_that_has_these_bytes_too(tmp_path, caplog):
    (tmp_path / "a.txt").write_bytes(PLAIN.encode("big5", "ignore") * 3)
    with pytest.raises(CorpusError, match="a.txt:1: this looks like big5 read as latin-1: try --encoding big5"):
        list(read_segmented(tmp_path / "a.txt", encoding="latin-1"))
    assert list(read_segmented(tmp_path / "a.txt", encoding="gb18030", errors="replace"))
    assert "a.txt:1: this looks like big5 read as gb18030: try --encoding big5" in caplog.text


def test_corpus_with_a_few_lines_in_one_word_is_read_with_a_warning(tmp_path, caplog):
    (tmp_path / "a.txt").write_text("\n".join([*[PLAIN] * 8, *LONG * 3]), encoding="utf-8")
    assert len(list(read_segmented(tmp_path / "a.txt"))) == 8 * 12 + 3
    assert "a part of this is not segmented: 3 of 99 lines are one word of more than 12 characters" in caplog.text


@given(sentences=st.lists(segmented_sentences(), max_size=5))
def test_corpus_check_takes_few_sentences_of_any_words(sentences):
    check_sentences(sentences)


@pytest.mark.parametrize(
    ("sentences", "message"),
    [
        ([[line] for line in LINES], "training sentence 1: this is not segmented"),
        ([list(line) for line in LINES], "training sentence 1: this is cut into characters"),
        ([[f"{word}/n" for word in words] for words in SENTENCES], "training sentence 1: the words have tags, such as"),
    ],
)
def test_training_from_python_refuses_what_is_not_segmented(tmp_path, sentences, message):
    for train in (lambda: train_linear(sentences, None, [], tmp_path), lambda: train_hmm(sentences, tmp_path)):
        with pytest.raises(InputError, match=message):
            train()
    with pytest.raises(InputError, match=message.replace("training", "dev")):
        train_linear(SENTENCES, sentences, [], tmp_path)
    assert not list(tmp_path.iterdir())


def test_corpus_in_one_line_is_cut_after_the_marks_that_end_sentences():
    text = [word for words in SENTENCES for word in words]
    assert cut_sentences([text]) == SENTENCES
    assert cut_sentences([text, ["好"]]) == [text, ["好"]]
    assert cut_sentences([text * 40, ["好"]]) == [*SENTENCES * 40, ["好"]]
    assert cut_sentences([["“", "好", "！", "？", "”", "他", "说"]]) == [["“", "好", "！", "？", "”"], ["他", "说"]]
    assert cut_sentences([]) == []


def test_corpus_control_characters_are_words_of_their_own():
    assert split_words("今\0天\x1b\x7f好 \x85真\x0c\u2028的\xa0") == ["今", "\0", "天", "\x1b\x7f", "好", "真", "的"]
    assert [word for word in ["今", "\0", "\x1b\x7f", " ", "\0 ", "a\0"] if is_written(word)] == ["今", "a\0"]
