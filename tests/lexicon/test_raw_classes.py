"""What raw text says of its n-grams, as classes."""

from __future__ import annotations

import lzma

import numpy as np
import pytest
from lexicon_texts import made_text

from cws.errors import CorpusError, FileError
from cws.lexicon import raw_classes as module
from cws.lexicon.raw_classes import LONGEST, raw_classes
from cws.training.ngram_classes import CLASSES


def write(path, lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def table_of(found):
    """The class of each n-gram."""
    return {
        "".join(map(chr, ngram)): int(number)
        for ngrams, classes in found
        for ngram, number in zip(ngrams.tolist(), classes, strict=True)
    }


def between(word, count):
    """The word with another character on either side each time."""
    return [chr(0x5000 + at) + word + chr(0x6000 + at) for at in range(count)]


def test_raw_classes_worked_example(tmp_path):
    found = table_of(raw_classes([write(tmp_path / "raw.txt", between("甲乙", 20))]))
    # Entropies of log 20 = 3.0 nats on either side are the fourth of four classes, information of log 4 = 1.4 nats the
    # second of four, 20 is four times 5, the second of three.
    assert found == {"甲乙": 1 + ((3 * 4 + 3) * 4 + 1) * 3 + 1}


def test_raw_classes_tell_free_and_bound_sides_apart(tmp_path):
    lines = [chr(0x5000 + at) + "甲乙丙" + chr(0x6000 + at) for at in range(40)]
    found = table_of(raw_classes([write(tmp_path / "raw.txt", lines)]))
    assert found.keys() == {"甲乙", "乙丙", "甲乙丙"}
    sides = {word: divmod((number - 1) // 12, 4) for word, number in found.items()}
    assert sides == {"甲乙": (3, 0), "乙丙": (0, 3), "甲乙丙": (3, 3)}


@pytest.mark.parametrize(("characters", "expected"), [(16, {"甲乙": 184}), (4, {})])
def test_raw_classes_ask_more_of_long_text(tmp_path, monkeypatch, characters, expected):
    # 80 characters: the least count is 5 + 80 // 16 = 10, or 25
    monkeypatch.setattr(module, "_CHARACTERS_A_COUNT", characters)
    assert table_of(raw_classes([write(tmp_path / "raw.txt", between("甲乙", 20))])) == expected


def test_raw_classes_are_counted_from_one_to_the_most(tmp_path):
    lines, _ = made_text(300)
    found = raw_classes([write(tmp_path / "raw.txt", lines)])
    assert [ngrams.shape[1] for ngrams, _ in found] == [*range(2, LONGEST + 1)]
    text = "\n".join(lines)
    for ngrams, classes in found:
        assert len(ngrams) == len(classes) > 0
        assert classes.dtype == np.uint16 and classes.min() >= 1 and classes.max() <= CLASSES
    for word in list(table_of(found))[::20]:
        overlapping = sum(text.startswith(word, at) for at in range(len(text)))
        assert overlapping >= 5
    assert len(set(table_of(found).values())) > 10


def test_raw_classes_are_those_of_all_files(tmp_path):
    lines, _ = made_text(100)
    whole = write(tmp_path / "raw.txt", lines)
    first, second = write(tmp_path / "first.txt", lines[:30]), tmp_path / "second.txt.xz"
    second.write_bytes(lzma.compress("\n".join(lines[30:]).encode("gb18030")))
    first.write_bytes("\n".join(lines[:30]).encode("gb18030"))
    assert table_of(raw_classes([second, first], encoding="gb18030")) == table_of(raw_classes([whole]))


@pytest.mark.parametrize("content", ["", "\n\n", "nothing but English, 123\n" * 10])
def test_raw_classes_refuse_text_without_chinese_characters(tmp_path, content):
    path = tmp_path / "raw.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"raw\.txt: no Chinese character in the raw text: give Chinese text, in the"):
        raw_classes([path])


def test_raw_classes_refuse_missing_files(tmp_path):
    with pytest.raises(FileError, match="No such file"):
        raw_classes([tmp_path / "missing.txt"])
