"""The hidden Markov model of characters and tags, of order 1 and 2.

Order 1 is the classic one: P(character | tag) and P(tag | tag before), Rabiner (1989).

Order 2 generates characters together with their tags: P(c, t | the two c, t before), interpolated with what is known
of one and of none before, as in Wang, Zong & Su, "Which is more suitable for Chinese word segmentation, the generative
model or the discriminative one?" (2009). As a chain of order 1 its tags are the sixteen legal triples of S, B, M, E.

This file says what such a model's tensors are, and opens them for the C++ core. The specification of the core's
scores is in cws/labelers/reference.py, training in cws/training/hmm.py.
"""

from __future__ import annotations

from cws import model_io
from cws._native import HmmPredictor
from cws.errors import ModelError
from cws.tags import SBME

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import Any

    from cws.tags import TagScheme

# Scores are integers; the score in nats is that times the scale in cws.json. Tags are in the order of cws/tags.py.
_COMMON: dict[str, tuple[str, tuple[int | None, ...]]] = {
    "characters": ("U16", (0x10000,)),  # the class of each code point of the BMP, as of linear models
    "scores": ("I16", (None, 4)),  # [class][tag]
}
TENSORS: dict[int, model_io.Specification] = {
    1: {
        **_COMMON,
        "transitions": ("I16", (4, 4)),  # [from][to]
        "start": ("I16", (4,)),
        "end": ("I16", (4,)),
    },
    2: {
        **_COMMON,
        "bigram_first": ("U32", (None,)),  # bigrams of class x are those from [x] to [x + 1]
        "bigram_classes": ("U16", (None,)),  # their second class, ascending
        "bigram_scores": ("I16", (None, 8)),  # [bigram][legal pair of tags]
        "trigram_first": ("U32", (None,)),  # trigrams that go on with bigram b are those from [b] to [b + 1]
        "trigram_classes": ("U16", (None,)),  # their third class, ascending
        "trigram_scores": ("I16", (None, 16)),  # [trigram][legal triple of tags]
    },
}


def legal_pairs(scheme: TagScheme) -> list[tuple[int, int]]:
    """Return the legal pairs of tags in lexicographic order, which is that of the scores of bigrams."""
    return [(p, q) for p, row in enumerate(scheme.transitions_allowed) for q, legal in enumerate(row) if legal]


def legal_triples(scheme: TagScheme) -> list[tuple[int, int, int]]:
    """Return the same for the scores of trigrams."""
    pairs = legal_pairs(scheme)
    return [(p, q, r) for p, q in pairs for also_q, r in pairs if also_q == q]


PAIRS, TRIPLES = legal_pairs(SBME), legal_triples(SBME)


def open_hmm(folder: str | os.PathLike[str], config: Mapping[str, Any]) -> HmmPredictor:
    """Return the model in a folder, mapped into memory.

    Raises:
        ModelError: A broken or foreign file.
    """
    scale, order = config.get("scale"), config.get("order")
    if not isinstance(scale, float) or not 0 < scale < 1:
        raise ModelError(f"{folder}: expected a scale between 0 and 1 in cws.json, got {scale!r}")
    if type(order) is not int or order not in TENSORS:
        raise ModelError(f"{folder}: expected an order of 1 or 2 in cws.json, got {order!r}")
    try:
        return HmmPredictor(model_io.map_tensors(folder, config, TENSORS[order]), scale, order)
    except ModelError:
        raise
    except ValueError as error:  # from the core, which checks what it will take on trust
        raise ModelError(f"{folder}: {error}: the file is damaged, train or install the model again") from None
