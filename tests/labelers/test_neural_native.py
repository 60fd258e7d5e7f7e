from __future__ import annotations

import functools
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import all_paths
from strategies import COMMON, any_text

from cws._native import NativeDictionary, NeuralPredictor, WordTrie, lexicon_bits
from cws.errors import ModelError
from cws.labelers.alphabet import Alphabet
from cws.labelers.neural.layout import LIST_BITS, MAX_LISTS, MAX_WORD
from cws.labelers.neural.lexicon_features import TENSORS, LexiconFeatures, reference_bits
from cws.tags import SBME
from cws.user_dictionary.reference import FORCED

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from cws.crf import CRF  # noqa: E402
from cws.labelers.neural.encoders import BiLstm, BiLstmOptions, Cnn, CnnOptions  # noqa: E402
from cws.labelers.neural.features import Batch, FeatureOptions  # noqa: E402

ALPHABET = Alphabet.of([COMMON, "今天气真好去北京大学研究生命起源，。？1２aB"])
WORDS = ["今天", "天气", "北京", "北京大学", "大学", "研究", "研究生", "生命", "网易杭研大厦", "不认识", "一"]
LEXICON = LexiconFeatures.of(ALPHABET, [WORDS, ["起源", "生命"]])
TEXTS = ["今天北京的天气真好", "研究生命起源", "好", "丁丁丁", "北京大学研究生在网易杭研大厦", "我😀有１２本𠀀书"]

# kind, hidden size, dilations, sizes of characters and pairs, standards, word lists
MODELS = {
    "lstm": ("lstm", 16, (), 10, 6, 1, 2),
    "lstm of odd sizes": ("lstm", 13, (), 3, 5, 3, 5),
    "lstm of default size": ("lstm", 128, (), 64, 32, 2, 2),
    "cnn": ("cnn", 16, (1, 2), 10, 6, 1, 2),
    "cnn of odd sizes": ("cnn", 21, (3, 1, 40), 1, 3, 3, 3),
    "cnn of default size": ("cnn", 128, (1, 2, 4), 64, 32, 2, 2),
}


class Module(nn.Module):
    """What a model file holds the parameters of."""

    def __init__(self, kind, hidden, dilations, character_size, pair_size, standards, word_lists):
        super().__init__()
        features = FeatureOptions(len(ALPHABET.types), character_size, pair_size, standards, word_lists)
        lstm = kind == "lstm"
        self.encoder = BiLstm(BiLstmOptions(features, hidden)) if lstm else Cnn(CnnOptions(features, hidden, dilations))
        self.output = nn.Linear(self.encoder.size, 4)
        self.crf = CRF(4)


@functools.cache
def module(name):
    torch.manual_seed(len(name))
    made = Module(*MODELS[name]).eval()
    for parameter in made.parameters():
        if parameter.abs().max() == 0:  # biases and standards
            nn.init.normal_(parameter, std=0.1)
    return made


def tensors(name):
    weights = {key: value.numpy() for key, value in module(name).state_dict().items()}
    return {**weights, **LEXICON.tensors(), "characters": ALPHABET.characters}


def open_native(name, tensors, standard=0, integers=False):
    return NeuralPredictor(tensors, MODELS[name][2], standard, integers, MODELS[name][6])


@functools.cache
def native(name, integers=False, standard=0):
    return open_native(name, tensors(name), standard, integers)


def sequences(text):
    """The texts between white space and control characters."""
    return "".join(" " if one.isspace() or ord(one) < 32 or 127 <= ord(one) < 160 else one for one in text).split()


def expected_emissions(name, texts, standard=0):
    codes = [ALPHABET.encode(text) for text in texts]
    words = LEXICON.words()
    bits = [np.array(reference_bits(words, one.tolist())) for one in codes]
    batch = Batch.of([one.astype(np.int64) for one in codes], bits, [standard] * len(texts))
    with torch.no_grad():
        return module(name).output(module(name).encoder(batch)).numpy()


