"""Every model keeps units whole, in every context and by every way in; the user's forced entries alone cut them."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import accumulate
from random import Random

import pytest
from linear_models import SENTENCES, WORD_LIST
from unit_shapes import SHAPES, contexts

import cws
from cws import streaming
from cws.labelers.dictionary import write_dictionary
from cws.training.hmm import train_hmm
from cws.training.hmm_options import HmmOptions

MODELS = ("pku", "ctb", "hmm1", "hmm2", "dictionary", "cnn-crf")
TEXT = "见https://t.cn/zj_1，涨了3.5%！！！"


@pytest.fixture(scope="module")
def segmenters(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for order in (1, 2):
        train_hmm(SENTENCES, folder / f"hmm{order}", options=HmmOptions(order=order))
    write_dictionary(folder / "dictionary", WORD_LIST)
    if find_spec("torch") and find_spec("transformers"):
        from small_neural import save_random_cnn

        save_random_cnn(folder / "cnn-crf")
    opened = {}
    for name in MODELS:
        if name in cws.models() or (folder / name).exists():
            opened[name] = cws.load(name if name in cws.models() else folder / name)
    return opened


def segmenter_of(segmenters, name):
    if name not in segmenters:
        pytest.skip("needs torch")
    return segmenters[name]


def cuts_inside(words, start, end):
    return [at for at in accumulate(map(len, words)) if start < at < end]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_units_are_cut_by_no_model(segmenters, name, shape):
    segmenter, random = segmenter_of(segmenters, name), Random(shape)
    for _ in range(40):
        unit = SHAPES[shape](random)
        left, right = random.choice(contexts(shape))
        if unit[0] in (left, right):
            continue  # a longer run of one mark
        text, start, end = f"我们{left}{unit}{right}你们", 2 + len(left), 2 + len(left) + len(unit)
        words = segmenter.segment(text)
        assert not cuts_inside(words, start, end), (text, words)
        assert [token.text for token in segmenter.tokens(text)] == words
        for _, reading in segmenter.nbest(text, 4):
            assert not cuts_inside(reading, start, end), (text, reading)
        assert segmenter.segment_batch([text, text], threads=2) == [words, words]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("unit", ["http://a.cn/" + "b" * 3000, "1" * 2500, "…" * 1500], ids=lambda unit: unit[:8])
def test_units_longer_than_a_sequence_are_cut_by_no_model(segmenters, name, unit):
    words = segmenter_of(segmenters, name).segment(f"我们“{unit}”你们")
    assert not cuts_inside(words, 3, 3 + len(unit))


@pytest.mark.parametrize("name", ["pku", "ctb"])
@pytest.mark.parametrize("seed", range(60))
def test_units_that_the_model_would_cut_leave_the_best_words_of_all_that_do_not(segmenters, name, seed):
    random = Random(seed)  # long texts with few such units: only what is around them is decoded again
    pieces = [word for sentence in SENTENCES for word in sentence]
    units = ["12个月", "一万零3", "3.5%", "C++", "K2", "第3-5", "一点七八万亿", "……", "5mm", "Wi-Fi", "3万多", "a@b.cn"]
    text = ""
    while len(text) < random.choice([70, 300, 900]):
        text += random.choice(units) if random.random() < 0.03 else random.choice(pieces)
    segmenter = segmenter_of(segmenters, name)
    assert segmenter.segment(text) == segmenter.nbest(text, 1)[0][1]


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 16])
@pytest.mark.parametrize("blank", ["", " "])
def test_units_are_whole_in_streams_cut_anywhere(monkeypatch, size, blank):
    monkeypatch.setattr(streaming, "BLOCK", 4096)
    segmenter = cws.load("pku")
    text = f"看{blank}{TEXT}<a x='1 2'>{blank}" * 700  # one line
    data = text.encode()
    blocks = (data[at : at + size] for at in range(0, len(data), size))
    found = b"".join(streaming.segment_blocks(segmenter, blocks)).decode()
    assert found == " ".join(word for word in segmenter.segment(text) if not word.isspace()) + "\n"


def test_units_are_left_to_the_model_on_request():
    plain = cws.load("pku", units=False)
    assert "https" in plain.segment(TEXT) and "！！！" not in plain.segment(TEXT)


def test_tokens_have_types():
    found = [(token.text, token.type) for token in cws.load("pku").tokens(f"{TEXT} 1998年a@b.cn")]
    assert found == [
        ("见", "word"), ("https://t.cn/zj_1", "url"), ("，", "punctuation"), ("涨", "word"), ("了", "word"),
        ("3.5%", "number"), ("！！！", "punctuation"), (" ", "space"), ("1998年", "date"), ("a@b.cn", "email"),
    ]  # fmt: skip


def test_words_are_without_white_space_and_punctuation():
    assert cws.load("pku").words(f"{TEXT} 好") == ["见", "https://t.cn/zj_1", "涨", "了", "3.5%", "好"]


def test_units_inside_have_no_boundary_whatever_the_probability():
    (token,) = (token for token in cws.load("pku").tokens(TEXT) if token.type == "url")
    assert token.probability == 1.0


def test_own_words_and_units():
    def segment(text, word, weight):
        return cws.load("pku", user_dictionary={word: weight}).segment(text)

    # What is decided ends inside no unit, and may span one whole; what is forced cuts it; a mention ends with an entry.
    assert "https://t.cn/zj_1" in segment(TEXT, "t.cn", None)
    assert "t.cn" in segment(TEXT, "t.cn", "!")
    assert "见https://t.cn/zj_1" in segment(TEXT, "见https://t.cn/zj_1", None)
    assert segment("@人民日报今天发布", "@人民日报", None)[:2] == ["@人民日报", "今天"]
