"""The sentences written for this project: marks, words with tags, and entities agree with each other."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from cws.corpora.formats import read_cluener

FOLDER = Path(__file__).parent.parent.parent / "corpora" / "sentences"
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the sentences are part of the source, not of the package")

# The tags of the People's Daily corpus of 1998 (PFR).
TAGS = frozenset(
    {
        *("a", "ad", "an", "b", "c", "d", "e", "f", "h", "i", "j", "k", "l", "m", "n", "nr", "ns", "nt", "nx", "nz"),
        *("o", "p", "q", "r", "s", "t", "u", "v", "vd", "vn", "w", "x", "y", "z"),
        *("Ag", "Bg", "Dg", "Mg", "Ng", "Rg", "Tg", "Vg", "Yg"),  # morphemes
    }
)
TYPES = {
    "address", "book", "company", "game", "government", "movie", "name", "organization", "position", "scene",
}  # fmt: skip


def rows(name: str) -> dict[str, str]:
    """The lines `id TAB text` of a file."""
    pairs = [line.split("\t") for line in (FOLDER / name).read_text("utf-8").splitlines()]
    assert all(len(pair) == 2 for pair in pairs)
    found = dict(pairs)
    assert len(found) == len(pairs), "an id is there twice"
    return found


def parse_marks(marked: str) -> tuple[str, list[str]]:
    """The text, and for each position inside it what is demanded: ' ' a cut, '' none, '¦' either."""
    # At a blank of the text nothing is demanded; it is a ␣ between two marks that demand a cut.
    characters = re.findall(r"([ ¦]?)([^ ¦])", marked)
    assert "".join(mark + character for mark, character in characters) == marked
    return "".join(character for _, character in characters), [mark for mark, _ in characters][1:]


def read_tagged_line(line: str) -> list[tuple[str, str]]:
    return [(word, tag) for word, _, tag in (item.rpartition("/") for item in line.split(" "))]


def test_sentences_are_a_thousand_with_marks():
    marks = rows("marks.txt")
    assert len(marks) == 1000
    for identifier, marked in marks.items():
        assert re.fullmatch(r"w[A-D]\d{3}", identifier)
        text, demanded = parse_marks(marked)
        assert demanded[:1] != [] or len(text) == 1, identifier
        assert marked == marked.strip()


def test_sentences_with_tags_are_every_fifth():
    assert list(rows("tagged.txt")) == list(rows("marks.txt"))[::5]
    assert len(rows("tagged.txt")) == 200


def test_sentences_with_tags_spell_the_text_and_agree_with_the_marks():
    marks = rows("marks.txt")
    for identifier, line in rows("tagged.txt").items():
        text, demanded = parse_marks(marks[identifier])
        words = [word for word, _ in read_tagged_line(line)]
        assert "".join(words) == text, identifier
        cuts = {len("".join(words[:count])) for count in range(1, len(words))}
        for at, mark in enumerate(demanded, 1):
            around = f"{identifier}: {text[max(0, at - 4) : at]}|{text[at : at + 4]}"
            assert not (mark == " " and at not in cuts), f"{around} must be cut"
            assert not (mark == "" and at in cuts), f"{around} must not be cut"


def test_sentences_have_tags_of_the_closed_list():
    for identifier, line in rows("tagged.txt").items():
        for word, tag in read_tagged_line(line):
            assert word and tag in TAGS, f"{identifier}: {word}/{tag}"


def test_sentences_have_entities_of_the_ten_types_that_end_where_words_end():
    tagged = rows("tagged.txt")
    lines = (FOLDER / "entities.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["id"] for record in records] == list(tagged)
    for record, (text, entities) in zip(records, read_cluener(lines, "entities.jsonl"), strict=True):
        words = [word for word, _ in read_tagged_line(tagged[record["id"]])]
        assert text == "".join(words).replace("␣", " ")
        ends = {len("".join(words[:count])) for count in range(len(words) + 1)}
        assert record["label"].keys() <= TYPES
        assert all({start, end} <= ends for start, end, _ in entities), record["id"]
        assert all(before[1] <= after[0] for before, after in pairwise(entities))


# What each tool says of a text, as words and as word/tag: in a process of its own, where nobody changed jieba's words.
TOOLS = """
import json, sys
import cws, jieba.posseg
segment = cws.load("pku", units=False).segment
for text in json.load(sys.stdin):
    print(json.dumps([segment(text), [f"{pair.word}/{pair.flag}" for pair in jieba.posseg.cut(text)]]))
"""


def stretch(text: str, at: int, end: int, words: list[str]) -> str:
    """The words that spell the text from `at` to `end`; tags do not count for the positions."""
    found, position = [], 0
    for word in words:
        plain = word.rpartition("/")[0] or word
        position = text.index(plain, position)  # cws leaves blanks out
        if at <= position < end:
            found.append(word)
        position += len(plain)
    return " ".join(found)


def test_sentences_of_the_table_are_what_the_hand_and_the_tools_say():
    tagged = rows("tagged.txt")
    readme = (FOLDER / "README.md").read_text("utf-8")
    table = re.findall(r"^\| (w[A-D]\d{3}) \| `(.+?)` \| `(.+?)` \| `(.+?)` \| .+ \|$", readme, re.MULTILINE)
    assert len(table) == 30
    hands = [[word for word, _ in read_tagged_line(tagged[identifier])] for identifier, *_ in table]
    texts = ["".join(words).replace("␣", " ") for words in hands]
    done = subprocess.run(
        [sys.executable, "-c", TOOLS], input=json.dumps(texts), capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(FOLDER.parent.parent)},
    )  # fmt: skip
    for (identifier, hand, pku, jieba), text, line in zip(table, texts, done.stdout.splitlines(), strict=True):
        assert f" {hand} " in f" {tagged[identifier]} ", identifier
        words = [word for word, _ in read_tagged_line(hand)]
        at = text.index("".join(words))
        of_pku, of_jieba = json.loads(line)
        assert stretch(text, at, at + len("".join(words)), of_pku) == pku != " ".join(words), identifier
        assert stretch(text, at, at + len("".join(words)), of_jieba) == jieba, identifier
        assert [word.rpartition("/")[0] for word in jieba.split()] != words, identifier
