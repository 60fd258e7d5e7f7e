"""Training of neural labelers: sentences in, a model directory out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from os import PathLike, fspath
from typing import Any

import torch

from cws.bundled import bundled_encoder
from cws.corpus import check_sentences, train_dev_split
from cws.errors import InputError
from cws.labelers.alphabet import Alphabet, Words
from cws.labelers.kind import Kind
from cws.labelers.neural.bert import Bert, load_encoder
from cws.labelers.neural.character_tokens import CharacterTokens
from cws.labelers.neural.features import FeatureOptions
from cws.labelers.neural.labeler import NeuralLabeler
from cws.labelers.neural.layout import MAX_LISTS
from cws.labelers.neural.lexicon_features import LexiconFeatures
from cws.labelers.neural.model import NeuralModel, make_labeler, with_standards
from cws.labelers.neural.storage import load_neural, save_neural
from cws.model_io import read_config
from cws.training.batches import Encoded
from cws.training.checkpoint import remove_checkpoint
from cws.training.history import write_history
from cws.training.linear_options import LinearOptions
from cws.training.loop import fit
from cws.training.neural_options import BertOptions, NeuralOptions, check_options
from cws.training.ngram_classes import WordList
from cws.training.self_training import pseudo_labels
from cws.training.tagging import Tagging

log = logging.getLogger(__name__)

_MOST_UNKNOWN = 0.2  # of the characters of the training text


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
        kind: The name of a neural `Kind`, such as `bert-crf`.
        corpora: Training sentences, lists of words. The model follows the first corpus; others, of other annotation
            standards, are learned together with it.
        dev: Sentences to choose the best epoch on; None takes a part of the first corpus.
        word_lists: Words with their counts or None: where they match is a feature.
        folder: Where the model goes.
        raw: Lines of raw text, learned in the words that a linear model of the first corpus finds.
        init: The folder of a model of this kind, to begin with its weights and to keep its characters and word lists.
        options: Hyper-parameters: BertOptions for bert, NeuralOptions for the others; None takes their defaults.
        device: `cpu`, `cuda`, ...; by default CUDA where there is some.
        stop_after: Seconds after which to stop with a checkpoint.
        description: More for the model's cws.json.
        show_progress: Whether to show a bar on stderr.
        log_line: Called with a line about each epoch.

    Raises:
        InputError: No sentences, one without words, or sentences that are not segmented; options of another kind; an
            encoder that cannot be used; a loss that is no number.
        ModelError: The checkpoint of another training in the folder; `init` is no such model.
        FileError: The folder cannot be written.
    """
    options, folder = check_options(kind, options), fspath(folder)
    _check(corpora, dev)
    if init is not None and (found := read_config(init)["kind"]) != kind:
        raise InputError(f"{fspath(init)} is a model of kind {found}: a {kind} cannot begin with it")
    train, dev = _sentences(corpora, dev, raw, word_lists, options, log_line)
    torch.manual_seed(options.seed)
    model = _new_model(Kind.parse(kind), train, word_lists, options) if init is None else _model_from(init, train)
    encoded = Encoded.of(model, train)
    task = Tagging(model, encoded, Encoded.of(model, [dev]), options, _identity(kind, encoded, dev, options, init))
    sentences = sum(map(len, train))
    size = sum(parameter.numel() for parameter in model.labeler.parameters())
    log_line(f"{sentences:,} sentences to train on, {len(dev):,} to choose on, {size / 1e6:.1f} million parameters")
    result = fit(
        task, folder, options=options, device=device, stop_after=stop_after, show_progress=show_progress,
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


def _check(corpora: Sequence[Sequence[Words]], dev: Sequence[Words] | None) -> None:
    if not corpora or not all(corpora):
        raise InputError("no training sentences: give one or more")
    for name, part in (*(("training", corpus) for corpus in corpora), ("dev", dev)):
        if part is not None and not all(part):
            raise InputError(f"a {name} sentence without words: leave it out")
        check_sentences(part or (), name)
    if dev is not None and not dev:
        raise InputError("no dev sentences: give one or more, or None to take a part of the training sentences")


def _sentences(
    corpora: Sequence[Sequence[Words]],
    dev: Sequence[Words] | None,
    raw: Sequence[str],
    word_lists: Sequence[WordList],
    options: NeuralOptions,
    log_line: Callable[[str], None],
) -> tuple[list[list[Words]], Sequence[Words]]:
    """Return what is trained on, raw text as a corpus of its own, and what epochs are chosen on."""
    train = [list(sentences) for sentences in corpora]
    if dev is None:
        train[0], dev = train_dev_split(train[0], options.dev_fraction, options.seed)
    if raw:
        linear = LinearOptions(seed=options.seed)
        threads = torch.get_num_threads()
        train.append(pseudo_labels(raw, train[0], dev, word_lists, options=linear, threads=threads, log_line=log_line))
    return train, dev


def _new_model(
    kind: Kind, corpora: Sequence[Sequence[Words]], word_lists: Sequence[WordList], options: NeuralOptions
) -> NeuralModel:
    texts = _texts(corpora)
    lists = min(max(len(word_lists), 1), MAX_LISTS)
    known = {"pair_size": options.pair_size, "standards": len(corpora), "word_lists": lists}
    if not isinstance(options, BertOptions):
        alphabet = Alphabet.of([*texts, *map("".join, word_lists)])
        features = FeatureOptions(len(alphabet.types), options.character_size, **known)
        labeler = make_labeler(kind, features, hidden=options.hidden, dropout=options.dropout)
        return NeuralModel(kind, labeler, alphabet, LexiconFeatures.of(alphabet, word_lists))
    name = bundled_encoder() if options.encoder == "mini" else options.encoder
    transformer, tokenizer, tokens = load_encoder(name, layers=options.encoder_layers, unshare=options.unshare_layers)
    _check_vocabulary(options.encoder, tokens, texts)
    encoder = Bert(transformer, tokens, FeatureOptions(0, 0, **known), options.dropout)
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
    chosen = {name: value for name, value in asdict(options).items() if name != "checkpoint_seconds"}
    digest = sha256(repr((kind, chosen, train.standards)).encode())
    if init is not None:
        digest.update(str(read_config(init).get("id")).encode())
    for codes, bits, tags in zip(train.codes, train.lexicon, train.tags, strict=True):
        digest.update(codes.tobytes() + bits.tobytes() + tags.tobytes())
    digest.update("\n".join(map(" ".join, dev)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]
