from __future__ import annotations

import json
import math
import random
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from oracles import all_paths
from strategies import any_text, segmented_sentences

import cws
from cws import decode, model_io
from cws.corpus import read_segmented
from cws.errors import FileError, InputError, ModelError
from cws.labelers.alphabet import Alphabet
from cws.labelers.character_classes import FIRST_KNOWN, UNKNOWN
from cws.labelers.hmm import PAIRS, TENSORS, TRIPLES, legal_pairs, legal_triples, open_hmm
from cws.labelers.reference import hmm_emissions
from cws.metrics import score
from cws.tags import SBME, SCHEMES
from cws.text import HANZI, fold
from cws.training.baum_welch import reestimate
from cws.training.hmm import count_hmm, count_trigrams, jieba_hmm, train_hmm, write_hmm
from cws.training.hmm_options import HmmOptions

SENTENCES = [
    ["今天", "天气", "真", "好", "。"],
    ["我", "今天", "去", "北京", "大学", "。"],
    ["北京大学", "的", "天气", "好", "不", "好", "？"],
    ["他", "说", "：", "今天", "不", "去", "，", "明天", "去", "。"],
    ["研究生", "研究", "生命", "的", "起源", "。"],
    ["我", "有", "12", "本", "书", "和", "3", "支", "笔", "。"],
] * 3  # fmt: skip
TEXTS = ["今天北京的天气好", "研究生明天去大学说书", "我😀有１２本𠀀书\ud800", "好", "丁丁丁", "abc 今天\n\n不去 "]


@pytest.fixture(scope="module", params=[1, 2], ids=["order1", "order2"])
def order(request):
    return request.param


