from __future__ import annotations

import math
import struct
from itertools import accumulate, pairwise
from unicodedata import category

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_text, words

import cws
from cws.errors import InputError, ModelError
from cws.labelers.dictionary import make_dictionary, open_dictionary, word_trie, write_dictionary
from cws.lattice import TENSORS, WordTrie, best_path, edges, map_trie, trie_tensors
from cws.model_io import map_tensors, read_config, write_model
from cws.user_dictionary.reference import is_run_character
from cws.word_list import jieba_word_list

WORDS = {"研究": -7.0, "研究生": -9.0, "生命": -8.0, "命": -8.5, "起源": -7.5, "生": -6.0}
UNKNOWN = -20.0
# Integers, so that equal paths are equal; characters that the texts have, so that words are found.
weighted_words = st.dictionaries(
    st.text("研究生命", min_size=1, max_size=4), st.integers(-9, 0).map(float), max_size=12
)


def segmentations(text, words, unknown):
    """Every path of the lattice, as (score, lengths of the words)."""
    lattice = edges(text, words, unknown)
    paths = {len(text): [(0.0, [])]}
    for begin in reversed(range(len(text))):
        paths[begin] = [
            (weight + score, [end - begin, *lengths]) for end, weight in lattice[begin] for score, lengths in paths[end]
        ]
    return paths[0]


def tensors(words=WORDS):
    return {name: array.copy() for name, array in trie_tensors(WordTrie.build(words.items())).items()}


def nodes(arrays):
    """The nodes as a structured view, to be spoilt."""
    return arrays["nodes"].reshape(-1).view([("base", "<u4"), ("parent", "<u4"), ("weight", "<f8")])


@given(st.text("研究生命", max_size=7), weighted_words)
def test_best_path_is_the_best_of_all_segmentations(text, words):
    score, lengths = max(segmentations(text, words, -5.0))  # at a tie the longest first word, then second …
    ends = np.cumsum(lengths).tolist()
    assert best_path(text, words, -5.0) == (ends, score)
    assert WordTrie.build(words.items()).best_path(text, -5.0) == (ends, score)


@given(
    any_text(), st.dictionaries(st.text(min_size=1, max_size=4) | words(), st.floats(-30, 0), max_size=20), st.data()
)
def test_trie_finds_the_path_of_the_reference(text, words, data):
    for piece in data.draw(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 5)), max_size=8)):
        if part := text[piece[0] : piece[0] + piece[1]]:
            words[part] = data.draw(st.floats(-30, 0))
    trie = WordTrie.build(words.items())
    ends, score = best_path(text, words, -31.0)
    assert trie.best_path(text, -31.0) == (ends, score)
    assert trie.segment(text, -31.0) == [text[a:b] for a, b in pairwise([0, *ends])]


@given(st.dictionaries(any_text(1, 6), st.floats(allow_nan=False, allow_infinity=False), max_size=30))
def test_trie_holds_its_words(words):
    trie = WordTrie.build(words.items())
    assert dict(trie.items()) == words
    assert len(trie) == len(words)
    for word in [*words, *(word[:-1] for word in words), *(word + "研" for word in words)]:
        assert trie.get(word) == words.get(word)
        assert (word in trie) == (word in words)


def test_trie_takes_the_last_weight_of_a_word():
    assert WordTrie.build([("研究", -1.0), ("研究", -2.0)]).items() == [("研究", -2.0)]


def test_trie_without_words_cuts_everything():
    trie = WordTrie.build([])
    assert (len(trie), trie.items(), trie.get("研")) == (0, [], None)
    assert trie.best_path("研究 a", -1.0) == ([1, 2, 3, 4], -4.0)
    assert trie.best_path("", -1.0) == ([], 0.0)


def test_trie_of_one_character_in_every_word_of_a_large_alphabet():
    every = {chr(code): -float(code) for code in [*range(1, 0x11000), 0x10FFFF]}  # more classes than 16 bits hold
    assert dict(WordTrie.build(every.items()).items()) == every


@pytest.mark.parametrize("words", [[("", -1.0)], [("研", float("nan"))], [("研", float("-inf"))]])
def test_trie_refuses_what_is_no_weighted_word(words):
    with pytest.raises(ValueError, match="expected"):
        WordTrie.build(words)
    with pytest.raises(ValueError, match="finite"):
        WordTrie.build([]).best_path("研", float("nan"))