def emissions(segmenter, text):
    return np.concatenate([np.array(rows, np.float32).reshape(-1, 4) for _, rows in segmenter.emissions(text)])


def long_text(size, seed):
    return "".join(np.random.default_rng(seed).choice(list(COMMON + "今天气真好丁😀"), size))


@pytest.mark.parametrize("integers", [False, True], ids=["floats", "integers"])
@pytest.mark.parametrize("name", MODELS)
def test_neural_emissions_equal_those_of_torch(name, integers):
    texts = [*TEXTS, *(long_text(size, size) for size in (1, 2, 3, 5, 40, 41, 300, 1024))]
    got = emissions(native(name, integers), "\n".join(texts))
    assert got == pytest.approx(expected_emissions(name, texts), abs=1e-3 if integers else 1e-4)


@pytest.mark.parametrize("name", ["lstm of odd sizes", "cnn of odd sizes"])
def test_neural_standard_is_added(name):
    for standard in range(3):
        got = emissions(native(name, standard=standard), TEXTS[0])
        assert got == pytest.approx(expected_emissions(name, TEXTS[:1], standard), abs=1e-4)
    with pytest.raises(ValueError, match="expected a standard from 0 to 2, got 3"):
        native(name, standard=3)


@settings(max_examples=30, deadline=None)
@given(text=any_text(), name=st.sampled_from(["lstm", "cnn"]))
def test_neural_emissions_of_any_text(text, name):
    if parts := sequences(text):
        assert emissions(native(name), text) == pytest.approx(expected_emissions(name, parts), abs=1e-4)
    else:
        assert native(name).emissions(text) == []


@pytest.mark.parametrize("integers", [False, True], ids=["floats", "integers"])
@pytest.mark.parametrize("name", ["lstm of default size", "cnn of default size"])
def test_neural_emissions_are_batch_invariant(name, integers):
    texts = [long_text(size, size) for size in [*range(1, 60), 200, 700, 1024]]
    segmenter = native(name, integers)
    alone = [emissions(segmenter, text) for text in texts]
    order = np.random.default_rng(1).permutation(len(texts))
    for some in (order, order[::-1], order[:7], order[:5]):
        together = emissions(segmenter, "\n".join(texts[i] for i in some))
        assert (together == np.concatenate([alone[i] for i in some])).all()


@pytest.mark.parametrize("name", ["lstm", "cnn"])
def test_neural_batches_are_the_same_for_any_threads(name):
    segmenter = native(name)
    texts = [long_text(size % 90, size) for size in range(300)] + [" a \n", "\n\n", "", " ", "好\n ", "\n 好"]
    expected = [segmenter.segment(text) for text in texts]
    for threads in (1, 2, 3):
        assert segmenter.segment_batch(texts, threads) == expected


@settings(max_examples=50, deadline=None)
@given(texts=st.lists(any_text(), max_size=6), name=st.sampled_from(["lstm", "cnn"]))
def test_neural_words_are_the_text(texts, name):
    segmenter = native(name)
    expected = [segmenter.segment(text) for text in texts]
    assert ["".join(words) for words in expected] == texts
    assert segmenter.segment_batch(texts, 2) == expected
    for text in texts:
        assert [text[start:end] for start, end, *_ in segmenter.tokens(text)] == segmenter.segment(text)


