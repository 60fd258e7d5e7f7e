"""Segmenters with a user dictionary, for the tests of this folder."""

from __future__ import annotations

import pickle
from itertools import pairwise

from hypothesis import strategies as st

from cws.segmenter import Segmenter
from cws.user_dictionary import UserDictionary
from cws.user_dictionary.reference import DECIDED, FORCED, NEVER

TEXT = "他来到了网易杭研大厦，买了iPhone 15手机。今天天气真好！"

weights = st.sampled_from([FORCED, NEVER, DECIDED, DECIDED]) | st.floats(-20, 20).filter(
    lambda weight: abs(weight) > 1e-3
)


def make(model, entries, compiled=(), **folding):
    """A segmenter with entries and weights, as the reference has them; those in `compiled` come out of a trie."""
    dictionary = UserDictionary(**folding)
    for is_compiled in (True, False):
        for word, weight in entries.items():
            if (word in compiled) == is_compiled:
                dictionary.add_word(word, {FORCED: "!", NEVER: "-", DECIDED: None}.get(weight, weight))
        if is_compiled and compiled:
            dictionary = pickle.loads(pickle.dumps(dictionary))
    return Segmenter(model, user_dictionary=dictionary, units=False)  # of which the reference knows nothing


def word_spans(words, text):
    assert "".join(words) == text
    ends = [0]
    for word in words:
        ends.append(ends[-1] + len(word))
    return list(pairwise(ends))
