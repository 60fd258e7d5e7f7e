"""The hyper-parameters of neural labelers: what suits each kind, whoever trains it, from Python or from the shell."""

from __future__ import annotations

from dataclasses import dataclass

from cws.errors import InputError
from cws.labelers.kind import KINDS
from cws.training.schedule import LoopOptions


@dataclass(frozen=True, kw_only=True)
class NeuralOptions(LoopOptions):
    """Hyper-parameters of bilstm and cnn, with and without a CRF, which learn from the corpus alone.

    Raises:
        InputError: A value out of its range.
    """

    learning_rate: float = 2e-3  # of all but the CRF: weights drawn at random have a long way to go
    crf_lr_multiplier: float = 5.0  # the CRF's learning rate is so many times that, see tagging.py
    batch_characters: int = 2048  # of a step, padding included
    character_size: int = 64  # of the vectors of characters
    pair_size: int = 32  # of the vectors of pairs of neighbours
    hidden: int = 128  # of each layer; bilstm has it each way
    dropout: float = 0.3  # of what is read and of what comes out of the layers
    character_dropout: float = 0.01  # the share of characters shown as unknown ones, so that these are learned too
    dev_fraction: float = 0.05  # of the training sentences, where no dev set is given

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, allowed in (
            ("learning_rate", 0 < self.learning_rate < 1),
            ("crf_lr_multiplier", 0 <= self.crf_lr_multiplier <= 1e6),
            ("batch_characters", self.batch_characters >= 1),
            ("character_size", self.character_size >= 1),
            ("pair_size", self.pair_size >= 1),
            ("hidden", self.hidden >= 1),
            ("dropout", 0 <= self.dropout < 1),
            ("character_dropout", 0 <= self.character_dropout < 1),
        ):
            if not allowed:
                raise InputError(f"{name} of a neural model cannot be {getattr(self, name)!r}: see NeuralOptions")


@dataclass(frozen=True, kw_only=True)
class BertOptions(NeuralOptions):
    """Hyper-parameters of bert, with and without a CRF: a pretrained encoder is tuned.

    `character_size` and `hidden` mean nothing here; the encoder has its own.

    Raises:
        InputError: A value out of its range.
    """

    epochs: int = 10  # half of the others': much is learned already
    learning_rate: float = 2e-4  # of the encoder, which would forget what it learned at a higher one
    crf_lr_multiplier: float = 100.0  # at less, transitions hardly move: docs/explanation/crf_learning_rate.md
    dropout: float = 0.1  # what encoders are pretrained with
    encoder: str = "mini"  # the bundled one; or a folder, or a name of the Hugging Face hub
    encoder_layers: int | None = None  # only so many, the first; None: all
    unshare_layers: bool = False  # give each layer of an ALBERT weights of its own

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.encoder_layers is not None and self.encoder_layers < 1:
            raise InputError(f"encoder_layers of a neural model cannot be {self.encoder_layers!r}: see BertOptions")


NEURAL_OPTIONS: dict[str, type[NeuralOptions]] = {
    str(kind): BertOptions if kind.is_bert else NeuralOptions for kind in KINDS if kind.is_neural
}


def check_options(kind: str, options: NeuralOptions | None) -> NeuralOptions:
    """Return the options of a training of this kind: those given, or the defaults of the kind.

    Raises:
        InputError: No such kind, or options of another.
    """
    if kind not in NEURAL_OPTIONS:
        raise InputError(f"no kind {kind!r} of neural model: take one of {', '.join(NEURAL_OPTIONS)}")
    suitable = NEURAL_OPTIONS[kind]
    if options is None:
        return suitable()
    if type(options) is not suitable:
        raise InputError(f"options of a {kind}: expected {suitable.__name__}, got {type(options).__name__}")
    return options
