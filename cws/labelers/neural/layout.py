"""What the files of neural models and the C++ core agree on: names, sizes and shapes."""

from __future__ import annotations

from cws.tags import SBME

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from cws.labelers.kind import Kind

# Of a character's features, as in cws/native/neural/lexicon_features.h and network.h.
PAIR_BITS = 17  # of the hash of two neighbours
MAX_WORD = 8  # characters of a word of a word list
LIST_BITS = 12  # of a word list
MAX_LISTS = 5  # others are merged into the last

# Of an encoder of transformers.
WEIGHTS_FILE = "model.safetensors"
RESERVED = 4  # places of the first and last token, and of the padding token, after which RoBERTa counts
LONGEST = 1024  # characters that an encoder is given at once, those of RESERVED among them


def head_shapes(kind: Kind, size: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the tensors that make scores of tags of an encoder's vectors.

    Args:
        kind: The model's.
        size: Of the vectors.
    """
    tags = SBME.size
    shapes: dict[str, tuple[int, ...]] = {"output.weight": (tags, size), "output.bias": (tags,)}
    if kind.has_crf:
        shapes |= {"crf.transitions": (tags, tags), "crf.start_transitions": (tags,), "crf.end_transitions": (tags,)}
    return shapes
