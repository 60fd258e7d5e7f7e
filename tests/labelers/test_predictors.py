"""Every runtime does what `cws.predictor.Predictor` promises: five of them, opened from directories."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from linear_models import SENTENCES, WORD_LIST

from cws import model_io
from cws._native import (
    DictionaryPredictor,
    Format,
    HmmPredictor,
    LinearPredictor,
    NativeDictionary,
    NeuralPredictor,
)
from cws.errors import InputError, ModelError
from cws.labelers.device import Device
from cws.labelers.dictionary import write_dictionary
from cws.predictor import Predictor, open_predictor
from cws.training.hmm import train_hmm
from cws.training.hmm_options import HmmOptions
from cws.user_dictionary.reference import FORCED

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
from small_neural import save_random_cnn  # noqa: E402

from cws.labelers.neural.torch_predictor import TorchPredictor  # noqa: E402

RUNTIMES = {
    "linear": LinearPredictor,
    "hmm": HmmPredictor,
    "dictionary": DictionaryPredictor,
    "neural in the core": NeuralPredictor,
    "neural on PyTorch": TorchPredictor,
}
TEXTS = ["今天天气真好，我们去北京大学。", "我😀有 iPhone\t１５\r\n𠀀\ud800é", "哈哈 \u3000\n哈", "好", " \n", ""]


@pytest.fixture(scope="session")
def folders(tmp_path_factory, linear_folder):
    """The folder of a small model for each runtime; the two neural ones share theirs."""
    hmm, dictionary, neural = (tmp_path_factory.mktemp(name) for name in ("hmm", "dictionary", "neural"))
    train_hmm(SENTENCES, hmm, options=HmmOptions(order=2))
    write_dictionary(dictionary, WORD_LIST)
    save_random_cnn(neural)
    return dict(zip(RUNTIMES, (linear_folder, hmm, dictionary, neural, neural), strict=True))


def open_in(folder, device: Device | None = None) -> Predictor:
    return open_predictor(str(folder), model_io.read_config(folder), device)


@pytest.fixture(params=RUNTIMES)
def predictor(folders, request) -> Predictor:
    device = Device("cpu", "bf16") if request.param == "neural on PyTorch" else None  # bf16 is PyTorch's alone
    found = open_in(folders[request.param], device)
    assert type(found) is RUNTIMES[request.param]
    return found


def words_by_ends(predictor: Predictor, text: str) -> list[str]:
    """The words that `word_ends` cuts."""
    block = text.encode()
    ends = predictor.word_ends(block)
    assert isinstance(ends, bytes)
    cuts = [0, *np.frombuffer(ends, np.uint32).tolist()]
    return [block[begin:end].decode() for begin, end in pairwise(cuts)]


def test_predictor_methods_find_the_same_words(predictor):
    for text in TEXTS:
        words = predictor.segment(text)
        assert "".join(words) == text
        assert [text[start:end] for start, end, *_ in predictor.tokens(text)] == words
        assert predictor.nbest(text, 1)[0][1] == words
        if "\ud800" not in text:  # which is no UTF-8
            assert words_by_ends(predictor, text) == words


@pytest.mark.parametrize("threads", [1, 3])
def test_predictor_segment_batch_is_segment_of_each(predictor, threads):
    assert predictor.segment_batch(TEXTS, threads) == [predictor.segment(text) for text in TEXTS]


def test_predictor_emissions_are_of_each_sequence(predictor):
    found = predictor.emissions("北京 的\n天气")
    tags = {HmmPredictor: 16, DictionaryPredictor: 0}.get(type(predictor), 4)  # a dictionary weighs words
    assert [(begin, len(scores)) for begin, scores in found] == [(0, 2 * tags), (3, tags), (5, 2 * tags)]


def test_predictor_format_writes_the_words(predictor):
    text = "今天天气真好\n北京 大学\n"
    lines = [[word for word in predictor.segment(line) if word != " "] for line in text.splitlines()]
    expected = "".join(" ".join(words) + "\n" for words in lines)
    assert predictor.format(Format.text, text.encode(), 0, False, True).decode() == expected


@pytest.mark.parametrize("block", [b"ab\xff", "北".encode()[:2]])
def test_predictor_says_where_a_block_is_no_text(predictor, block):
    first_wrong = block.index(b"\xff") if b"\xff" in block else 0
    assert predictor.format(Format.text, block, 0, False, True) == first_wrong
    assert predictor.word_ends(block) == first_wrong


def test_predictor_whole_sequences_end_before_white_space(predictor):
    block = "今天天气 真好".encode()
    size, column, has_words = predictor.whole_sequences(block, 0, False)
    assert block[size:].decode().strip() == "真好"
    assert column == len(block[:size].decode())
    assert has_words


def test_predictor_follows_its_dictionary(predictor):
    dictionary = NativeDictionary.build([("天气真好", FORCED, "晴")], b"")  # folds nothing
    predictor.set_dictionary(dictionary)
    assert "天气真好" in predictor.segment("今天天气真好吗")
    assert "晴" in [label for _, _, label, *_ in predictor.tokens("今天天气真好吗")]
    predictor.set_dictionary(None)
    assert "晴" not in [label for _, _, label, *_ in predictor.tokens("今天天气真好吗")]


def test_open_predictor_refuses_a_device_for_other_models(folders):
    for device in (Device("cuda"), Device(precision="int8"), Device(batch_characters=5)):
        with pytest.raises(InputError, match="are for neural models; this one is hmm"):
            open_in(folders["hmm"], device)


def test_open_predictor_refuses_an_unknown_kind(folders):
    config = model_io.read_config(folders["hmm"]) | {"kind": "hmn"}
    with pytest.raises(ModelError, match=r"hmm.*: unknown kind 'hmn' of model: did you mean hmm\?"):
        open_predictor(str(folders["hmm"]), config)


@pytest.mark.parametrize(
    ("device", "message"),
    [
        (Device(precision="int4"), "no precision 'int4': take one of auto, float32, bf16, int8"),
        (Device(batch_characters=0), "batch_characters must be 1 or more, got 0"),
        (Device("nosuch"), "device 'nosuch' cannot be used"),
    ],
)
def test_open_predictor_refuses_what_no_device_can_do(folders, device, message):
    with pytest.raises(InputError, match=message):
        open_in(folders["neural in the core"], device)
