"""Errors say what was expected and what came."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from chains import arguments, make, on_cpu

from cws.decode import forward_backward, log_likelihood, nbest, viterbi
from cws.errors import InputError
from cws.tags import BI


def floats(*shape, kind=np.float32):
    return np.zeros(shape, kind)


def with_bad_emission(value):
    emissions = arguments()["emissions"].copy()
    emissions[5, 2] = value
    return emissions


BAD = {
    "emissions list": ({"emissions": [[0.0]]}, "emissions: expected a numpy array or a torch tensor, got list"),
    "emissions none": ({"emissions": None}, "emissions: expected a numpy array or a torch tensor, got NoneType"),
    "emissions flat": ({"emissions": floats(7)}, r"emissions: expected the shape (characters, tags), got (7,)"),
    "emissions cube": ({"emissions": floats(7, 4, 1)}, r"expected the shape (characters, tags), got (7, 4, 1)"),
    "emissions half": ({"emissions": floats(7, 4, kind=np.float16)}, "expected float32 (or float64), got float16"),
    "emissions int": ({"emissions": floats(7, 4, kind=int)}, "emissions: expected float32 (or float64), got int64"),
    "emissions complex": ({"emissions": floats(7, 4, kind=complex)}, "float32 (or float64), got complex128"),
    "emissions of 0 tags": ({"emissions": floats(7, 0)}, "emissions: expected 1 to 256 tags, got 0"),
    "emissions of 257 tags": ({"emissions": floats(7, 257)}, "emissions: expected 1 to 256 tags, got 257"),
    "offsets list": ({"offsets": [0, 7]}, "offsets: expected a numpy array or a torch tensor, got list"),
    "offsets int32": ({"offsets": np.int32([0, 7])}, "offsets: expected int64 of shape (sequences + 1,), got int32"),
    "offsets float": ({"offsets": np.float64([0, 7])}, "got float64 (2,)"),
    "offsets table": ({"offsets": np.int64([[0, 7]])}, "expected int64 of shape (sequences + 1,), got int64 (1, 2)"),
    "offsets scalar": ({"offsets": np.array(7)}, "expected int64 of shape (sequences + 1,), got int64 ()"),
    "offsets none": ({"offsets": np.int64([])}, "expected int64 of shape (sequences + 1,), got int64 (0,)"),
    "offsets from 1": ({"offsets": np.int64([1, 7])}, "offsets: expected to go from 0 to 7, got 1 to 7"),
    "offsets to 6": ({"offsets": np.int64([0, 6])}, "offsets: expected to go from 0 to 7, got 0 to 6"),
    "offsets to 8": ({"offsets": np.int64([0, 8])}, "offsets: expected to go from 0 to 7, got 0 to 8"),
    "offsets only 0": ({"offsets": np.int64([0])}, "offsets: expected to go from 0 to 7, got 0 to 0"),
    "offsets fall": ({"offsets": np.int64([0, 5, 4, 7])}, "offsets: expected to rise, got 5 and then 4 at 2"),
    "offsets far": ({"offsets": np.int64([0, 2**62, 7])}, "expected to rise, got 4611686018427387904 and then 7 at 2"),
    "offsets negative": ({"offsets": np.int64([0, -3, 7])}, "offsets: expected to rise, got 0 and then -3 at 1"),
    "transitions shape": ({"transitions": floats(4, 5)}, "transitions: expected the shape (4, 4), got (4, 5)"),
    "transitions type": (
        {"transitions": floats(4, 4, kind=int)},
        "transitions: expected float32 (or float64), got",
    ),
    "transitions list": ({"transitions": [[0.0]]}, "transitions: expected a numpy array or a torch tensor, got list"),
    "start shape": ({"start_transitions": floats(5)}, "start_transitions: expected the shape (4,), got (5,)"),
    "start type": ({"start_transitions": floats(4, kind=int)}, "start_transitions: expected float32 (or float64), got"),
    "end shape": ({"end_transitions": floats(4, 1)}, "end_transitions: expected the shape (4,), got (4, 1)"),
    "end list": ({"end_transitions": [0.0]}, "end_transitions: expected a numpy array or a torch tensor, got list"),
    "transitions nan": (
        {"transitions": np.diag(np.float32([0, np.nan, 0, 0]))},
        "transitions: expected -inf or scores from -1e30 to 1e30, got nan from 1 to 1",
    ),
    "transitions inf": ({"transitions": np.diag(np.float32([0, 0, np.inf, 0]))}, "1e30, got inf from 2 to 2"),
    "transitions large": ({"transitions": np.diag(np.float32([0, 0, 2e30, 0]))}, "1e30 to 1e30, got 2"),
    "transitions low": ({"transitions": np.diag(np.float32([0, 0, -2e30, 0]))}, "1e30 to 1e30, got -2"),
    "start nan": ({"start_transitions": np.float32([0, np.nan, 0, 0])}, "expected -inf or scores from"),
    "end inf": ({"end_transitions": np.float32([0, np.inf, 0, 0])}, "expected -inf or scores from"),
    "emissions nan": (
        {"emissions": with_bad_emission(np.nan)},
        "emissions: expected scores from -1e30 to 1e30, sequence 2 has nan for tag 2 of character 2: to forbid a tag,",
    ),
    "emissions inf": ({"emissions": with_bad_emission(np.inf)}, "sequence 2 has inf for tag 2 of character 2"),
    "emissions -inf": ({"emissions": with_bad_emission(-np.inf)}, "sequence 2 has -inf for tag 2 of character 2"),
    "emissions large": ({"emissions": with_bad_emission(1.5e30)}, "sequence 2 has 1.49"),
    "emissions low": ({"emissions": with_bad_emission(-1.5e30)}, "sequence 2 has -1.49"),
    "legality size": ({"legality": BI}, "legality: expected a scheme of 4 tags like the emissions, got one of 2"),
    "allowed list": ({"allowed": [[True]]}, "allowed: expected a numpy array or a torch tensor, got list"),
    "allowed shape": (
        {"allowed": floats(7, 5, kind=bool)},
        "allowed: expected bool of shape (7, 4) or its bits in uint8 of shape (7, 1), got bool (7, 5)",
    ),
    "allowed rows": ({"allowed": floats(6, 1, kind=np.uint8)}, "in uint8 of shape (7, 1), got uint8 (6, 1)"),
    "allowed bytes": ({"allowed": floats(7, 4, kind=np.uint8)}, "in uint8 of shape (7, 1), got uint8 (7, 4)"),
    "allowed type": ({"allowed": floats(7, 4, kind=int)}, "allowed: expected bool of shape (7, 4) or its bits"),
    "allowed nothing": ({"allowed": floats(7, 4, kind=bool)}, "sequence 0, of 3 characters: no legal path: see"),
    "start forbidden": (
        {"start_transitions": np.full(4, -np.inf, np.float32)},
        "sequence 0, of 3 characters: no legal path: see `allowed`, the legality and the length",
    ),
    "backend": ({"backend": "fpga"}, "backend: expected one of reference, native, cuda, got 'fpga'"),
    "threads 0": ({"threads": 0}, "threads must be from 1 to 256, got 0"),
    "threads 257": ({"threads": 257}, "threads must be from 1 to 256, got 257"),
    "threads float": ({"threads": 2.0}, "threads must be from 1 to 256, got 2.0"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD.keys())
@on_cpu
def test_decode_refuses_what_is_wrong(backend, changes, message):
    with pytest.raises(InputError) as caught:
        viterbi(**arguments(backend=backend) | changes)
    assert message in str(caught.value)


@pytest.mark.parametrize("function", [nbest, forward_backward, log_likelihood], ids=lambda one: one.__name__)
@on_cpu
def test_decode_every_function_checks(backend, function):
    options = {nbest: {"n": 2}, forward_backward: {}, log_likelihood: {"tags": np.zeros(7, np.uint8)}}[function]
    for name in ("emissions flat", "offsets fall", "transitions nan", "emissions nan", "legality size", "threads 0"):
        changes, message = BAD[name]
        with pytest.raises(InputError) as caught:
            function(**arguments(backend=backend) | changes, **options)
        assert message in str(caught.value)


@on_cpu
@pytest.mark.parametrize("function", [nbest, forward_backward], ids=lambda one: one.__name__)
def test_decode_no_legal_path_is_an_error_of_every_function(backend, function):
    options = {"n": 2} if function is nbest else {}
    allowed = np.ones((7, 4), bool)
    allowed[4] = False
    with pytest.raises(InputError, match="sequence 2, of 4 characters: no legal path"):
        function(**arguments(backend=backend, allowed=allowed), **options)


def test_decode_native_refuses_doubles():
    emissions = floats(7, 4, kind=np.float64)
    with pytest.raises(InputError, match="the native backend expects float32, got float64: use backend='reference'"):
        viterbi(**arguments(emissions=emissions, backend="native"))


@on_cpu
def test_decode_refuses_tensors_of_another_device(backend):
    torch = pytest.importorskip("torch")
    with pytest.raises(InputError, match="transitions: expected it on the cpu like the emissions, got one on m"):
        viterbi(**arguments(backend=backend, transitions=torch.zeros(4, 4, device="meta")))


def test_decode_cuda_refuses_numpy_arrays():
    pytest.importorskip("torch")
    with pytest.raises(InputError, match="the cuda backend expects a torch tensor, got ndarray"):
        viterbi(**arguments(backend="cuda"))


@on_cpu
@pytest.mark.parametrize("value", [1e30, -1e30])
def test_decode_takes_scores_up_to_the_limit(backend, value):
    emissions = with_bad_emission(value)
    assert np.isfinite(viterbi(**arguments(backend=backend, emissions=emissions)).scores).all()


def test_decode_refuses_doubles_of_another_byte_order():
    chain = make(27, (3,), 4)
    with pytest.raises(InputError, match="emissions: expected float32"):
        replace(chain, emissions=chain.emissions.astype(">f8")).viterbi()


def test_decode_refuses_bfloat16_on_the_cpu():
    torch = pytest.importorskip("torch")
    with pytest.raises(
        InputError, match="emissions: expected a dense tensor of a type numpy has too, got strided bfloat16"
    ):
        viterbi(**arguments(emissions=torch.zeros(7, 4, dtype=torch.bfloat16)))


def test_decode_refuses_doubles_beyond_float32_without_a_warning():
    with pytest.raises(
        InputError, match=r"transitions: expected -inf or scores from -1e30 to 1e30, got inf from 0 to 0"
    ):
        viterbi(**arguments(transitions=np.full((4, 4), 1e300)))


def test_decode_refuses_a_legality_that_is_none():
    with pytest.raises(InputError, match="legality"):
        viterbi(**arguments(legality="SBME"))


@pytest.mark.parametrize("name", ["start_transitions", "end_transitions"])
def test_decode_names_the_argument_that_holds_no_numbers(name):
    with pytest.raises(InputError, match=f"^{name}: "):
        viterbi(**arguments(**{name: np.float32([0, np.nan, 0, 0])}))
