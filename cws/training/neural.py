"""Training of neural labelers: sentences in, a model directory out.

The CRF has a learning rate of its own. A pretrained encoder is tuned at a low one, at which transitions
hardly leave where they began; they want a hundred times that: Su Jianlin, "The learning rate of your CRF layer may be
too small" (2020).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from os import PathLike, fspath
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cws.bundled import bundled_encoder
from cws.corpus import train_dev_split
from cws.errors import InputError
from cws.labelers.alphabet import Alphabet, Words, cut_sentence
from cws.labelers.character_classes import UNKNOWN
from cws.labelers.kind import KINDS, Kind
from cws.labelers.neural.bert import Bert, load_encoder
from cws.labelers.neural.character_tokens import CharacterTokens
from cws.labelers.neural.features import Batch, FeatureOptions
from cws.labelers.neural.labeler import NeuralLabeler
from cws.labelers.neural.layout import MAX_LISTS
from cws.labelers.neural.lexicon_features import LexiconFeatures
from cws.labelers.neural.model import NeuralModel, make_labeler, with_standards
from cws.labelers.neural.storage import load_neural, save_neural
from cws.model_io import read_config
from cws.training.linear import WordList, word_f1
from cws.training.loop import LoopOptions, fit, remove_checkpoint, step_seed, write_history
from cws.training.self_training import pseudo_labels

log = logging.getLogger(__name__)

_POOL = 50  # batches that are sorted by length together
_EVALUATED = 1 << 14  # characters of a batch that is only decoded
_LEARNING_RATE = 2e-3  # of what is not pretrained
_MOST_UNKNOWN = 0.2  # of the characters of the training text


@dataclass(frozen=True)
class NeuralOptions:
    """Hyper-parameters; None takes what suits the kind."""

    learning_rate: float | None = None  # of the encoder: 2e-3, and 2e-4 for bert
    crf_lr_multiplier: float | None = None  # the learning rate of the CRF is so many times that: 5, and 100 for bert
    batch_characters: int = 2048  # of a step, padding included
    character_size: int = 64  # of the vectors of characters; of bilstm and cnn
    pair_size: int = 32  # of pairs of neighbours
    hidden: int | None = None  # of bilstm and cnn; None: 128, and bilstm has it each way
    dropout: float | None = None
    character_dropout: float = 0.01  # the share of characters shown as unknown ones of their type
    encoder: str = "mini"  # of bert: a folder or a name of the hub
    encoder_layers: int | None = None  # only the first layers
    unshare_layers: bool = False  # of an ALBERT
    dev_fraction: float = 0.05  # of the training sentences, where no dev set is given
    loop: LoopOptions = field(default_factory=LoopOptions)

    def __post_init__(self) -> None:
        for name, allowed in (
            ("learning_rate", self.learning_rate is None or 0 < self.learning_rate < 1),
            ("crf_lr_multiplier", self.crf_lr_multiplier is None or 0 <= self.crf_lr_multiplier <= 1e6),
            ("batch_characters", self.batch_characters >= 1),
            ("character_size", self.character_size >= 1),
            ("pair_size", self.pair_size >= 1),
            ("hidden", self.hidden is None or self.hidden >= 1),
            ("dropout", self.dropout is None or 0 <= self.dropout < 1),
            ("character_dropout", 0 <= self.character_dropout < 1),
            ("encoder_layers", self.encoder_layers is None or self.encoder_layers >= 1),
        ):
            if not allowed:
                raise InputError(f"{name} of a neural model cannot be {getattr(self, name)!r}: see NeuralOptions")


def parameter_groups(labeler: NeuralLabeler, learning_rate: float, crf_lr_multiplier: float) -> list[dict[str, Any]]:
    """Return the optimiser's groups: encoder and output layer at the learning rate, the CRF at so many times that.

    The additional input features of a pretrained encoder are not pretrained: they learn as fast as other encoders do.
    """
    encoder = labeler.encoder
    pretrained = encoder.model if isinstance(encoder, Bert) else encoder
    groups: list[dict[str, Any]] = [
        {"params": [*pretrained.parameters(), *labeler.output.parameters()], "lr": learning_rate}
    ]
    if isinstance(encoder, Bert) and encoder.features is not None:
        groups.append({"params": [*encoder.features.parameters(), *encoder.join.parameters()], "lr": _LEARNING_RATE})
    if labeler.crf is not None:
        groups.append(
            {"params": [*labeler.crf.parameters()], "lr": learning_rate * crf_lr_multiplier, "weight_decay": 0.0}
        )
    return groups


@dataclass(frozen=True)
class Encoded:
    """Sentences as codes, lexicon bits and tags, with the annotation standard of each."""

    codes: list[NDArray[Any]]
    lexicon: list[NDArray[Any]]
    tags: list[NDArray[np.uint8]]
    standards: list[int]

    @classmethod
    def of(cls, model: NeuralModel, corpora: Sequence[Sequence[Words]], first: int = 0) -> Encoded:
        """Return the sentences of corpora, each of a standard of its own, in parts that the encoder can take."""
        parts = [
            (standard, part)
            for standard, sentences in enumerate(corpora, first)
            for words in sentences
            for part in cut_sentence(words, model.longest)
        ]
        texts = ["".join(part) for _, part in parts]
        codes = [model.encode(text) for text in texts]
        tags = [np.frombuffer(model.labeler.scheme.words_to_tags(part), np.uint8) for _, part in parts]
        return cls(codes, model.lexicon_bits(codes), tags, [standard for standard, _ in parts])

    def batch(self, rows: Sequence[int]) -> Batch:
        return Batch.of(
            [self.codes[row] for row in rows],
            [self.lexicon[row] for row in rows],
            [self.standards[row] for row in rows],
        )

    def gold(self, rows: Sequence[int]) -> NDArray[np.uint8]:
        return np.concatenate([self.tags[row] for row in rows])


def bucketed_batches(lengths: NDArray[np.int64], most: int, seed: int) -> list[NDArray[np.int64]]:
    """Return batches of rows of about the same length, in an order drawn by the seed; each row is in one.

    Args:
        lengths: Of the rows.
        most: Characters of a batch, its padding included; a longer row is a batch of its own.
        seed: Which order.
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(lengths))
    batches: list[NDArray[np.int64]] = []
    pool = max(1, int(_POOL * most / max(lengths.mean(), 1)))
    for begin in range(0, len(order), pool):
        rows = order[begin : begin + pool]
        rows = rows[np.argsort(-lengths[rows], kind="stable")]
        at = 0
        while at < len(rows):
            count = max(1, most // int(lengths[rows[at]]))
            batches.append(rows[at : at + count])
            at += count
    return [batches[at] for at in generator.permutation(len(batches))]


class Tagging:
    """The task of labelling characters, as `fit` takes it."""

    def __init__(self, model: NeuralModel, train: Encoded, dev: Encoded, options: NeuralOptions, identity: str) -> None:
        self.model: nn.Module = model.labeler
        self.identity = identity
        self._model, self._train, self._dev, self._options = model, train, dev, options
        self._lengths = np.array([len(tags) for tags in train.tags], np.int64)
        dev_lengths = np.array([len(tags) for tags in dev.tags], np.int64)
        self._dev_batches = bucketed_batches(dev_lengths, _EVALUATED, 0)
        if isinstance(model.alphabet, Alphabet):
            self._hidden_codes = UNKNOWN + model.alphabet.types.astype(np.int64)
        else:
            self._hidden_codes = np.full(1 << 16, model.alphabet.unknown, np.int64)

    def parameter_groups(self) -> list[dict[str, Any]]:
        rate, multiplier = learning_rates_of(self._model.kind, self._options)
        return parameter_groups(self._model.labeler, rate, multiplier)

    def batches(self, epoch: int) -> list[NDArray[np.int64]]:
        seed = step_seed(self._options.loop.seed, epoch)
        return bucketed_batches(self._lengths, self._options.batch_characters, seed)

    def inputs(self, batch: NDArray[np.int64], seed: int, device: torch.device) -> tuple[Any, ...]:
        found = self._train.batch(batch.tolist())
        if self._options.character_dropout:
            generator = np.random.default_rng(seed)
            hidden = torch.from_numpy(generator.random(found.codes.shape) < self._options.character_dropout)
            inside = found.mask() & hidden
            found = found._replace(
                codes=torch.where(inside, torch.from_numpy(self._hidden_codes)[found.codes], found.codes)
            )
        tags = torch.from_numpy(self._train.gold(batch.tolist()).astype(np.int64))
        return found.to(device), tags.to(device)

    def size(self, batch: NDArray[np.int64]) -> int:
        return int(self._lengths[batch].sum())

    def evaluate(self) -> dict[str, float]:
        device = next(self.model.parameters()).device
        gold = [self._dev.gold(rows.tolist()) for rows in self._dev_batches]
        found = [
            self._model.labeler.decode(self._dev.batch(rows.tolist()).to(device)).cpu().numpy()
            for rows in self._dev_batches
        ]
        f1 = word_f1(np.concatenate(gold), np.concatenate(found), self._model.labeler.scheme)
        return {"score": f1, "f1": f1}


def learning_rates_of(kind: Kind, options: NeuralOptions) -> tuple[float, float]:
    """Return the learning rate of the encoder and how many times that the CRF's is."""
    rate = options.learning_rate if options.learning_rate is not None else (2e-4 if kind.is_bert else _LEARNING_RATE)
    multiplier = options.crf_lr_multiplier
    return rate, multiplier if multiplier is not None else (100.0 if kind.is_bert else 5.0)


def train_neural(
    kind: str,
    corpora: Sequence[Sequence[Words]],
    dev: Sequence[Words] | None,
    word_lists: Sequence[WordList],
    folder: str | PathLike[str],
    *,
    raw: Sequence[str] = (),
    init: str | PathLike[str] | None = None,
    options: NeuralOptions | None = None,
    device: str | None = None,
    stop_after: float | None = None,
    description: Mapping[str, Any] | None = None,
    show_progress: bool = False,
    log_line: Callable[[str], None] = log.info,
) -> dict[str, float] | None:
    """Train a model, write it, and return its figures on dev; None if it was stopped before its end.

    A training that was interrupted goes on from the checkpoint in the folder, and ends with the same model.

    Args:
        kind: The name of a neural one of `cws.labelers.kind.KINDS`.
        corpora: Training sentences, lists of words. The model follows the first corpus; others, of other annotation
            standards, are learned together with it.
        dev: Sentences to choose the best epoch on; None takes a part of the first corpus.
        word_lists: Words with their counts or None: where they match is a feature.
        folder: Where the model goes.
        raw: Lines of raw text, learned in the words that a linear model of the first corpus finds.
        init: The folder of a model of this kind, to begin with its weights and to keep its characters and word lists.
        options: Hyper-parameters.
        device: `cpu`, `cuda`, ...; by default CUDA where there is some.
        stop_after: Seconds after which to stop with a checkpoint.
        description: More for the model's cws.json.
        show_progress: Whether to show a bar on stderr.
        log_line: Called with a line about each epoch.

    Raises:
        InputError: No sentences, or one without words; an encoder that cannot be used; a loss that is no number.
        ModelError: The checkpoint of another training in the folder; `init` is no such model.
        FileError: The folder cannot be written.
    """
    options = options or NeuralOptions()
    folder = fspath(folder)
    _check(kind, corpora, dev)
    if init is not None and (found := read_config(init)["kind"]) != kind:
        raise InputError(f"{fspath(init)} is a model of kind {found}: a {kind} cannot begin with it")
    train = [list(sentences) for sentences in corpora]
    if dev is None:
        train[0], dev = train_dev_split(train[0], options.dev_fraction, options.loop.seed)
    if raw:
        threads = torch.get_num_threads()
        train.append(
            pseudo_labels(raw, train[0], dev, word_lists, seed=options.loop.seed, threads=threads, log_line=log_line)
        )
    torch.manual_seed(options.loop.seed)
    model = _new_model(Kind.parse(kind), train, word_lists, options) if init is None else _model_from(init, train)
    encoded = Encoded.of(model, train)
    task = Tagging(model, encoded, Encoded.of(model, [dev]), options, _identity(kind, encoded, dev, options, init))
    sentences = sum(map(len, train))
    size = sum(parameter.numel() for parameter in model.labeler.parameters())
    log_line(f"{sentences:,} sentences to train on, {len(dev):,} to choose on, {size / 1e6:.1f} million parameters")
    result = fit(
        task, folder, options=options.loop, device=device, stop_after=stop_after, show_progress=show_progress,
        log_line=log_line,
    )  # fmt: skip
    if not result.is_complete:
        return None
    model.labeler.load_state_dict(result.best)
    best = max(result.history, key=lambda record: record["score"])
    training = {**asdict(options), "sentences": sentences, "epoch": best["epoch"]}
    save_neural(folder, model, {**(description or {}), "training": training, "dev": {"f1": best["f1"]}})
    write_history(folder, result.history)
    remove_checkpoint(folder)
    return {"f1": best["f1"]}


def _check(kind: str, corpora: Sequence[Sequence[Words]], dev: Sequence[Words] | None) -> None:
    if not Kind.parse(kind).is_neural:
        names = ", ".join(str(one) for one in KINDS if one.is_neural)
        raise InputError(f"{kind} is no kind of neural model: take one of {names}")
    if not corpora or not all(corpora):
        raise InputError("no training sentences: give one or more")
    for name, part in (*(("training", corpus) for corpus in corpora), ("dev", dev)):
        if part is not None and not all(part):
            raise InputError(f"a {name} sentence without words: leave it out")
    if dev is not None and not dev:
        raise InputError("no dev sentences: give one or more, or None to take a part of the training sentences")


def _new_model(
    kind: Kind, corpora: Sequence[Sequence[Words]], word_lists: Sequence[WordList], options: NeuralOptions
) -> NeuralModel:
    texts = _texts(corpora)
    lists = min(max(len(word_lists), 1), MAX_LISTS)
    known = {"pair_size": options.pair_size, "standards": len(corpora), "word_lists": lists}
    if not kind.is_bert:
        alphabet = Alphabet.of([*texts, *map("".join, word_lists)])
        features = FeatureOptions(len(alphabet.types), options.character_size, **known)
        labeler = make_labeler(kind, features, hidden=options.hidden, dropout=options.dropout)
        return NeuralModel(kind, labeler, alphabet, LexiconFeatures.of(alphabet, word_lists))
    name = bundled_encoder() if options.encoder == "mini" else options.encoder
    transformer, tokenizer, tokens = load_encoder(name, layers=options.encoder_layers, unshare=options.unshare_layers)
    _check_vocabulary(options.encoder, tokens, texts)
    dropout = 0.1 if options.dropout is None else options.dropout
    encoder = Bert(transformer, tokens, FeatureOptions(0, 0, **known), dropout)
    labeler = NeuralLabeler(encoder, kind.has_crf)
    return NeuralModel(kind, labeler, tokens, LexiconFeatures.of(tokens, word_lists), tokenizer=tokenizer)


def _model_from(folder: str | PathLike[str], corpora: Sequence[Sequence[Words]]) -> NeuralModel:
    model = with_standards(load_neural(folder, read_config(folder)), len(corpora))
    if isinstance(model.alphabet, CharacterTokens):
        _check_vocabulary(fspath(folder), model.alphabet, _texts(corpora))
    return model


def _texts(corpora: Sequence[Sequence[Words]]) -> list[str]:
    return ["".join(words) for sentences in corpora for words in sentences]


def _check_vocabulary(name: str, tokens: CharacterTokens, texts: Sequence[str]) -> None:
    codes = tokens.encode("".join(texts))
    share = float((codes == tokens.unknown).mean())
    if share > _MOST_UNKNOWN:
        raise InputError(
            f"encoder {name!r} does not know {100 * share:.0f} % of the characters of the corpus: take one of Chinese"
            " characters, and check the encoding of the corpus"
        )


def _identity(
    kind: str, train: Encoded, dev: Sequence[Words], options: NeuralOptions, init: str | PathLike[str] | None
) -> str:
    # How often it is saved makes no difference to what comes out.
    loop = {name: value for name, value in asdict(options.loop).items() if name != "checkpoint_seconds"}
    digest = sha256(repr((kind, {**asdict(options), "loop": loop}, train.standards)).encode())
    if init is not None:
        digest.update(str(read_config(init).get("id")).encode())
    for codes, bits, tags in zip(train.codes, train.lexicon, train.tags, strict=True):
        digest.update(codes.tobytes() + bits.tobytes() + tags.tobytes())
    digest.update("\n".join(map(" ".join, dev)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]