def test_trie_maps_from_a_file(tmp_path):
    made = {f"{a}{b}{c}": -1.0 for a in "一二三四五" for b in map(chr, range(0x4E00, 0x4E64)) for c in "甲乙丙丁"}
    write_model(tmp_path, {"kind": "toy"}, trie_tensors(WordTrie.build(made.items())), aligned="nodes")
    trie = map_trie(map_tensors(tmp_path, read_config(tmp_path), TENSORS))
    assert len(trie) == len(made)
    assert trie.best_path("一丁甲二丂乙", -9.0) == ([3, 6], -2.0)


SPOILS = {
    "base out of range": lambda a: nodes(a)["base"].__setitem__(0, len(nodes(a)) - 1),
    "base far out of range": lambda a: nodes(a)["base"].__setitem__(0, 0xFFFFFFFF),
    "parent out of range": lambda a: nodes(a)["parent"].__setitem__(slice(1, None), 0xFFFFFFF0),
    "parent out of reach": lambda a: nodes(a)["parent"].__setitem__(slice(1, None), 0),
    "a root with a parent": lambda a: nodes(a)["parent"].__setitem__(0, 0),
    "infinite weight": lambda a: nodes(a)["weight"].__setitem__(0, np.inf),
    "class out of range": lambda a: a["classes"].__setitem__((1, 0), 0xFFFFFFFF),
    "class beyond the last base": lambda a: a["classes"].__setitem__((1, 0), len(nodes(a))),
    "row out of range": lambda a: a["pages"].__setitem__(0, len(a["classes"])),
    "no rows": lambda a: a.update(classes=a["classes"][:0]),
    "no nodes": lambda a: a.update(nodes=a["nodes"][:0]),
    "fewer nodes": lambda a: a.update(nodes=a["nodes"][:-1]),
    "half a node": lambda a: a.update(nodes=a["nodes"].reshape(-1)[:-8]),
    "half a row": lambda a: a.update(classes=a["classes"].reshape(-1)[:-8]),
    "fewer pages": lambda a: a.update(pages=a["pages"][:-1]),
    "misaligned nodes": lambda a: a.update(nodes=np.zeros(33, np.uint8)[1:]),
    "not contiguous": lambda a: a.update(pages=np.zeros(2 * 0x1100, np.uint16)[::2]),
}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_map_trie_refuses_arrays_that_are_no_trie(spoil):
    arrays = tensors()
    spoil(arrays)
    with pytest.raises(ModelError, match="toy: .*damaged"):
        map_trie(arrays, "toy")


@given(st.lists(st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6))
def test_map_trie_refuses_or_survives_any_bytes(changes):
    arrays = tensors()
    used = np.flatnonzero(nodes(arrays)["parent"] != 0xFFFFFFFF)
    raw = arrays["nodes"].reshape(-1)
    for at, data in changes:  # in nodes that lead somewhere
        place = int(used[at % len(used)]) * 16 + at % 8
        raw[place : place + len(data)] = np.frombuffer(data, np.uint8)
    try:
        trie = map_trie(arrays)
    except ModelError:
        return
    text = "研究生命起源a\U0010ffff研究"
    assert trie.best_path(text, -9.0)[0][-1] == len(text)
    assert len(trie.items()) <= len(raw) // 16


def test_map_trie_survives_nodes_that_are_each_other_s_parents():
    arrays = tensors(dict.fromkeys("甲乙丙丁", -1.0))  # the root's children are the slots 1 to 4
    arrays["nodes"] = np.concatenate([arrays["nodes"], np.zeros((8, 16), np.uint8)])
    tree = nodes(arrays)
    tree["parent"][5:] = 0xFFFFFFFF
    tree["parent"][5:7] = 6, 5  # a cycle that the root does not reach
    tree["base"][5:7] = 5, 4
    trie = map_trie(arrays)
    assert sorted(trie.items()) == sorted((character, -1.0) for character in "甲乙丙丁")
    assert trie.best_path("甲乙戊", -3.0) == ([1, 2, 3], -5.0)


def test_dictionary_model_takes_jieba_s_list_by_default():
    assert make_dictionary().segment("他来到了网易大厦") == ["他", "来到", "了", "网易", "大厦"]
    assert len(word_trie()[0]) == len(jieba_word_list())


def test_dictionary_model_takes_words_without_counts():
    assert make_dictionary({"来到": None, "网易": 0}).segment("来到网易") == ["来到", "网易"]