@pytest.mark.parametrize("has_crf", [False, True])
@pytest.mark.parametrize("name", ["lstm", "cnn"])
def test_neural_words_are_those_of_the_best_of_all_paths(name, has_crf):
    whole = {key: value for key, value in tensors(name).items() if has_crf or not key.startswith("crf.")}
    segmenter = open_native(name, whole)
    none = {"transitions": np.zeros((4, 4)), "start_transitions": np.zeros(4), "end_transitions": np.zeros(4)}
    transitions, start, end = (whole.get(f"crf.{key}", zeros) for key, zeros in none.items())
    for text in (one for one in TEXTS if len(one) < 10):
        rows = emissions(segmenter, text)
        scores = {}
        for path in all_paths(SBME, len(text)):
            steps = sum(transitions[pair] for pair in pairwise(path))
            own = sum(row[tag] for row, tag in zip(rows, path, strict=True))
            scores[path] = float(start[path[0]] + steps + end[path[-1]] + own)
        best = sorted(scores.values(), reverse=True)
        words = segmenter.segment(text)
        assert scores[tuple(SBME.words_to_tags(words))] == pytest.approx(best[0])
        assert [score for score, _ in segmenter.nbest(text, 3)] == pytest.approx(best[:3], abs=1e-4)
        whole_sum = sum(map(math.exp, scores.values()))
        for first, last, _, probability, _ in segmenter.tokens(text):
            tags = SBME.words_to_tags([text[first:last]])
            here = sum(math.exp(score) for path, score in scores.items() if bytes(path[first:last]) == tags)
            assert probability == pytest.approx(here / whole_sum, abs=1e-5)


@pytest.mark.parametrize("name", ["lstm", "cnn"])
def test_neural_user_dictionary(name):
    segmenter = open_native(name, tensors(name))
    texts = [TEXTS[0], "好 的天气\n"]
    dictionary = NativeDictionary.build([("的天气", FORCED, "weather")], b"")
    segmenter.set_dictionary(dictionary)
    assert all("的天气" in segmenter.segment(text) for text in texts)
    assert segmenter.segment_batch(texts, 2) == [segmenter.segment(text) for text in texts]
    assert (4, 7, "weather", 1.0, "word") in segmenter.tokens(TEXTS[0])


# Hostile tensors


@pytest.mark.parametrize("name", ["lstm", "cnn"])
def test_neural_tensor_that_lacks_is_an_error(name):
    whole = tensors(name)
    for missing in whole:
        if missing in ("crf.transitions", "crf.start_transitions", "crf.end_transitions", *TENSORS):
            continue
        with pytest.raises(ValueError, match=f"expected a tensor {missing}"):
            open_native(name, {k: v for k, v in whole.items() if k != missing})


@pytest.mark.parametrize("integers", [False, True], ids=["floats", "integers"])
@pytest.mark.parametrize("name", ["lstm", "cnn"])
def test_neural_tensor_of_another_size_is_an_error(name, integers):
    whole = tensors(name)
    for key, value in whole.items():
        flat = np.ascontiguousarray(value).reshape(-1)
        for wrong in (flat[:-1], flat[:0], np.concatenate([flat, flat[:1]])):
            with pytest.raises(ValueError, match=r"expected|fit no size|must"):
                open_native(name, {**whole, key: wrong}, 0, integers)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 3e4])
@pytest.mark.parametrize("name", ["lstm", "cnn"])
def test_neural_weight_beyond_the_limit_is_an_error(name, wrong):
    whole = tensors(name)
    for key, value in whole.items():
        if value.dtype == np.float32:
            bad = value.copy()
            bad.reshape(-1)[-1] = wrong
            with pytest.raises(ValueError, match=f"{key}: expected numbers from -10000 to 10000"):
                open_native(name, {**whole, key: bad})


@pytest.mark.parametrize("integers", [False, True], ids=["floats", "integers"])
@pytest.mark.parametrize("name", ["lstm", "cnn"])
def test_neural_largest_weights_give_finite_scores(name, integers):
    whole = {
        key: np.where(value < 0, -1e4, 1e4).astype(np.float32) if value.dtype == np.float32 else value
        for key, value in tensors(name).items()
    }
    segmenter = open_native(name, whole, 0, integers)
    for text in TEXTS:
        assert np.isfinite(emissions(segmenter, text)).all()
        assert "".join(segmenter.segment(text)) == text
        assert segmenter.nbest(text, 2)


