"""The linear model that a training begins with: it goes on scoring, and what is learned is the difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cws import model_io
from cws._native import LinearPredictor, build_table, find_in_table
from cws.errors import InputError
from cws.labelers.alphabet import Alphabet
from cws.labelers.linear import TENSORS, is_first_release, open_linear

Tensors = dict[str, NDArray[Any]]

_LEAST_KNOWN = 0.5  # of the characters of a training text
_DTYPES = {"U8": np.uint8, "U16": np.uint16, "I8": np.int8, "I16": np.int16}
_LARGEST = {"I8": 127, "I16": 10_000}  # weights in a model file


class InitialModel:
    """A linear model in a folder.

    Its alphabet and its n-grams go on: characters it does not know stay unknown, and what it knows of n-grams that no
    training sentence has stays as it is.

    Args:
        folder: Of the model.

    Attributes:
        config: Its cws.json.
        alphabet: Its characters.
        scale: Nats of one step of its weights.

    Raises:
        ModelError: A broken or foreign file.
        InputError: A model of another kind, or of the first release, whose n-grams cannot be moved.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.config = model_io.read_config(folder)
        if (kind := self.config.get("kind")) != "linear":
            raise InputError(f"{folder} is a model of kind {kind}: a linear training begins with a linear model")
        if is_first_release(self.config):
            raise InputError(f"{folder} was made by cws 0.1, whose n-grams cannot be added to: train it again")
        self._predictor: LinearPredictor = open_linear(folder, self.config)
        self._tensors: Tensors = {}
        for name, buffer in model_io.map_tensors(folder, self.config, TENSORS).items():
            kind, shape = TENSORS[name]
            self._tensors[name] = np.frombuffer(buffer, _DTYPES[kind]).reshape(
                [-1 if size is None else size for size in shape]
            )
        self.alphabet = Alphabet(self._tensors["characters"], self._tensors["types"])
        self.scale = float(self.config["scale"])

    def check_knows(self, texts: Iterable[str]) -> None:
        """Raise InputError if most characters of the texts are none of the model's."""
        codes = self.alphabet.encode("".join(texts))
        if len(codes) and not (known := self.alphabet.knows(codes)).mean() > _LEAST_KNOWN:
            raise InputError(
                f"the model to begin with knows {known.mean():.0%} of the characters of the training text: is it of"
                " another script, or encoding?"
            )

    def emissions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the scores of the tags in nats, shape (N, 4), of all characters of texts without white space."""
        rows = np.zeros((sum(map(len, texts)), 4), np.float32)
        at = 0
        for text in texts:
            for begin, scores in self._predictor.emissions(text):
                values = np.array(scores, np.float32).reshape(-1, 4)
                rows[at + begin : at + begin + len(values)] = values
            at += len(text)
        rows *= np.float32(self.scale)
        return rows

    def chain(self) -> NDArray[np.float32]:
        """Return transitions, start and end in nats, shape (6, 4)."""
        steps = [self._tensors[name].reshape(-1, 4) for name in ("transitions", "start", "end")]
        rows: NDArray[np.float32] = np.vstack(steps).astype(np.float32)
        rows *= np.float32(self.scale)
        return rows

    def with_difference(self, weights: Tensors, limit: int) -> Tensors:
        """Return the tensors of a model file, of this model and what was learned beyond it.

        Args:
            weights: What `LinearTrainer.weights` returned, in nats; of the chain the sum already.
            limit: New n-grams are left out if no weight of theirs is beyond this many steps.
        """
        steps = {name: weights[name] / self.scale for name in ("unigrams", "type_contexts", "repetitions", "ngrams")}
        sums = {name: self._tensors[name] + steps[name] for name in ("unigrams", "type_contexts", "repetitions")}
        sums |= {name: weights[name] / self.scale for name in ("transitions", "start", "end")}
        known, is_known = find_in_table(self._tensors["buckets"], self._tensors["pilots"], weights["keys"])
        ngrams = _rounded(known.reshape(-1, 4, 4) + steps["ngrams"], "I8")
        changed = (ngrams != known.reshape(-1, 4, 4)).any(axis=(1, 2))
        kept = np.where(is_known, changed, np.abs(ngrams).max(axis=(1, 2), initial=0) > limit)
        keys, ngrams = weights["keys"][kept], np.ascontiguousarray(ngrams[kept])
        buckets, pilots = build_table(keys, ngrams, self._tensors["buckets"], self._tensors["pilots"])
        return {
            "characters": self.alphabet.characters,
            "types": self.alphabet.types,
            "buckets": buckets,
            "pilots": pilots,
            **{name: _rounded(value, TENSORS[name][0]) for name, value in sums.items()},
        }


def _rounded(values: NDArray[Any], kind: str) -> NDArray[Any]:
    rounded: NDArray[Any] = np.rint(values).clip(-_LARGEST[kind], _LARGEST[kind]).astype(_DTYPES[kind])
    return rounded