@pytest.fixture(scope="module")
def folder(order, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hmm") / "model"
    train_hmm(SENTENCES, folder, options=HmmOptions(order=order))
    return folder


@pytest.fixture(scope="module")
def tensors(folder, order):
    return model_io.map_tensors(folder, model_io.read_config(folder), TENSORS[order])


def sequences(text: str) -> list[str]:
    """The texts between white space and control characters."""
    return "".join(" " if character.isspace() or ord(character) < 32 else character for character in text).split()


@pytest.mark.parametrize("text", TEXTS)
def test_hmm_emissions_equal_the_reference(folder, order, tensors, text):
    expected = [hmm_emissions(tensors, order, part) for part in sequences(text)]
    got = [emissions for _, emissions in cws.load(folder).predictor.emissions(text)]
    assert got == [[float(one) for row in rows for one in row] for rows in expected]


@settings(max_examples=50)
@given(text=any_text())
def test_hmm_words_are_the_text(folder, text):
    segmenter = cws.load(folder)
    assert "".join(segmenter.segment(text)) == text
    assert "".join(token.text for token in segmenter.tokens(text)) == text


@pytest.mark.parametrize("text", [one for one in TEXTS if len(sequences(one)) == 1 and len(one) < 9])
def test_hmm_words_are_those_of_the_best_of_all_paths(folder, order, tensors, text):
    rows = hmm_emissions(tensors, order, text)
    scale = model_io.read_config(folder)["scale"]
    scores = {}
    for path in all_paths(SBME, len(text)):
        if order == 1:
            transitions, start, end = (tensors[name].cast("h") for name in ("transitions", "start", "end"))
            steps = sum(transitions[4 * a + b] for a, b in pairwise(path))
            total = start[path[0]] + steps + end[path[-1]] + sum(row[tag] for row, tag in zip(rows, path, strict=True))
        else:
            padded = (0, 0, *path)
            total = sum(row[TRIPLES.index(padded[i : i + 3])] for i, row in enumerate(rows))
        scores[path] = total
    best = max(scores.values())
    segmenter = cws.load(folder)
    words = segmenter.segment(text)
    assert scores[tuple(SBME.words_to_tags(words))] == best
    whole = math.log(sum(math.exp(scale * (one - best)) for one in scores.values()))
    (first, _), *_ = segmenter.nbest(text, 3)
    assert first == pytest.approx(scale * best)
    for token in segmenter.tokens(text):
        tags = SBME.words_to_tags([token.text])
        here = [s for path, s in scores.items() if bytes(path[token.start : token.end]) == tags]
        probability = sum(math.exp(scale * (one - best) - whole) for one in here)
        assert token.probability == pytest.approx(probability, abs=1e-5)


def test_hmm_order_1_has_the_probabilities_of_the_counts():
    hmm = count_hmm(SENTENCES)
    emissions, transitions = np.exp(hmm.emissions), np.exp(hmm.transitions)
    assert emissions.sum(axis=0) == pytest.approx(np.ones(4))
    assert transitions.sum(axis=1) + np.exp(hmm.end) == pytest.approx(np.ones(4))
    assert np.exp(hmm.start).sum() == pytest.approx(1)
    tags = [SBME.words_to_tags(words) for words in SENTENCES]
    steps = Counter(pair for one in tags for pair in pairwise(one))
    leaving = sum(n for (a, _), n in steps.items() if a == 0) + sum(one[-1] == 0 for one in tags)
    assert transitions[0, 1] == pytest.approx((steps[0, 1] + 1) / (leaving + 3))
    assert np.isneginf(hmm.transitions[~np.array(SBME.transitions_allowed)]).all()


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_hmm_order_1_counts_the_tags_of_any_scheme(scheme):
    hmm = count_hmm(SENTENCES, scheme)
    every_tag = np.ones(scheme.size)
    assert np.exp(hmm.emissions).sum(axis=0) == pytest.approx(every_tag)
    assert np.exp(hmm.transitions).sum(axis=1) + np.exp(hmm.end) == pytest.approx(every_tag)
    assert np.exp(hmm.start).sum() == pytest.approx(1)
    for logs, allowed in (
        (hmm.transitions, scheme.transitions_allowed), (hmm.start, scheme.start_allowed), (hmm.end, scheme.end_allowed)
    ):  # fmt: skip
        assert (np.isneginf(logs) == ~np.array(allowed)).all()


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_hmm_order_2_counts_the_tags_of_any_scheme(scheme):
    # Every character is in one place only, so its tag is certain, and so are its legal predecessors.
    sentences = [["甲乙丙丁戊", "己"]] * 20
    alphabet = Alphabet.of(map("".join, sentences))
    corpus = alphabet.encode_corpus(sentences, scheme)
    tensors = count_trigrams(alphabet.types, *corpus, scheme)
    triples = legal_triples(scheme)
    assert tensors["scores"].shape[1] == scheme.size
    assert tensors["bigram_scores"].shape[1] == len(legal_pairs(scheme))
    assert tensors["trigram_scores"].shape == (6, len(triples))
    gold = (0, 0, *scheme.words_to_tags(sentences[0]))
    best = {triples[at] for at in tensors["trigram_scores"].argmax(axis=1)}
    assert best == {tuple(gold[i : i + 3]) for i in range(6)}


def test_hmm_unknown_characters_are_rarer_than_known_ones():
    hmm = count_hmm(SENTENCES)
    assert (hmm.emissions[UNKNOWN + HANZI] < hmm.emissions[FIRST_KNOWN:].max(axis=0)).all()
    assert np.isfinite(hmm.emissions[UNKNOWN : UNKNOWN + 8]).all()


def test_hmm_order_2_interpolates_what_the_counts_say():
    # Every character in one word only: the trigram foretells all but the first characters.
    tensors, sentences = {}, [["甲乙丙丁"]] * 20
    from cws.training.hmm import _encode

    alphabet, *corpus = _encode(sentences)
    tensors = count_trigrams(alphabet.types, *corpus)
    assert tensors["bigram_scores"].shape == (5, 8)  # two edges, and four pairs with the edge
    assert tensors["trigram_scores"].shape == (4, 16)
    row = tensors["trigram_scores"][-1] if corpus[0][2] > corpus[0][1] else tensors["trigram_scores"]
    assert row.max() / 512 == pytest.approx(0, abs=0.2)  # nearly certain
    assert PAIRS[1] == (0, 1)


@settings(max_examples=25, deadline=None)
@given(sentences=segmented_sentences().flatmap(lambda one: segmented_sentences().map(lambda two: [one, two])))
def test_hmm_of_any_sentences_can_be_trained(sentences, tmp_path_factory):
    for order in (1, 2):
        folder = tmp_path_factory.mktemp("any") / "model"
        train_hmm(sentences, folder, options=HmmOptions(order=order))
        text = "".join(sentences[0])
        assert "".join(cws.load(folder).segment(text)) == text


def test_hmm_training_gives_the_same_bytes(folder, order, tmp_path):
    train_hmm(SENTENCES, tmp_path, options=HmmOptions(order=order))
    for name in ("cws.json", "weights.safetensors"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize("sentences", [[], [[]], [[], []]])
def test_hmm_of_no_words_is_an_error(order, sentences, tmp_path):
    with pytest.raises(InputError, match="no words to learn from"):
        train_hmm(sentences, tmp_path, options=HmmOptions(order=order))


def test_hmm_of_another_order_is_an_error(tmp_path):
    with pytest.raises(InputError, match="order: expected 1 or 2, got 3"):
        train_hmm(SENTENCES, tmp_path, options=HmmOptions(order=3))


# Baum-Welch


def likelihood(hmm, texts):
    """The log-likelihood per character, by the reference of cws.decode."""
    codes = [hmm.alphabet.encode(fold(text)) for text in texts]
    offsets = np.cumsum([0, *map(len, codes)])
    emissions = np.maximum(hmm.emissions, -1e3)[np.concatenate(codes)]
    chain = (np.maximum(one, -1e3) for one in (hmm.transitions, hmm.start, hmm.end))
    found = decode.forward_backward(emissions, offsets, *chain, legality=SBME, backend="reference")
    return found.log_partition.sum() / len(emissions)


def test_hmm_reestimation_never_lowers_the_likelihood():
    texts = ["".join(words) for words in SENTENCES]
    lines = []
    hmm = reestimate(count_hmm(SENTENCES[:3]), texts, options=HmmOptions(iterations=12), log_line=lines.append)
    values = [float(line.split()[3]) for line in lines]
    assert all(later >= earlier for earlier, later in pairwise(values))
    assert values[-1] > values[0] + 0.1
    assert likelihood(hmm, texts) == pytest.approx(values[-1], abs=1e-4)


def test_hmm_reestimation_of_no_iterations_tells_the_likelihood():
    texts = ["".join(words) for words in SENTENCES]
    lines = []
    hmm = reestimate(count_hmm(SENTENCES), texts, options=HmmOptions(iterations=0), log_line=lines.append)
    assert len(lines) == 1
    assert likelihood(hmm, texts) == pytest.approx(float(lines[0].split()[3]), abs=1e-5)


def test_hmm_reestimation_learns_characters_it_did_not_know():
    hmm = reestimate(count_hmm(SENTENCES), ["甲乙丙丁" * 5, "丙丁甲乙"], options=HmmOptions(iterations=5))
    code = hmm.alphabet.characters[ord("甲")]
    assert code >= FIRST_KNOWN
    assert np.exp(hmm.emissions[code]).max() > 0.1


def test_hmm_reestimation_of_no_text_is_an_error():
    with pytest.raises(InputError, match="no text to learn from"):
        reestimate(count_hmm(SENTENCES), ["", ""])


# The tables of jieba


def test_hmm_of_jieba_has_its_probabilities(tmp_path):
    hmm = jieba_hmm()
    write_hmm(hmm, tmp_path)
    assert np.exp(hmm.start) == pytest.approx([0.2310, 0.7690, 0, 0], abs=1e-3)
    assert np.exp(hmm.transitions).sum(axis=1) == pytest.approx(np.ones(4), abs=1e-3)
    assert cws.load(tmp_path).segment("杭研") == ["杭研"]


def test_hmm_of_jieba_without_jieba_is_an_error(monkeypatch):
    monkeypatch.setattr("cws.word_list.find_spec", lambda name: None)
    with pytest.raises(FileError, match="pip install jieba"):
        jieba_hmm()


def test_hmm_of_jieba_with_other_tables_is_an_error(monkeypatch, tmp_path):
    (tmp_path / "finalseg").mkdir()
    for name in ("start", "trans", "emit"):
        (tmp_path / "finalseg" / f"prob_{name}.py").write_text("P = {'B': 1}")
    monkeypatch.setattr("cws.word_list.jieba_folder", lambda: tmp_path)
    with pytest.raises(ModelError, match=r"jieba\.finalseg are not those of jieba 0\.42"):
        jieba_hmm()


# Hostile files


def damaged(folder, tmp_path, change):
    """A copy of the model whose tensors `change` has been at."""
    config = model_io.read_config(folder)
    kinds = {"U16": np.uint16, "I16": np.int16, "U32": np.uint32}
    specification = TENSORS[config["order"]]
    tensors = {}
    for name, data in model_io.map_tensors(folder, config, specification).items():
        dtype, shape = specification[name]
        tensors[name] = np.frombuffer(data, kinds[dtype]).reshape([size or -1 for size in shape]).copy()
    change(tensors)
    kept = {name: value for name, value in config.items() if name not in model_io.RESERVED}
    model_io.write_model(tmp_path, kept, tensors, aligned="bigram_first" if config["order"] == 2 else None)
    return tmp_path


def test_hmm_with_a_class_out_of_range_is_an_error(folder, tmp_path):
    def change(tensors):
        tensors["characters"][77] = 60_000

    with pytest.raises(ModelError, match="characters: a class out of range"):
        cws.load(damaged(folder, tmp_path, change))


@pytest.mark.parametrize("name", ["bigram_first", "trigram_first"])
@pytest.mark.parametrize("value", [1_000_000, 0])
def test_hmm_with_a_broken_tree_is_an_error(name, value, tmp_path):
    train_hmm(SENTENCES, tmp_path / "good", options=HmmOptions(order=2))

    def change(tensors):
        tensors[name][-2 if value else -1] = value

    with pytest.raises(ModelError, match=f"{name}: expected numbers that rise"):
        cws.load(damaged(tmp_path / "good", tmp_path / "bad", change))


@pytest.mark.parametrize("name", ["bigram_scores", "trigram_classes", "bigram_first"])
def test_hmm_with_a_tensor_of_another_length_is_an_error(name, tmp_path):
    train_hmm(SENTENCES, tmp_path / "good", options=HmmOptions(order=2))

    def change(tensors):
        tensors[name] = tensors[name][:-1]

    with pytest.raises(ModelError, match="damaged"):
        cws.load(damaged(tmp_path / "good", tmp_path / "bad", change))


def test_hmm_with_random_classes_reads_nothing_outside(tmp_path):
    train_hmm(SENTENCES, tmp_path / "good", options=HmmOptions(order=2))
    numbers = random.Random(0)

    def change(tensors):
        for name in ("bigram_classes", "trigram_classes"):
            tensors[name][:] = [numbers.randrange(65536) for _ in tensors[name]]

    segmenter = cws.load(damaged(tmp_path / "good", tmp_path / "bad", change))
    for text in TEXTS:
        assert "".join(segmenter.segment(text)) == text


@pytest.mark.parametrize(("key", "value"), [("order", 3), ("order", True), ("scale", 0), ("scale", "1")])
def test_hmm_config_is_checked(folder, tmp_path, key, value):
    damaged(folder, tmp_path, lambda tensors: None)
    config = json.loads((tmp_path / "cws.json").read_text("utf-8"))
    config[key] = value
    with pytest.raises(ModelError, match=key):
        open_hmm(tmp_path, config)


@pytest.mark.corpora
def test_hmm_reaches_its_f1_on_a_corpus(corpora, order, tmp_path):
    sentences = list(read_segmented(corpora / "seg" / "ctb6.train.txt"))[:8000]
    train_hmm(sentences, tmp_path, options=HmmOptions(order=order))
    gold = list(read_segmented(corpora / "seg" / "ctb6.dev.txt"))
    predicted = cws.load(tmp_path).segment_batch(["".join(words) for words in gold])
    assert score(gold, predicted).f1 > (0.78, 0.90)[order - 1]
