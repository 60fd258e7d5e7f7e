"""Neural models so small that training one takes a moment, and the sentences they learn from."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")
torch.set_num_threads(1)  # the models are tiny

from cws import model_io  # noqa: E402
from cws.labelers.kind import KINDS  # noqa: E402
from cws.labelers.neural.storage import load_neural  # noqa: E402
from cws.labelers.neural.torch_predictor import TorchPredictor  # noqa: E402
from cws.training.neural import train_neural  # noqa: E402
from cws.training.neural_options import NEURAL_OPTIONS, BertOptions, NeuralOptions  # noqa: E402

SENTENCES = [
    line.split()
    for line in """\
今天 天气 真 好
我们 明天 去 公园 看 花
他 在 图书馆 看 书
这 本 书 很 有 意思
老师 说 明天 不 上课
妈妈 做 的 饭 很 好吃
火车 下午 三点 到 北京
孩子 们 在 公园 里 玩
图书馆 今天 不 开门
我 喜欢 看 电影 和 听 音乐
北京 的 冬天 很 冷
她 买 了 两 本 新 书""".splitlines()
] * 4
NEURAL_KINDS = [str(kind) for kind in KINDS if kind.is_neural]
every_kind = pytest.mark.parametrize("kind", NEURAL_KINDS)
small_kinds = pytest.mark.parametrize("kind", [kind for kind in NEURAL_KINDS if not kind.startswith("bert")])


def options_for(kind: str, encoder: str, **changes: Any) -> NeuralOptions:
    """The options of a tiny model; `encoder` is the folder of the one that bert tunes."""
    options = NEURAL_OPTIONS[kind]
    sizes = {"encoder": encoder} if options is BertOptions else {"character_size": 8, "hidden": 8}
    few = {"epochs": 3, "checkpoint_seconds": 1e9, "pair_size": 2, "batch_characters": 64}
    return options(**{**sizes, **few, **changes})


def train(kind: str, folder: Any, encoder: str, sentences: Any = SENTENCES, **changes: Any) -> dict[str, float] | None:
    """Train a tiny model, with changes of its options."""
    options = options_for(kind, encoder, **changes)
    word_lists = [{"图书馆": 1, "天气": 2}]
    return train_neural(kind, [sentences], SENTENCES[:12], word_lists, folder, options=options, device="cpu")


def torch_segmenter(models: dict[str, str], kind: str, **options: Any) -> TorchPredictor:
    """The model of a kind, on PyTorch, where the core would take it too."""
    return TorchPredictor(load_neural(models[kind], model_io.read_config(models[kind])), "cpu", **options)
