"""`LinearChain` as an object: what it checks and when, and the functions that wrap it."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import oracles
import pytest
from chains import LENGTHS, ON_CPU, arguments, constrained, enumerated, every_legality, legal_tags, make, on, on_cpu

from cws import decode
from cws.decode import LinearChain, forward_backward, log_likelihood, nbest, viterbi
from cws.errors import InputError
from cws.tags import SBME

METHODS = {
    "viterbi": LinearChain.viterbi,
    "nbest": lambda chain: chain.nbest(2),
    "marginals": LinearChain.marginals,
    "log_partition": LinearChain.log_partition,
    "log_likelihood": lambda chain: chain.log_likelihood(np.zeros(len(chain.emissions), np.uint8)),
}
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS.keys())


def same_bytes(found, expected) -> bool:
    return type(found) is type(expected) and [a.tobytes() for a in found] == [b.tobytes() for b in expected]


@constrained
def test_decode_functions_are_the_methods(cpu_backend, allowed):
    chain = make(31, (3, 0, 9), legality=SBME, allowed=allowed)
    tags, weights = legal_tags(chain), np.float32([1, 2, 3])
    scores = (chain.emissions, chain.offsets, chain.transitions, chain.start, chain.end)
    options = {"legality": SBME, "allowed": chain.allowed, "backend": cpu_backend, "threads": 2, "check": True}
    chain = on(chain, cpu_backend)
    assert same_bytes(viterbi(*scores, **options), chain.viterbi())
    assert same_bytes(nbest(*scores, n=3, **options), chain.nbest(3))
    assert same_bytes(forward_backward(*scores, **options), chain.marginals())
    assert same_bytes(forward_backward(*scores, pairwise=True, **options), chain.marginals(pairwise=True))
    found = log_likelihood(*scores, tags=tags, weights=weights, **options)
    assert same_bytes(found, chain.log_likelihood(tags, weights=weights))


@every_legality
@constrained
def test_decode_log_partition_equals_enumeration(cpu_backend, legality, allowed):
    chain = make(32, LENGTHS, legality=legality, allowed=allowed)
    expected = [enumerated(oracles.log_partition, chain, one) for one in range(len(chain))]
    assert on(chain, cpu_backend).log_partition() == pytest.approx(np.array(expected), abs=1e-5)


def test_decode_log_partition_of_tensors_is_a_tensor():
    torch = pytest.importorskip("torch")
    chain = LinearChain(torch.zeros(2, 4), torch.tensor([0, 2]), torch.zeros(4, 4))
    assert chain.log_partition().tolist() == pytest.approx([np.log(16)])


class CountingLegality:
    """A legality that counts how often it is read."""

    start_allowed = end_allowed = (True,) * 4

    def __init__(self) -> None:
        self.reads = 0

    @property
    def transitions_allowed(self):
        self.reads += 1
        return ((True,) * 4,) * 4


def test_decode_a_chain_is_made_once_for_all_methods():
    legality = CountingLegality()
    chain = LinearChain(*list(arguments().values()), legality=legality)
    reads = legality.reads
    for method in METHODS.values():
        method(chain)
    assert legality.reads == reads > 0


def test_decode_a_chain_keeps_the_legality_it_was_made_with():
    legality = CountingLegality()
    emissions, transitions = np.float32([[0, 0, 0, 9]]), np.zeros((4, 4), np.float32)
    chain = LinearChain(emissions, np.int64([0, 1]), transitions, legality=legality)
    legality.start_allowed = (True, True, True, False)
    assert chain.viterbi().tags.tolist() == [3]
    assert replace(chain).viterbi().tags.tolist() == [0]


def test_decode_sees_that_a_legality_has_changed():
    legality = CountingLegality()
    scores = np.float32([[0, 0, 0, 9]]), np.int64([0, 1]), np.zeros((4, 4), np.float32)
    assert viterbi(*scores, legality=legality).tags.tolist() == [3]
    legality.start_allowed = (True, True, True, False)
    assert viterbi(*scores, legality=legality).tags.tolist() != [3]


@on_cpu
def test_decode_the_constructor_refuses_bad_transitions(backend):
    chain = make(33, (3,), 4)
    with pytest.raises(InputError, match="transitions: expected -inf or scores from -1e30 to 1e30, got nan"):
        replace(chain, transitions=np.full((4, 4), np.nan, np.float32), backend=backend)


@on_cpu
@every_method
def test_decode_every_method_refuses_bad_emissions(backend, method):
    emissions = make(34, (3, 2), 4).emissions.copy()
    emissions[4, 1] = np.nan
    chain = replace(make(34, (3, 2), 4), emissions=emissions, backend=backend)
    with pytest.raises(InputError, match="sequence 1 has nan for tag 1 of character 1"):
        method(chain)
    method(replace(chain, check=False))


@on_cpu
@every_method
def test_decode_every_method_may_be_called_again(backend, method):
    chain = on(make(35, (3, 0, 2), 4), backend)
    first = method(chain)
    for other in METHODS.values():
        other(chain)
    assert [np.asarray(part).tobytes() for part in method(chain)] == [np.asarray(part).tobytes() for part in first]


@on_cpu
def test_decode_a_method_refuses_n_out_of_range(backend):
    with pytest.raises(InputError, match="n: expected 1 to 1024, got 0"):
        on(make(36, (3,), 4), backend).nbest(0)


def test_decode_a_chain_does_not_change():
    chain = make(37, (3,), 4)
    with pytest.raises(FrozenInstanceError):
        chain.legality = SBME


def test_decode_a_chain_with_other_arguments_is_checked_again():
    chain = make(38, (3, 1), 4)
    assert replace(chain, legality=SBME).viterbi().tags[3] == 0  # the only word of one character is S
    with pytest.raises(InputError, match="offsets: expected to go from 0 to 4, got 0 to 3"):
        replace(chain, offsets=np.int64([0, 3]))


@on_cpu
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda chain: pickle.loads(pickle.dumps(chain))], ids=["copy", "pickle"]
)
def test_decode_copies_of_a_chain_give_the_same(backend, copied):
    chain = on(make(40, (3, 0, 4), legality=SBME, allowed=True), backend)
    assert same_bytes(copied(chain).marginals(), chain.marginals())
    assert repr(copied(chain)) == repr(chain)


@pytest.mark.parametrize("backend", [None, *ON_CPU])
def test_decode_a_chain_describes_itself(backend):
    chain = replace(make(39, (3, 0, 4), 5), backend=backend)
    assert (len(chain), chain.num_tags) == (3, 5)
    name = backend or "native"
    assert repr(chain) == f"LinearChain(characters=7, sequences=3, tags=5, backend='{name}')"


def test_decode_exports_what_it_documents():
    assert all(hasattr(decode, name) for name in decode.__all__)