def test_dictionary_model_finds_words_beyond_the_bmp():
    assert make_dictionary({"𠮷野家": 3, "野": 1}).segment("去𠮷野家") == ["去", "𠮷野家"]


def test_dictionary_model_keeps_runs_of_letters_and_digits_whole():
    segmenter = make_dictionary({"ces": 5, "AA制": 4, "5": 3, "研究": 2, "B": 1, "ＣＤ": 1})
    assert segmenter.segment("license研究AA制 AA 15B B") == ["license", "研究", "AA制", " ", "AA", " ", "15B", " ", "B"]
    assert segmenter.segment("iPhoneAA制５Ｇ研究ces") == ["iPhoneAA", "制", "５Ｇ", "研究", "ces"]
    assert [words for _, words in segmenter.nbest("ces研究5", 9)] == [["ces", "研究", "5"]]
    assert [token[3] for token in segmenter.tokens("ab研究12")] == pytest.approx([1, 1, 1])


def test_dictionary_model_makes_words_of_white_space():
    segment = make_dictionary({"研究": 1, "究 生": 1}).segment
    assert segment(" \t研究\r\n\n\x00生") == [" \t", "研究", "\r\n", "\n", "\0", "生"]


@pytest.mark.parametrize("counts", [{}, {"": 1}, {"研": -1}])
def test_dictionary_model_refuses_lists_without_words(counts):
    with pytest.raises(InputError, match="expected"):
        word_trie(counts)


@given(any_text(1) | st.text("研究生命", min_size=1, max_size=12), weighted_words)
def test_dictionary_model_takes_the_best_path(text, words):
    text = "".join(
        character for character in text if category(character)[0] not in "CZ" and not is_run_character(character)
    )
    counts = {word: int(weight) + 10 for word, weight in words.items()} or {"研": 1}
    trie, unknown = word_trie(counts)
    ends, _ = best_path(text, dict(trie.items()), unknown)
    assert make_dictionary(counts).segment(text) == [text[a:b] for a, b in pairwise([0, *ends])]


@given(st.text("研究生命", min_size=1, max_size=7), weighted_words)
def test_dictionary_model_knows_its_probabilities_and_n_best(text, words):
    counts = {word: int(weight) + 10 for word, weight in words.items()} or {"研": 1}
    segmenter = make_dictionary(counts)
    trie, unknown = word_trie(counts)
    paths = sorted(segmentations(text, dict(trie.items()), unknown), reverse=True)
    best = segmenter.nbest(text, 5)
    assert [score for score, _ in best] == pytest.approx([score for score, _ in paths[:5]])
    assert best[0][1] == segmenter.segment(text)
    total = sum(math.exp(score) for score, _ in paths)
    for start, end, label, probability, _ in segmenter.tokens(text):
        holding = [score for score, lengths in paths if (start, end) in spans(lengths)]
        assert label is None
        assert probability == pytest.approx(sum(map(math.exp, holding)) / total)


def spans(lengths):
    return set(pairwise([0, *accumulate(lengths)]))


def test_dictionary_model_comes_back_from_its_directory(tmp_path):
    write_dictionary(tmp_path, {"研究": 60, "研究生": 20, "生命": 40, "命": 10}, {"source": "toy"})
    segmenter = cws.load(tmp_path)
    assert segmenter.segment("研究生命") == ["研究", "生命"]
    assert segmenter.segment_batch(["研究", ""], threads=2) == [["研究"], []]
    assert [token.text for token in segmenter.tokens("研究 生命")] == ["研究", " ", "生命"]
    assert segmenter.config["source"] == "toy"


def test_dictionary_model_refuses_foreign_configs_and_files(tmp_path):
    with pytest.raises(InputError, match="unknown"):
        write_dictionary(tmp_path, {"研究": 60}, {"unknown": 1})
    write_dictionary(tmp_path, {"研究": 60})
    for wrong in ({"kind": "linear"}, {"unknown": float("nan")}, {"unknown": "1"}):
        with pytest.raises(ModelError, match="dictionary"):
            open_dictionary(tmp_path, {**read_config(tmp_path), **wrong})
    path = tmp_path / "weights.safetensors"
    data = path.read_bytes()
    begin = 8 + struct.unpack("<Q", data[:8])[0]
    path.write_bytes(data[:begin] + b"\xff" * (len(data) - begin))
    with pytest.raises(ModelError, match="damaged"):
        open_dictionary(tmp_path, read_config(tmp_path))
