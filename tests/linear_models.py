"""Linear models for tests: a small corpus, models of chosen weights, trainers, and what the core says of them."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
import pytest

import cws
from cws import model_io
from cws._native import LinearPredictor, LinearTrainer, build_table
from cws.labelers.alphabet import Alphabet
from cws.labelers.character_classes import EDGE, FIRST_KNOWN, SEPARATOR, classes_of
from cws.labelers.linear import TENSORS
from cws.labelers.reference import ngram_key
from cws.tags import SBME, SCHEMES, TagScheme
from cws.text import HANZI, SPACE
from cws.training.linear import train_linear
from cws.training.linear_options import LinearOptions

TRAINING = """\
他 来到 了 网易 杭研 大厦
我 在 北京 大学 读书
北京 的 天气 真 好
今天 天气 怎么样 ？
他 的 iPhone 手机 是 2024 年 买 的
大家 高高兴兴 地 回家 了
我们 去 看看 大学 的 网络
网易 是 一 家 网络 公司
她 在 杭州 研究 语言
研究 生命 的 起源
大厦 有 ３２ 层 ， 很 高
好好 学习 ， 天天 向上
这 是 Python 3.11 的 手册
我 😀 你 😀😀
古书 里 有 𠀀 字
天天 好 天气
人人 都 来 北京 看看
哈哈哈哈 ， 真 好
公司 在 大厦 的 ３ 层
看 了 手册 再 学习
今天 是 2024 年 1 月 1 日
我们 大家 回家 读书"""
SENTENCES = [line.split(" ") for line in TRAINING.splitlines()]
WORD_LIST = {"北京大学": 3, "网络公司": 2, "天天向上": 1, "研究生": 9, "怎么样": 8, "北京": 20, "手册": None, "好": 50}
OPTIONS = LinearOptions(epochs=4)


@lru_cache
def bundled(name):
    segmenter = cws.load(name, units=False)  # which constrain the chain
    return segmenter.predictor, model_io.map_tensors(segmenter.path, segmenter.config, TENSORS)


def aligned(tensor: np.ndarray, at: int = 0) -> np.ndarray:
    """A copy that begins `at` bytes after a multiple of 64."""
    room = np.zeros(tensor.nbytes + 128, np.uint8)
    begin = -room.ctypes.data % 64 + at
    room[begin : begin + tensor.nbytes] = np.frombuffer(tensor.tobytes(), np.uint8)
    return room[begin : begin + tensor.nbytes].view(tensor.dtype).reshape(tensor.shape)


# Models made of chosen weights: three characters are known, and n-grams of them and of the edge have weights.

KNOWN = "甲乙丙"
CLASSES = {character: FIRST_KNOWN + at for at, character in enumerate(KNOWN)}


def crafted(draw, keys: list[int] | None = None) -> dict[str, np.ndarray]:
    """The tensors of a model; draw(shape) gives integer weights."""
    characters = np.full(0x10000, 1 + HANZI, np.uint16)
    characters[[ord(" "), ord("\n")]] = SEPARATOR
    for character, number in CLASSES.items():
        characters[ord(character)] = number
    if keys is None:
        keys = sorted(ngram_key(gram) for order in (2, 3, 4) for gram in product(CLASSES.values(), repeat=order))
        keys += [ngram_key((EDGE, number)) for number in CLASSES.values()]
        keys += [ngram_key((number, EDGE, EDGE)) for number in CLASSES.values()]
    keys = np.sort(np.array(keys, np.uint64))
    buckets, pilots = build_table(keys, draw((len(keys), 4, 4)).astype(np.int8))
    tensors = {
        "characters": characters,
        "types": np.array([SPACE, *range(8), *[HANZI] * len(KNOWN)], np.uint8),
        "unigrams": draw((FIRST_KNOWN + len(KNOWN), 5, 4)).astype(np.int8),
        "buckets": buckets,
        "pilots": pilots,
        "type_contexts": draw((1 << 15, 4)).astype(np.int16),
        "repetitions": draw((32, 4)).astype(np.int16),
        "transitions": draw((4, 4)).astype(np.int16),
        "start": draw((4,)).astype(np.int16),
        "end": draw((4,)).astype(np.int16),
    }
    return {name: aligned(tensor) for name, tensor in tensors.items()}


def zeros() -> dict[str, np.ndarray]:
    return crafted(lambda shape: np.zeros(shape, int))


@lru_cache(maxsize=64)
def random_model(seed: int, largest: int = 1) -> tuple[LinearPredictor, dict[str, memoryview]]:
    """Weights from -largest to largest; with largest = 1, ties everywhere."""
    random = np.random.default_rng(seed)
    tensors = crafted(lambda shape: random.integers(-largest, largest, shape, endpoint=True))
    return LinearPredictor(tensors, 0.5), views(tensors)


def views(tensors: dict[str, np.ndarray]) -> dict[str, memoryview]:
    return {name: memoryview(tensor.tobytes()) for name, tensor in tensors.items()}


def chain(tensors: dict[str, memoryview]) -> tuple[list[list[int]], list[int], list[int]]:
    """Transitions, start and end scores."""
    flat = tensors["transitions"].cast("h").tolist()
    rows = [flat[4 * tag : 4 * tag + 4] for tag in range(4)]
    return rows, tensors["start"].cast("h").tolist(), tensors["end"].cast("h").tolist()


def native_emissions(native: LinearPredictor, text: str) -> list[tuple[int, list[list[int]]]]:
    return [
        (begin, [flat[at : at + 4] for at in range(0, len(flat), 4)]) for begin, flat in native.emissions(text)
    ]  # fmt: skip


def sequences(tensors: dict[str, memoryview], text: str) -> list[tuple[int, str]]:
    """Begin and text of what stands between white space; for texts without very long ones."""
    separators = [number == SEPARATOR for number in classes_of(tensors["characters"], text)]
    begins = [at for at in range(len(text)) if not separators[at] and (at == 0 or separators[at - 1])]
    ends = [at + 1 for at in range(len(text)) if not separators[at] and (at + 1 == len(text) or separators[at + 1])]
    return [(begin, text[begin:end]) for begin, end in zip(begins, ends, strict=True)]


def words_of(text: str, path: tuple[int, ...]) -> list[str]:
    return [text[start:end] for start, end in SBME.tags_to_spans(path)]


NO_LEXICON = np.empty(0, np.uint64), np.empty(0, np.uint16)
EVERY_SCHEME = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)


def legality(scheme: TagScheme) -> np.ndarray:
    return np.array([*scheme.transitions_allowed, scheme.start_allowed, scheme.end_allowed])


def make_trainer(
    sentences, lexicon=NO_LEXICON, learning_rate=0.1, margin=1.5, min_trigram_count=2, seed=1, scheme=SBME
):
    alphabet = Alphabet.of(["".join(words) for words in sentences])
    codes, tags, lengths = alphabet.encode_corpus(sentences, scheme)
    trainer = LinearTrainer(
        codes, np.uint8(1) << tags, lengths, alphabet.types, legality(scheme), [lexicon], learning_rate, margin,
        min_trigram_count, 2, seed,
    )  # fmt: skip
    return trainer, alphabet


def train_small(folder, sentences=SENTENCES, word_lists=(WORD_LIST,), options=OPTIONS, description=None):
    """The folder of a small trained model."""
    train_linear(sentences, None, word_lists, folder, options=options, description=description)
    return folder


def trainer_of_sets(
    sequences, scheme=SBME, lists=(NO_LEXICON,), learning_rate=0.1, margin=1.5, min_trigram_count=2, seed=1,
    classes_only=False, own_rate=1.0, **more,
):  # fmt: skip
    """A trainer of texts with sets of tags, as bits, and their alphabet; more: arrays that `LinearTrainer` may take."""
    texts, sets = zip(*sequences, strict=True)
    alphabet = Alphabet.of(texts)
    trainer = LinearTrainer(
        alphabet.encode("".join(texts)), np.frombuffer(b"".join(sets), np.uint8), np.array([*map(len, texts)]),
        alphabet.types, legality(scheme), lists, learning_rate, margin, min_trigram_count, 2, seed,
        classes_only=classes_only, own_rate=own_rate,
        **{name: np.array(value, TYPES[name]) for name, value in more.items()},
    )  # fmt: skip
    return trainer, alphabet


TYPES = {"standards": np.uint8, "weights": np.float32, "emissions": np.float32, "chain": np.float32}


def bits(words, scheme=SBME):
    """The text of words and the sets that hold their tags alone."""
    return "".join(words), bytes(1 << tag for tag in scheme.words_to_tags(words))