def test_neural_classes_out_of_range_are_an_error():
    for wrong in (0, len(ALPHABET.types)):
        characters = ALPHABET.characters.copy()
        characters[77] = wrong
        with pytest.raises(ValueError, match=f"characters: expected classes from 1 to .*, got {wrong}"):
            open_native("lstm", {**tensors("lstm"), "characters": characters})


def test_neural_numbers_of_another_type_are_an_error():
    with pytest.raises(ValueError, match="expected 32-bit floats"):
        open_native("lstm", {**tensors("lstm"), "output.bias": np.zeros(2)})


@pytest.mark.parametrize("dilation", [0, -1, 1025])
def test_neural_dilation_out_of_range_is_an_error(dilation):
    with pytest.raises(ValueError, match=f"expected dilations from 1 to 1024, got {dilation}"):
        NeuralPredictor(tensors("cnn"), [1, dilation], 0, False, 2)


# The lexicon


@settings(max_examples=200)
@given(
    words=st.dictionaries(
        st.lists(st.integers(9, 12), min_size=2, max_size=MAX_WORD).map(tuple), st.integers(0, 31), max_size=8
    ),
    sequences=st.lists(st.lists(st.integers(9, 13), max_size=20), max_size=4),
)
def test_lexicon_bits_equal_the_reference(words, sequences):
    trie = WordTrie.build(("".join(map(chr, word)), float(lists)) for word, lists in words.items())
    codes = np.array([code for one in sequences for code in one], np.uint16)
    got = lexicon_bits(trie, codes, np.array([len(one) for one in sequences], np.int64))
    assert got.tolist() == [bits for one in sequences for bits in reference_bits(words, one)]
    assert max(got.tolist(), default=0) < 1 << LIST_BITS * MAX_LISTS


@pytest.mark.parametrize("weight", [-1.0, 32.0, 1e300])
def test_lexicon_weights_that_are_no_lists_say_nothing(weight):
    trie = WordTrie.build([("\t\n", weight)])
    assert lexicon_bits(trie, np.array([9, 10], np.uint16), np.array([2])).tolist() == [0, 0]


def test_lexicon_says_which_lists_a_word_is_in():
    lists = LexiconFeatures.of(ALPHABET, [["今天"], ["今天", "天气"], [], [], ["北京"], ["大学"]]).words()
    spelled = {text: lists[tuple(ALPHABET.encode(text).tolist())] for text in ("今天", "天气", "北京", "大学")}
    assert spelled == {"今天": 0b11, "天气": 0b10, "北京": 0b10000, "大学": 0b10000}


def test_lexicon_words_are_folded_and_known():
    words = {"".join("?" if c < 9 else chr(c) for c in word) for word in LEXICON.words()}
    expected = {"".join(map(chr, ALPHABET.encode(word))) for word in WORDS if len(word) > 1 and word != "不认识"}
    assert words == expected | {"".join(map(chr, ALPHABET.encode("起源")))}


def test_lexicon_of_no_words(tmp_path):
    empty = LexiconFeatures.of(ALPHABET, [])
    assert len(empty) == 0
    codes = ALPHABET.encode(TEXTS[0])
    assert not empty.bits(codes, np.array([len(codes)])).any()
    segmenter = open_native("cnn", {**tensors("cnn"), **empty.tensors()})
    assert "".join(segmenter.segment(TEXTS[0])) == TEXTS[0]


def test_lexicon_is_the_same_from_tensors():
    views = {name: memoryview(array.tobytes()) for name, array in LEXICON.tensors().items()}
    assert LexiconFeatures.map(views).words() == LEXICON.words()
    with pytest.raises(ModelError, match="the lexicon"):
        LexiconFeatures.map({**views, "nodes": views["nodes"][:16]})


@pytest.mark.parametrize("lengths", [[3], [5], [-1, 5], [4, 1]])
def test_lexicon_bits_of_other_lengths_are_an_error(lengths):
    with pytest.raises(ValueError, match="expected lengths that add up to 4"):
        LEXICON.bits(np.arange(9, 13, dtype=np.uint16), np.array(lengths))
