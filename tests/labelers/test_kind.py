"""`Kind`: the name of a kind of model is parsed once, and says what the model is made of."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cws.errors import InputError
from cws.labelers.kind import KINDS, Kind

NAMES = ["linear", "hmm", "dictionary", "bilstm", "bilstm-crf", "cnn", "cnn-crf", "bert", "bert-crf"]


def test_kinds_have_the_names_that_model_files_hold():
    assert [str(kind) for kind in KINDS] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_kind_parse_and_str_are_inverse(name):
    assert str(Kind.parse(name)) == name


@pytest.mark.parametrize(
    ("name", "kind", "is_neural", "is_bert", "has_crf"),
    [
        ("linear", Kind("linear"), False, False, False),
        ("cnn", Kind("cnn", "softmax"), True, False, False),
        ("bilstm-crf", Kind("bilstm", "crf"), True, False, True),
        ("bert", Kind("bert", "softmax"), True, True, False),
        ("bert-crf", Kind("bert", "crf"), True, True, True),
    ],
)
def test_kind_knows_its_encoder_and_head(name, kind, is_neural, is_bert, has_crf):
    found = Kind.parse(name)
    assert found == kind
    assert (found.is_neural, found.is_bert, found.has_crf) == (is_neural, is_bert, has_crf)


@pytest.mark.parametrize(
    ("name", "meant"), [("bert_crf", "bert-crf"), ("BERT", "bert"), ("lstm", "bilstm"), ("hmm2", "hmm")]
)
def test_kind_unknown_name_suggests_a_known_one(name, meant):
    message = rf"unknown kind '{name}' of model: did you mean {meant}\? \(this release knows linear, .*, bert-crf\)"
    with pytest.raises(InputError, match=message):
        Kind.parse(name)


@given(st.text().filter(lambda name: name not in NAMES) | st.none() | st.integers() | st.lists(st.text()))
def test_kind_anything_else_lists_what_is_known(name):
    with pytest.raises(InputError, match="(?s)unknown kind .* of model: .*this release knows linear, hmm, dictionary"):
        Kind.parse(name)


def test_kind_is_a_value():
    assert {Kind("bert", "crf"): 1}[Kind.parse("bert-crf")] == 1
    assert pickle.loads(pickle.dumps(Kind("hmm"))) == Kind("hmm")
    with pytest.raises(AttributeError):
        Kind("hmm").encoder = "cnn"
