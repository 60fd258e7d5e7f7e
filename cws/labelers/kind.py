"""The kind of a model: which encoder scores its tags, and which head makes tags of the scores.

Model files, the command line and trainings name a kind by one string, such as `bert-crf`. It is parsed once, where it
comes in.
"""

from __future__ import annotations

from typing import NamedTuple

from cws.errors import InputError, did_you_mean

TYPE_CHECKING = False  # more of typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    Encoder: TypeAlias = Literal["linear", "hmm", "dictionary", "bilstm", "cnn", "bert"]
    Head: TypeAlias = Literal["softmax", "crf"]


class Kind(NamedTuple):
    """The kind of a model; a named tuple, because dataclasses are slow to import.

    Attributes:
        encoder: What scores the tags of each character.
        head: Of a neural model, what makes a distribution over tags of the scores; None for other models.

    >>> Kind.parse("bert-crf")
    Kind(encoder='bert', head='crf')
    >>> str(Kind("cnn", "softmax"))
    'cnn'
    """

    encoder: Encoder
    head: Head | None = None

    @classmethod
    def parse(cls, name: object) -> Kind:
        """Return the kind of this name.

        Raises:
            InputError: An unknown name.
        """
        for kind in KINDS:
            if str(kind) == name:
                return kind
        raise InputError(f"unknown kind {name!r} of model: {_known_names(name)}")

    @property
    def is_neural(self) -> bool:
        """Whether PyTorch trains it."""
        return self.head is not None

    @property
    def is_bert(self) -> bool:
        """Whether it tunes a pretrained encoder, which its directory holds beside its own tensors."""
        return self.encoder == "bert"

    @property
    def has_crf(self) -> bool:
        """Whether a neural model learns scores of transitions."""
        return self.head == "crf"

    def __str__(self) -> str:
        return f"{self.encoder}-crf" if self.has_crf else self.encoder


KINDS = (
    Kind("linear"),
    Kind("hmm"),
    Kind("dictionary"),
    Kind("bilstm", "softmax"),
    Kind("bilstm", "crf"),
    Kind("cnn", "softmax"),
    Kind("cnn", "crf"),
    Kind("bert", "softmax"),
    Kind("bert", "crf"),
)


def _known_names(wanted: object) -> str:
    """Return what a message says of the names there are, and of the one that is likely meant."""
    names = [str(kind) for kind in KINDS]
    near = did_you_mean(wanted, names) if isinstance(wanted, str) else None
    known = f"this release knows {', '.join(names)}"
    return f"did you mean {near}? ({known})" if near else known
