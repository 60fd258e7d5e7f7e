"""What arguments may be: scores left out, legality and constraints, layouts, types, torch tensors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from chains import legal_tags, make, on

from cws.decode import LinearChain
from cws.tags import SBME


def test_decode_start_and_end_are_zeros_where_there_are_none(backend):
    chain = make(13, (3, 4), 5)
    zeros = replace(chain, start=np.zeros(5, np.float32), end=np.zeros(5, np.float32))
    none = replace(chain, start=None, end=None)
    assert on(zeros, backend).viterbi().scores.tolist() == on(none, backend).viterbi().scores.tolist()


def test_decode_forbidden_transitions_are_as_a_legality(backend):
    chain = make(14, (3, 9, 1), legality=SBME, integers=True)
    forbidden = replace(
        chain,
        legality=None,
        transitions=np.where(SBME.transitions_allowed, chain.transitions, np.float32(-np.inf)),
        start=np.where(SBME.start_allowed, chain.start, np.float32(-np.inf)),
        end=np.where(SBME.end_allowed, chain.end, np.float32(-np.inf)),
    )
    one, other = on(chain, backend).viterbi(), on(forbidden, backend).viterbi()
    assert [part.tolist() for part in one] == [part.tolist() for part in other]
    one, other = on(chain, backend).marginals(), on(forbidden, backend).marginals()
    assert all(a == pytest.approx(b, abs=1e-5) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("size", [3, 4, 8, 9, 17])
def test_decode_allowed_may_come_as_bits(backend, size):
    chain = make(15, (3, 9, 1), size, integers=True, allowed=True)
    bits = np.packbits(chain.allowed, axis=1, bitorder="little")
    if size % 8:
        bits[:, -1] |= 0xFF << size % 8 & 0xFF  # of tags that there are not
    other = replace(chain, allowed=bits)
    assert on(chain, backend).viterbi().tags.tolist() == on(other, backend).viterbi().tags.tolist()
    one, two = on(chain, backend).marginals(), on(other, backend).marginals()
    assert one.tags.tobytes() == two.tags.tobytes()


def strided(array: np.ndarray) -> np.ndarray:
    """The same values in every third place of a larger, read-only array."""
    room = np.zeros([3 * length for length in array.shape], array.dtype)
    places = tuple(slice(1, None, 3) for _ in array.shape)
    room[places] = array
    room.flags.writeable = False
    return room[places]


@pytest.mark.parametrize("layout", [strided, np.asfortranarray, lambda array: array[::-1].copy()[::-1]], ids=str)
@pytest.mark.parametrize("size", [4, 9])
def test_decode_takes_arrays_of_any_layout(cpu_backend, layout, size):
    chain = make(16, (3, 0, 9), size, allowed=True)
    gold, weights = legal_tags(chain), np.float32([1, 2, 3])
    names = ("emissions", "offsets", "transitions", "start", "end", "allowed")
    other = replace(chain, **{name: layout(getattr(chain, name)) for name in names})
    one = on(chain, cpu_backend).log_likelihood(gold, weights=weights)
    two = on(other, cpu_backend).log_likelihood(layout(gold), weights=layout(weights))
    assert [part.tobytes() for part in one] == [part.tobytes() for part in two]
    one, two = (on(which, cpu_backend).viterbi() for which in (chain, other))
    assert [part.tobytes() for part in one] == [part.tobytes() for part in two]


def test_decode_leaves_its_arguments_as_they_were(cpu_backend):
    chain = make(17, (3, 0, 9), legality=SBME, allowed=True)
    before = [getattr(chain, name).tobytes() for name in ("emissions", "transitions", "start", "end", "allowed")]
    for function, options in ((LinearChain.viterbi, {}), (LinearChain.nbest, {"n": 2}), (LinearChain.marginals, {})):
        function(on(chain, cpu_backend), **options)
    after = [getattr(chain, name).tobytes() for name in ("emissions", "transitions", "start", "end", "allowed")]
    assert before == after


@pytest.mark.parametrize(("kind", "chosen"), [(np.float32, "native"), (np.float64, "reference")])
def test_decode_chooses_the_backend_by_the_type(kind, chosen):
    chain = make(18, (30,), 4)
    chain = replace(chain, emissions=chain.emissions.astype(kind))
    one, other = chain.marginals(), on(chain, chosen).marginals()
    assert [part.tobytes() for part in one] == [part.tobytes() for part in other]


@pytest.mark.parametrize("with_gradients", [False, True])
def test_decode_takes_torch_tensors_and_returns_them(cpu_backend, with_gradients):
    torch = pytest.importorskip("torch")
    chain = make(19, (3, 0, 9), 5, allowed=True)
    gold = legal_tags(chain)

    def send(array):
        wants = with_gradients and array.dtype == np.float32
        return torch.tensor(array).requires_grad_() if wants else torch.tensor(array)

    names = ("emissions", "offsets", "transitions", "start", "end", "allowed")
    sent = replace(chain, **{name: send(getattr(chain, name)) for name in names})
    calls = [
        (LinearChain.viterbi, {}),
        (LinearChain.nbest, {"n": 3}),
        (LinearChain.marginals, {}),
        (LinearChain.marginals, {"pairwise": True}),
    ]
    for function, options in calls:
        found, expected = (
            function(on(sent, cpu_backend), **options),
            function(on(chain, cpu_backend), **options),
        )
        assert all(isinstance(part, torch.Tensor) and part.device.type == "cpu" for part in found)
        assert not any(part.requires_grad for part in found)
        assert [part.numpy().tobytes() for part in found] == [part.tobytes() for part in expected]
    found = on(sent, cpu_backend).log_likelihood(torch.tensor(gold), weights=torch.ones(3))
    expected = on(chain, cpu_backend).log_likelihood(gold)
    assert [part.numpy().tobytes() for part in found] == [part.tobytes() for part in expected]


def test_decode_takes_torch_tensors_that_are_not_contiguous(cpu_backend):
    torch = pytest.importorskip("torch")
    chain = make(20, (3, 0, 9), 5)
    sent = replace(chain, emissions=torch.tensor(chain.emissions.T.copy()).T)
    assert not sent.emissions.is_contiguous()
    assert on(sent, cpu_backend).viterbi().scores.tolist() == on(chain, cpu_backend).viterbi().scores.tolist()
