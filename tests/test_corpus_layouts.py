"""Corpora of other layouts: read for their words where they are certain, and refused where they are not."""

from __future__ import annotations

import logging

import pytest

from cws.corpus import read_segmented
from cws.errors import CorpusError
from cws.tags import BI, SBME

SENTENCES = [
    ["今天", "天气", "真", "好", "。"],
    ["我们", "去", "北京", "大学", "吧", "，", "好", "吗", "？"],
    ["他", "来到", "了", "网易", "杭研大厦", "。"],
    ["她", "喜欢", "研究", "生命", "的", "起源", "。"],
] * 3


def columns(scheme, sep, label="", extra=""):
    def rows(words):
        characters = zip("".join(words), scheme.words_to_tags(words), strict=True)
        return "".join(f"{one}{sep}{extra}{scheme.names[tag]}{label}\n" for one, tag in characters)

    return "\n".join(map(rows, SENTENCES))


def tagged(separator, tags="vndw"):
    items = [[f"{word}{separator}{tags[len(word) % len(tags)]}" for word in words] for words in SENTENCES]
    return "\n".join(map(" ".join, items))


def characters_in_a_line(separator):
    lines = []
    for words in SENTENCES:
        pairs = zip("".join(words), SBME.words_to_tags(words), strict=True)
        lines.append(" ".join(f"{one}{separator}{SBME.names[tag]}" for one, tag in pairs))
    return "\n".join(lines)


def conllu():
    blocks = []
    for words in SENTENCES:
        rows = [f"{at}\t{word}\t_\tNOUN\t_\t_\t0\t_\t_\t_" for at, word in enumerate(words, 1)]
        rows.insert(1, f"1-2\t{words[0]}{words[1]}\t_\t_\t_\t_\t_\t_\t_\t_")
        blocks.append("\n".join(["# text = " + "".join(words), *rows]))
    return "\n\n".join(blocks) + "\n"


CERTAIN = {
    "slash": (tagged("/"), "the words have tags, such as 今天/d: the tags are dropped"),
    "underscore": (tagged("_", ["NN", "VV", "AD", "PU"]), "the words have tags"),
    "bar": (tagged("|"), "the words have tags"),
    "number sign": (tagged("#"), "the words have tags"),
    "full-width slash": (tagged("／"), "the words have tags"),
    "Chinese tags": (tagged("/", ["名词", "动词", "形容词"]), "the words have tags"),
    "paragraph numbers": (
        "\n".join(f"19980101-01-001-{at:03}/m  {line}" for at, line in enumerate(tagged("/").split("\n"))),
        "the words have tags",
    ),
    "brackets": (tagged("/").replace("北京/d 大学/d", "[北京/ns 大学/n]nt"), "the words have tags"),
    "BMES, tab": (columns(SBME, "\t"), "a character and its tag a line, such as '今 B'"),
    "BMES, blank": (columns(SBME, " "), "a character and its tag a line"),
    "BMES and more columns": (columns(SBME, "\t", extra="CN\t"), "a character and its tag a line"),
    "BMES with labels": (columns(SBME, "\t", label="-NN"), "a character and its tag a line"),
    "bmes": (columns(SBME, "\t").lower(), "a character and its tag a line"),
    "BIES": (columns(SBME, "\t").replace("M", "I"), "a character and its tag a line"),
    "BI": (columns(BI, "\t"), "a character and its tag a line"),
    "BMES in a line": (characters_in_a_line("/"), "these are characters with tags, such as 今/B"),
    "CoNLL-U": (conllu(), "this is CoNLL"),
    "words in columns": (
        "\n\n".join("\n".join(f"{word}\tNN" for word in words) for words in SENTENCES),
        "a word and its tag a line",
    ),
}


@pytest.mark.parametrize(("content", "note"), CERTAIN.values(), ids=CERTAIN)
def test_corpus_layouts_that_are_certain_are_read_and_said(tmp_path, caplog, content, note):
    (tmp_path / "a.txt").write_text(content, encoding="utf-8")
    with caplog.at_level(logging.WARNING, "cws"):
        assert list(read_segmented(tmp_path / "a.txt")) == SENTENCES
    (record,) = caplog.records
    assert f"a.txt:{2 if content.startswith('#') else 1}: {note}" in record.getMessage()


def test_corpus_of_plain_words_is_read_without_a_word(tmp_path, caplog):
    (tmp_path / "a.txt").write_text("\n".join(map(" ".join, SENTENCES)), encoding="utf-8")
    assert list(read_segmented(tmp_path / "a.txt")) == SENTENCES
    assert not caplog.records


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (columns(SBME, "\t").replace("S", "O"), "a.txt:1: a character and a tag a line, such as '今 B', but the tags"),
        (columns(SBME, "\t", label="\t9"), "a.txt:1: a character and a tag a line"),
        ("".join(f"{word}\t{at}\n" for at, words in enumerate(SENTENCES) for word in words if len(word) > 1),
         "a.txt:1: this looks like a word list, with lines such as '今天 0': give it by --lexicon"),
        (tagged("/") + "\n今天/d 天气\n", "a.txt:13: expected word/tag, as in the lines before, got '天气'"),
        (characters_in_a_line("/") + "\n今/B 天/X\n", "a.txt:13: expected a tag such as B, M, E, S, .* got 'X'"),
        (columns(SBME, "\t") + "\n今\tB\n天\n", r"a.txt:\d+: expected a character and its tag, got '天'"),
        (columns(SBME, "\t") + "\n今\tB\n天\tO\n", r"a.txt:\d+: expected a tag such as B, M, E, S, .* got 'O'"),
        (conllu() + "\n1\t今天\n", r"a.txt:\d+: expected columns of CoNLL, as in the lines before, got '1\\t今天'"),
        ("今天 天气 真 好\n" + tagged("/"), "a.txt:2: the words have tags, such as 今天/d: take /tag away"),
    ],
)  # fmt: skip
def test_corpus_layouts_that_spell_no_words_are_refused(tmp_path, content, message):
    (tmp_path / "a.txt").write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=message):
        list(read_segmented(tmp_path / "a.txt"))
