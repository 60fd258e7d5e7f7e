"""`cws.crf.CRF`: against pytorch-crf where that can do the same, else against enumeration."""

from __future__ import annotations

import copy
import io
import math
import os
import pickle
import warnings
from itertools import chain

import numpy as np
import oracles
import pytest
from oracles import Tables

from cws.errors import InputError
from cws.tags import BI, SBBME6, SBME

torch = pytest.importorskip("torch")
torchcrf = pytest.importorskip("torchcrf")

from torch import nn  # noqa: E402

from cws.crf import CRF, REDUCTIONS  # noqa: E402
from cws.decode import autograd  # noqa: E402

LENGTHS = (5, 1, 7, 3)
every_reduction = pytest.mark.parametrize("reduction", REDUCTIONS)
both_orders = pytest.mark.parametrize("batch_first", [False, True], ids=["time_first", "batch_first"])


def pair(size: int = 4, batch_first: bool = False, seed: int = 0) -> tuple[CRF, torchcrf.CRF]:
    """Return our layer and theirs with the same parameters, which are not small."""
    torch.manual_seed(seed)
    ours, theirs = CRF(size, batch_first), torchcrf.CRF(size, batch_first)
    for parameter in ours.parameters():
        nn.init.uniform_(parameter, -2, 2)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def batch(size: int = 4, batch_first: bool = False, lengths=LENGTHS, seed: int = 1, dtype=None):
    """Return emissions, tags and mask, padded."""
    torch.manual_seed(seed)
    count, length = len(lengths), max(lengths)
    emissions = torch.randn(count, length, size, dtype=dtype) * 2
    tags = torch.randint(size, (count, length))
    mask = torch.arange(length) < torch.tensor(lengths)[:, None]
    if batch_first:
        return emissions, tags, mask
    return emissions.transpose(0, 1).contiguous(), tags.T.contiguous(), mask.T.contiguous()


def quietly(function, *arguments, **options):
    """Call pytorch-crf, whose use of masks torch warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


def lists(tensor) -> list:
    return tensor.detach().double().tolist()


def number(tensor) -> float:
    return float(tensor.detach())


# Against pytorch-crf


def test_crf_begins_as_torchcrf_with_the_same_seed():
    torch.manual_seed(3)
    ours = CRF(5).state_dict()
    torch.manual_seed(3)
    theirs = torchcrf.CRF(5).state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert max(float(values.abs().max()) for values in ours.values()) <= 0.1


def test_crf_loads_and_gives_the_state_of_torchcrf():
    ours, theirs = CRF(5, scheme=None), torchcrf.CRF(5)
    assert str(ours.load_state_dict(theirs.state_dict())) == "<All keys matched successfully>"
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    assert str(theirs.load_state_dict(CRF(5).state_dict())) == "<All keys matched successfully>"
    assert [*CRF(4, scheme=SBME).state_dict()] == [*torchcrf.CRF(4).state_dict()]


@every_reduction
@both_orders
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("size", [1, 2, 4, 7])
def test_crf_likelihood_equals_torchcrf(reduction, batch_first, masked, size):
    ours, theirs = pair(size, batch_first)
    emissions, tags, mask = batch(size, batch_first)
    mask = mask if masked else torch.ones_like(mask)
    found = ours(emissions, tags, mask if masked else None, reduction)
    expected = quietly(theirs, emissions, tags, mask, reduction)
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    assert lists(found) == pytest.approx(lists(expected), rel=1e-5, abs=1e-5)


@every_reduction
@both_orders
@pytest.mark.parametrize("masked", [False, True])
def test_crf_gradients_equal_torchcrf(reduction, batch_first, masked):
    emissions, tags, mask = batch(batch_first=batch_first)
    mask = mask if masked else torch.ones_like(mask)
    gradients = []
    for crf in pair(batch_first=batch_first):
        inputs = emissions.clone().requires_grad_()
        values = quietly(crf, inputs, tags, mask, reduction)
        (values * torch.arange(1.0, 1 + values.numel()).reshape(values.shape)).sum().backward()
        gradients.append([inputs.grad, *(parameter.grad for parameter in crf.parameters())])
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@both_orders
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("size", [1, 2, 4, 7])
def test_crf_decode_equals_torchcrf(batch_first, masked, size):
    ours, theirs = pair(size, batch_first)
    emissions, _, mask = batch(size, batch_first)
    mask = mask if masked else torch.ones_like(mask)
    found = ours.decode(emissions, mask if masked else None)
    assert found == quietly(theirs.decode, emissions, mask)
    assert all(type(tag) is int for path in found for tag in path)


def test_crf_takes_masks_of_bytes():
    crf, _ = pair()
    emissions, tags, mask = batch()
    assert torch.equal(crf(emissions, tags, mask.byte()), crf(emissions, tags, mask))
    assert crf.decode(emissions, mask.byte()) == crf.decode(emissions, mask)


def test_crf_says_what_it_is_as_torchcrf_does():
    assert repr(CRF(5)) == repr(torchcrf.CRF(5))


def wrong(name: str):
    """Arguments that both refuse, of a layer of 4 tags, time first."""
    emissions, tags, mask = batch()
    off = mask.clone()
    off[0, 2] = False
    return {
        "two dimensions": (emissions[0], tags, mask),
        "tags of emissions": (emissions[..., :3], tags, mask),
        "shape of tags": (emissions, tags[:-1], mask),
        "shape of mask": (emissions, tags, mask[:, :-1]),
        "first off": (emissions, tags, off),
    }[name]


WRONG = {
    "two dimensions": "emissions: expected (T, B, K) with K = 4, got (4, 4)",
    "tags of emissions": "emissions: expected (T, B, K) with K = 4, got (7, 4, 3)",
    "shape of tags": "tags: expected the shape (7, 4), got (6, 4)",
    "shape of mask": "mask: expected the shape (7, 4), got (7, 3)",
    "first off": "mask: expected the first character of every sequence to be on",
}


@pytest.mark.parametrize(("name", "message"), WRONG.items(), ids=WRONG.keys())
def test_crf_refuses_what_torchcrf_refuses(name, message):
    ours, theirs = pair()
    emissions, tags, mask = wrong(name)
    with pytest.raises(ValueError):
        quietly(theirs, emissions, tags, mask)
    with pytest.raises(InputError) as caught:
        ours(emissions, tags, mask)
    assert message in str(caught.value)
    if name != "shape of tags":
        for function in (ours.decode, ours.marginals, lambda *both: ours.nbest(*both, n=2)):
            with pytest.raises(InputError) as caught:
                function(emissions, mask)
            assert message in str(caught.value)


def test_crf_refuses_reductions_that_torchcrf_refuses():
    emissions, tags, _ = batch()
    for crf in pair():
        with pytest.raises(ValueError, match="reduction: (expected one of none, sum, mean, token_mean, got )?'?max"):
            crf(emissions, tags, reduction="max")


@pytest.mark.parametrize("size", [0, -1])
def test_crf_refuses_numbers_of_tags_that_torchcrf_refuses(size):
    with pytest.raises(ValueError):
        torchcrf.CRF(size)
    with pytest.raises(InputError, match=f"num_tags: expected 1 to 256, got {size}"):
        CRF(size)


# Gradients


def double_layer(scheme=None, size: int = 4) -> CRF:
    torch.manual_seed(5)
    return CRF(size, batch_first=True, scheme=scheme).double()


@every_reduction
@pytest.mark.parametrize("scheme", [None, SBME, BI, Tables.free(3)], ids=["none", "SBME", "BI", "free"])
def test_crf_gradients_equal_finite_differences(reduction, scheme):
    crf = double_layer(scheme, scheme.size if scheme else 4)
    emissions, _, mask = batch(crf.num_tags, True, (3, 1, 2), dtype=torch.float64)
    tags = torch.zeros(mask.shape, dtype=torch.int64)

    def compute(emissions, *parameters):
        named = dict(zip(dict(crf.named_parameters()), parameters, strict=True))
        return torch.func.functional_call(crf, named, (emissions, tags, mask, reduction))

    assert torch.autograd.gradcheck(compute, (emissions.requires_grad_(), *crf.parameters()))


@every_reduction
@pytest.mark.parametrize("scheme", [None, SBME], ids=["none", "SBME"])
def test_crf_gradients_of_partial_labels_equal_finite_differences(reduction, scheme):
    crf = double_layer(scheme)
    emissions, _, mask = batch(4, True, (4, 1, 2), dtype=torch.float64)
    known = torch.tensor([[-1, 1, -1, -1], [0, -1, -1, -1], [-1, -1, 0, 0]])

    def compute(emissions):
        return crf.partial_log_likelihood(emissions, known, mask, reduction)

    assert torch.autograd.gradcheck(compute, emissions.requires_grad_())


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_crf_second_derivatives_are_right_or_an_error(reduction):
    crf, theirs = (one.double() for one in pair())
    emissions, tags, mask = batch(lengths=(2, 1), dtype=torch.float64)
    expected = torch.autograd.functional.hessian(lambda one: quietly(theirs, one, tags, mask, "none").sum(), emissions)
    try:
        found = torch.autograd.functional.hessian(lambda one: crf(one, tags, mask, reduction).sum(), emissions)
    except RuntimeError:
        return
    torch.testing.assert_close(found, expected)


def test_crf_no_parameter_is_frozen():
    crf = CRF(4, scheme=SBME)
    emissions, _, mask = batch()
    crf(emissions, torch.zeros(mask.shape, dtype=torch.int64), mask).backward()
    assert len([*crf.parameters()]) == 3
    for parameter in crf.parameters():
        assert parameter.requires_grad
        assert parameter.grad is not None and parameter.grad.any()


def test_crf_illegal_steps_have_no_gradient():
    crf = CRF(4, scheme=SBME)
    emissions, _, mask = batch()
    crf(emissions, torch.zeros(mask.shape, dtype=torch.int64), mask).backward()
    assert not crf.transitions.grad[~torch.tensor(SBME.transitions_allowed)].any()
    assert not crf.start_transitions.grad[2:].any()


# The operators


def operator_arguments(reduction_weights: bool, dtype=None, allowed=None, is_sbme=False):
    torch.manual_seed(6)
    dtype = dtype or torch.float32
    emissions = torch.randn(9, 4, dtype=dtype, requires_grad=True)
    scores = [torch.randn(shape, dtype=dtype, requires_grad=True) for shape in ((4, 4), 4, 4)]
    tags = torch.tensor([0, 1, 3, 0, 0, 1, 2, 2, 3])
    arguments = (emissions, torch.tensor([0, 3, 3, 9]), tags, *scores, allowed, is_sbme)
    return (*arguments, torch.tensor([1.0, 2, 0.5], dtype=dtype)) if reduction_weights else arguments


@pytest.mark.parametrize("name", ["weighted_log_likelihood", "log_likelihood_of_each"])
@pytest.mark.parametrize("kind", ["plain", "doubles", "constrained", "SBME"])
def test_crf_operators_are_as_torch_wants_them(name, kind):
    arguments = operator_arguments(
        name.startswith("weighted"),
        torch.float64 if kind == "doubles" else None,
        torch.ones(9, 4, dtype=torch.bool) if kind == "constrained" else None,
        kind == "SBME",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's own tools
        results = torch.library.opcheck(getattr(autograd, name), arguments)
    assert set(results.values()) == {"SUCCESS"}


def test_crf_operators_say_the_true_strides():
    arguments = list(operator_arguments(True))
    arguments[0] = torch.randn(4, 9).T.requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.library.opcheck(autograd.weighted_log_likelihood, tuple(arguments), test_utils="test_faketensor")


@pytest.mark.parametrize("reduction", ["sum", "none", "token_mean"])
def test_crf_compiles_to_one_graph(reduction):
    crf = CRF(4, batch_first=True, scheme=SBME)
    emissions, _, mask = batch(batch_first=True)
    tags = torch.zeros(mask.shape, dtype=torch.int64)

    def loss(emissions, mask):
        return -crf(emissions * 2, tags, mask, reduction).sum()

    results = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the compiler's own modules
        torch._dynamo.reset()
        for function in (loss, torch.compile(loss, fullgraph=True, backend="aot_eager")):
            crf.zero_grad()
            inputs = emissions.clone().requires_grad_()
            value = function(inputs, mask)
            value.backward()
            results.append([value, inputs.grad, *(parameter.grad.clone() for parameter in crf.parameters())])
    for eager, compiled in zip(*results, strict=True):
        torch.testing.assert_close(eager, compiled)


# As part of a model


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.crf = nn.Linear(6, 4), CRF(4, batch_first=True, scheme=SBME)

    def forward(self, inputs, tags, mask):
        return -self.crf(self.encoder(inputs), tags, mask, "mean")


def tagger_and_inputs():
    torch.manual_seed(7)
    inputs, _, mask = batch(6, True)
    return Tagger(), inputs, torch.zeros(mask.shape, dtype=torch.int64), mask


def test_crf_gradients_are_the_same_under_distributed_data_parallel(tmp_path):
    from torch import distributed
    from torch.nn.parallel import DistributedDataParallel

    model, *inputs = tagger_and_inputs()
    model(*inputs).backward()
    expected = [parameter.grad.clone() for parameter in model.parameters()]
    model.zero_grad()
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
        try:
            DistributedDataParallel(model)(*inputs).backward()
        finally:
            distributed.destroy_process_group()
    for parameter, gradient in zip(model.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_crf_works_under_autocast():
    model, *inputs = tagger_and_inputs()
    exact = model(*inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = model(*inputs)
    value.backward()
    assert number(value) == pytest.approx(number(exact), rel=0.05)
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())
    assert model.crf.transitions.grad.dtype == torch.float32


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_crf_takes_half_emissions(kind):
    crf, _ = pair()
    emissions, tags, mask = batch()
    half = emissions.to(getattr(torch, kind)).requires_grad_()
    value = crf(half, tags, mask)
    value.backward()
    assert (value.dtype, half.grad.dtype) == (torch.float32, half.dtype)
    assert number(value) == pytest.approx(number(crf(half.detach().float(), tags, mask)), rel=1e-2)
    assert crf.decode(half, mask) == crf.decode(half.detach().float(), mask)
    assert crf.marginals(half, mask).dtype == half.dtype
    assert len(crf.nbest(half, mask, n=2)) == len(LENGTHS)


def test_crf_likelihood_of_many_half_emissions_is_finite():
    crf = CRF(4)
    emissions = torch.zeros(1000, 64, 4, dtype=torch.float16)
    assert torch.isfinite(crf(emissions, torch.zeros(1000, 64, dtype=torch.int64)))


def test_crf_takes_doubles():
    crf, theirs = pair()
    emissions, tags, mask = batch(dtype=torch.float64)
    value = crf.double()(emissions, tags, mask)
    assert value.dtype == torch.float64
    assert number(value) == pytest.approx(number(quietly(theirs.double(), emissions, tags, mask)), rel=1e-12)


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
def test_crf_parameters_may_be_of_any_type(kind):
    crf, _ = pair()
    emissions, tags, mask = batch()
    expected = number(crf(emissions, tags, mask))
    crf = crf.to(getattr(torch, kind))
    value = crf(emissions, tags, mask)
    value.backward()
    assert number(value) == pytest.approx(expected, rel=1e-2)
    assert all(parameter.grad.dtype == getattr(torch, kind) for parameter in crf.parameters())


@pytest.mark.parametrize("scheme", [None, SBME, Tables.free(4)], ids=["none", "SBME", "free"])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda crf: pickle.loads(pickle.dumps(crf))], ids=["copy", "pickle"])
def test_crf_copies_decode_the_same(scheme, copied):
    crf = CRF(4, scheme=scheme)
    emissions, _, mask = batch()
    other = copied(crf)
    assert other.decode(emissions, mask) == crf.decode(emissions, mask)
    other.transitions.data += 1
    assert not torch.equal(other.transitions, crf.transitions)


def test_crf_state_is_saved_without_code():
    file = io.BytesIO()
    crf = CRF(4, scheme=SBME)
    torch.save(crf.state_dict(), file)
    file.seek(0)
    other = CRF(4, scheme=SBME)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert all(torch.equal(a, b) for a, b in zip(crf.parameters(), other.parameters(), strict=True))


@pytest.mark.parametrize(
    "scheme",
    [
        SBME,
        None,
        BI,
    ],
    ids=["SBME", "none", "BI"],
)
def test_crf_may_be_made_on_the_meta_device(scheme):
    size = scheme.size if scheme else 4
    with torch.device("meta"):
        crf = CRF(size, scheme=scheme)
    torch.use_deterministic_algorithms(True)  # fills memory that is not initialised
    try:
        crf = crf.to_empty(device="cpu")
    finally:
        torch.use_deterministic_algorithms(False)
    crf.load_state_dict(CRF(size).state_dict())
    paths = crf.decode(torch.randn(3, 2, size))
    assert all(scheme is None or scheme.is_legal(path) for path in paths)


def test_crf_training_and_evaluation_are_the_same():
    crf, _ = pair()
    emissions, tags, mask = batch()
    trained = crf.train()(emissions, tags, mask)
    assert torch.equal(crf.eval()(emissions, tags, mask), trained)
    with torch.inference_mode():
        assert torch.equal(crf(emissions, tags, mask), trained)


def test_crf_learns_a_rule():
    torch.manual_seed(8)
    crf = CRF(2, batch_first=True)
    tags = torch.tensor([[0, 1] * 5])
    optimiser = torch.optim.SGD(crf.parameters(), 1.0)
    for _ in range(20):
        optimiser.zero_grad()
        (-crf(torch.zeros(1, 10, 2), tags, reduction="token_mean")).backward()
        optimiser.step()
    assert crf.decode(torch.zeros(1, 10, 2)) == tags.tolist()


# Marginals, n best, constraints


def oracle_arguments(crf: CRF, emissions) -> list:
    parts = (emissions, crf.transitions, crf.start_transitions, crf.end_transitions)
    return [part.detach().double().tolist() for part in parts]


@both_orders
@pytest.mark.parametrize("scheme", [None, SBME, SBBME6], ids=["none", "SBME", "SBBME6"])
def test_crf_marginals_equal_enumeration(batch_first, scheme):
    size = scheme.size if scheme else 4
    crf = CRF(size, batch_first, scheme=scheme)
    lengths = (4, 1, 3)
    emissions, _, mask = batch(size, batch_first, lengths)
    found = crf.marginals(emissions, mask)
    assert found.shape == emissions.shape
    assert torch.equal(found[~mask], torch.zeros_like(found[~mask]))
    assert found[mask].sum(-1) == pytest.approx(torch.ones(sum(lengths)), abs=1e-5)
    rows, scores = (one if batch_first else one.transpose(0, 1) for one in (found, emissions))
    for at, length in enumerate(lengths):
        expected = oracles.marginals(scheme or Tables.free(size), *oracle_arguments(crf, scores[at, :length]))
        assert rows[at, :length].numpy() == pytest.approx(np.array(expected), abs=1e-5)


@both_orders
@pytest.mark.parametrize("scheme", [None, SBME, SBBME6], ids=["none", "SBME", "SBBME6"])
def test_crf_nbest_equals_enumeration(batch_first, scheme):
    size = scheme.size if scheme else 4
    crf = CRF(size, batch_first, scheme=scheme)
    lengths = (4, 1, 3)
    emissions, _, mask = batch(size, batch_first, lengths)
    found = crf.nbest(emissions, mask, n=5)
    rows = emissions if batch_first else emissions.transpose(0, 1)
    for at, length in enumerate(lengths):
        arguments = oracle_arguments(crf, rows[at, :length])
        expected = oracles.n_best(scheme or Tables.free(size), *arguments)[:5]
        assert [tuple(path) for _, path in found[at]] == [path for _, path in expected]
        assert [score for score, _ in found[at]] == pytest.approx([score for score, _ in expected], abs=1e-5)
    assert [one[0][1] for one in found] == crf.decode(emissions, mask)


@pytest.mark.parametrize("n", [0, 1025])
def test_crf_nbest_refuses_n_out_of_range(n):
    with pytest.raises(InputError, match=f"n: expected 1 to 1024, got {n}"):
        CRF(4).nbest(batch()[0], n=n)


@pytest.mark.parametrize("scheme", [SBME, BI, SBBME6], ids=lambda scheme: scheme.name)
def test_crf_decodes_only_what_is_legal(scheme):
    torch.manual_seed(9)
    crf = CRF(scheme.size, batch_first=True, scheme=scheme)
    crf.transitions.data = 9 * torch.randn(scheme.size, scheme.size)
    paths = crf.decode(5 * torch.randn(40, 9, scheme.size))
    assert all(scheme.is_legal(path) for path in paths)


def test_crf_probabilities_of_all_legal_tags_sum_to_one():
    crf = CRF(4, batch_first=True, scheme=SBME)
    emissions = batch(4, True, (4,))[0]
    paths = oracles.all_paths(SBME, 4)
    values = crf(emissions.expand(len(paths), -1, -1), torch.tensor(paths), reduction="none")
    assert number(values.detach().double().exp().sum()) == pytest.approx(1, abs=1e-5)


@every_reduction
@pytest.mark.parametrize("scheme", [None, SBME], ids=["none", "SBME"])
@both_orders
def test_crf_partial_likelihood_equals_enumeration(reduction, scheme, batch_first):
    crf = CRF(4, batch_first, scheme=scheme)
    lengths = (4, 1, 3)
    emissions, _, mask = batch(4, batch_first, lengths)
    known = torch.full(mask.shape, -1)
    known[(0, 2) if batch_first else (2, 0)] = 0
    known[(2, 0) if batch_first else (0, 2)] = 1
    found = crf.partial_log_likelihood(emissions, known, mask, reduction)
    rows, tags = (one if batch_first else one.transpose(0, 1) for one in (emissions, known))
    tables, expected = scheme or Tables.free(4), []
    for at, length in enumerate(lengths):
        arguments = oracle_arguments(crf, rows[at, :length])
        allowed = [[known in (-1, tag) for tag in range(4)] for known in tags[at, :length].tolist()]
        whole = oracles.log_partition(tables, *arguments)
        expected.append(oracles.log_partition(tables, *arguments, allowed) - whole)
    total = {"none": expected, "sum": sum(expected), "mean": sum(expected) / 3, "token_mean": sum(expected) / 8}
    assert lists(found) == pytest.approx(total[reduction], abs=1e-5)


def test_crf_partial_likelihood_of_sets_of_tags_equals_enumeration():
    crf = CRF(4, batch_first=True, scheme=SBME)
    emissions = batch(4, True, (4,))[0]
    allowed = torch.tensor([[[1, 1, 0, 0], [1, 0, 1, 1], [1, 1, 1, 1], [0, 0, 0, 1]]], dtype=torch.bool)
    arguments = oracle_arguments(crf, emissions[0])
    expected = oracles.log_partition(SBME, *arguments, allowed[0].tolist()) - oracles.log_partition(SBME, *arguments)
    assert number(crf.partial_log_likelihood(emissions, allowed)) == pytest.approx(expected, abs=1e-5)


@every_reduction
def test_crf_partial_likelihood_of_known_tags_is_the_likelihood(reduction):
    crf, _ = pair()
    emissions, tags, mask = batch()
    expected = lists(crf(emissions, tags, mask, reduction))
    found = crf.partial_log_likelihood(emissions, tags.masked_fill(~mask, -100), mask, reduction)
    assert lists(found) == pytest.approx(expected, abs=1e-5)
    exact = nn.functional.one_hot(tags, 4).bool()
    assert lists(crf.partial_log_likelihood(emissions, exact, mask, reduction)) == pytest.approx(expected, abs=1e-5)


@every_reduction
def test_crf_partial_likelihood_of_nothing_known_is_zero(reduction):
    crf = CRF(4, scheme=SBME)
    emissions, tags, mask = batch()
    emissions.requires_grad_()
    found = crf.partial_log_likelihood(emissions, torch.full_like(tags, -1), mask, reduction)
    assert found.detach().numpy() == pytest.approx(0, abs=1e-5)
    found.sum().backward()
    assert emissions.grad.numpy() == pytest.approx(np.zeros(emissions.shape), abs=1e-5)


# Padding


@every_reduction
@both_orders
@pytest.mark.parametrize("scheme", [None, SBME, Tables.free(4)], ids=["none", "SBME", "free"])
@pytest.mark.parametrize("filling", [math.nan, math.inf, -1e38])
def test_crf_padding_has_no_influence(reduction, batch_first, scheme, filling):
    crf = CRF(4, batch_first, scheme=scheme)
    emissions, _, mask = batch(batch_first=batch_first)
    tags = torch.zeros(mask.shape, dtype=torch.int64)
    results = []
    for fill, tag in ((0.0, 0), (filling, -100), (filling, 7)):
        crf.zero_grad()
        inputs = emissions.masked_fill(~mask.unsqueeze(-1), fill).requires_grad_()
        value = crf(inputs, tags.masked_fill(~mask, tag), mask, reduction)
        value.sum().backward()
        partial = crf.partial_log_likelihood(inputs, torch.full_like(tags, -1).masked_fill(~mask, tag), mask, reduction)
        marginals, paths, some = crf.marginals(inputs, mask), crf.decode(inputs, mask), crf.nbest(inputs, mask, n=2)
        gradients = [inputs.grad, *(parameter.grad.clone() for parameter in crf.parameters())]
        assert not inputs.grad[~mask].any()
        results.append([value, partial, marginals, torch.tensor(paths[0]), *gradients, paths, some])
    for one in results[1:]:
        assert one[-2:] == results[0][-2:]
        assert all(torch.equal(a, b) for a, b in zip(one[:-2], results[0][:-2], strict=True))


def test_crf_extra_padding_has_no_influence():
    crf, _ = pair(batch_first=True)
    emissions, tags, mask = batch(batch_first=True)
    wide = nn.functional.pad(emissions, (0, 0, 0, 5)), nn.functional.pad(tags, (0, 5)), nn.functional.pad(mask, (0, 5))
    for reduction in REDUCTIONS:
        torch.testing.assert_close(crf(*wide, reduction), crf(emissions, tags, mask, reduction))
    assert crf.decode(wide[0], wide[2]) == crf.decode(emissions, mask)


# Packed


def packed(crf: CRF, lengths=LENGTHS):
    """Return emissions, offsets and tags, and the same padded."""
    emissions, tags, mask = batch(crf.num_tags, True, lengths)
    offsets = torch.tensor([0, *np.cumsum(lengths)])
    return (emissions[mask], offsets, tags[mask]), (emissions, tags, mask)


@every_reduction
def test_crf_packed_likelihood_equals_padded(reduction):
    crf, _ = pair(batch_first=True)
    short, padded = packed(crf)
    gradients = []
    for function, arguments in ((crf.log_likelihood_packed, short), (crf, padded)):
        crf.zero_grad()
        inputs = arguments[0].clone().requires_grad_()
        value = function(inputs, *arguments[1:], reduction)
        value.sum().backward()
        gradient = inputs.grad if inputs.ndim == 2 else inputs.grad[padded[2]]
        gradients.append([value, gradient, *(parameter.grad.clone() for parameter in crf.parameters())])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)


def test_crf_packed_decode_equals_padded():
    crf, _ = pair(batch_first=True)
    (emissions, offsets, _), (padded, _, mask) = packed(crf)
    found = crf.decode_packed(emissions, offsets)
    assert found.tags.tolist() == [*chain.from_iterable(crf.decode(padded, mask))]
    assert found.scores.tolist() == pytest.approx([one[0][0] for one in crf.nbest(padded, mask, n=1)], abs=1e-5)


def test_crf_packed_sequences_may_be_empty():
    crf = CRF(4, scheme=SBME)
    emissions, tags = torch.randn(3, 4), torch.tensor([0, 1, 3])
    offsets = torch.tensor([0, 0, 1, 1, 3])
    values = crf.log_likelihood_packed(emissions, offsets, tags, "none")
    assert values[[0, 2]].tolist() == [0, 0]
    assert values[1] == 0  # only S is legal
    assert values[3] < 0
    paths = crf.decode_packed(emissions, offsets)
    assert paths.scores[[0, 2]].tolist() == [0, 0]
    nothing = crf.log_likelihood_packed(torch.zeros(0, 4), torch.tensor([0]), torch.zeros(0, dtype=torch.int64))
    assert number(nothing) == 0


def test_crf_packed_may_be_constrained():
    crf = CRF(4, batch_first=True, scheme=SBME)
    emissions, offsets = torch.randn(4, 4), torch.tensor([0, 4])
    allowed = torch.ones(4, 4, dtype=torch.bool)
    allowed[1] = torch.tensor([False, False, True, False])
    assert crf.decode_packed(emissions, offsets, allowed=allowed).tags[1] == 2
    tags = torch.tensor([1, 2, 2, 3])
    values = [number(crf.log_likelihood_packed(emissions, offsets, tags, allowed=mask)) for mask in (None, allowed)]
    part = number(crf.partial_log_likelihood(emissions[None], allowed[None]))
    assert values[0] - values[1] == pytest.approx(part, abs=1e-5)


# What is wrong


def test_crf_sequences_without_characters_are_refused():
    crf, _ = pair(batch_first=True)
    emissions, tags, mask = batch(batch_first=True)
    mask[1] = False
    for function in (crf.decode, crf.marginals):
        with pytest.raises(InputError, match="mask: expected the first character of every sequence to be on"):
            function(emissions, mask)
    with pytest.raises(InputError, match="mask: expected the first character of every sequence to be on"):
        crf(emissions, tags, mask)


@pytest.mark.parametrize("masked", [False, True])
def test_crf_a_batch_of_length_zero_is_refused(masked):
    mask = torch.ones(0, 2, dtype=torch.bool) if masked else None
    with pytest.raises(InputError):
        CRF(4)(torch.zeros(0, 2, 4), torch.zeros(0, 2, dtype=torch.int64), mask)


def test_crf_masks_with_holes_are_refused():
    crf, _ = pair(batch_first=True)
    emissions, tags, mask = batch(batch_first=True)
    mask[0, 2] = False
    with pytest.raises(InputError, match="up to the end of a sequence and then off, got off and then on"):
        crf(emissions, tags, mask)


@pytest.mark.parametrize(("tag", "found"), [(4, "0 to 4"), (-1, "-1 to")])
def test_crf_tags_out_of_range_are_refused(tag, found):
    crf, _ = pair()
    emissions, tags, mask = batch()
    tags[0, 0], tags[0, 1] = tag, 0
    with pytest.raises(InputError, match=f"tags: expected 0 to 3, got {found}"):
        crf(emissions, tags, mask)


def test_crf_tags_of_another_type_are_refused():
    emissions, tags, mask = batch()
    for wrong_tags in (tags.int(), tags.float()):
        with pytest.raises(InputError, match="tags: expected uint8 or int64"):
            CRF(4)(emissions, wrong_tags, mask)


def test_crf_illegal_tags_are_refused():
    crf = CRF(4, batch_first=True, scheme=SBME)
    tags = torch.tensor([[0, 0, 0], [0, 1, 0]])
    with pytest.raises(InputError, match="sequence 1, of 3 characters: its tags take an illegal step"):
        crf(torch.zeros(2, 3, 4), tags)
    with pytest.raises(InputError, match="sequence 1, of 3 characters: its tags take an illegal step"):
        crf(torch.zeros(2, 3, 4), tags, torch.ones(2, 3, dtype=torch.bool), "none")


def test_crf_partial_labels_that_no_path_agrees_with_are_refused():
    crf = CRF(4, batch_first=True, scheme=SBME)
    with pytest.raises(InputError, match="sequence 1, of 2 characters: no legal path"):
        crf.partial_log_likelihood(torch.zeros(2, 2, 4), torch.tensor([[0, -1], [-1, 2]]))


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize("function", ["forward", "decode", "marginals", "nbest", "partial_log_likelihood"])
def test_crf_emissions_that_are_no_numbers_are_refused(function, mask):
    crf, _ = pair(batch_first=True)
    emissions, tags, on = batch(batch_first=True)
    emissions[2, 5, 1] = math.nan
    extra = {"forward": [tags], "partial_log_likelihood": [tags]}.get(function, [])
    options = {"n": 2} if function == "nbest" else {}
    with pytest.raises(InputError, match="sequence 2 has nan for tag 1 of character 5"):
        getattr(crf, function)(emissions, *extra, *([on] if mask else []), **options)


@pytest.mark.parametrize(
    ("allowed", "message"),
    [
        (
            torch.zeros(3, 3, dtype=torch.int64),
            "allowed: expected bool of shape (2, 3, 4) or int64 of shape (2, 3), got torch.int64 (3, 3)",
        ),
        (torch.ones(2, 3, 5, dtype=torch.bool), "allowed: expected the shape (2, 3, 4), got (2, 3, 5)"),
        (torch.ones(2, 3, dtype=torch.bool), "allowed: expected the shape (2, 3, 4), got (2, 3)"),
    ],
)
def test_crf_partial_labels_of_another_shape_are_refused(allowed, message):
    with pytest.raises(InputError) as caught:
        CRF(4, batch_first=True).partial_log_likelihood(torch.zeros(2, 3, 4), allowed)
    assert message in str(caught.value)


@pytest.mark.parametrize("size", [257, 2.0, "4", None])
def test_crf_numbers_of_tags_out_of_range_are_refused(size):
    with pytest.raises(InputError, match=f"num_tags: expected 1 to 256, got {size!r}"):
        CRF(size)


def test_crf_schemes_of_another_size_are_refused():
    with pytest.raises(InputError, match="legality: expected a scheme of 4 tags like the emissions, got one of 2"):
        CRF(4, scheme=BI)


@pytest.mark.parametrize(
    ("offsets", "message"),
    [([0, 4], "expected to go from 0 to 3, got 0 to 4"), ([0, 2, 1, 3], "expected to rise, got 2 and then 1 at 2")],
)
@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_crf_packed_offsets_that_do_not_fit_are_refused(offsets, message, reduction):
    tags = torch.zeros(3, dtype=torch.int64)
    with pytest.raises(InputError, match=f"offsets: {message}"):
        CRF(4).log_likelihood_packed(torch.zeros(3, 4), torch.tensor(offsets), tags, reduction)
    with pytest.raises(InputError, match=f"offsets: {message}"):
        CRF(4).decode_packed(torch.zeros(3, 4), torch.tensor(offsets))


def test_crf_packed_reductions_unknown_are_refused():
    with pytest.raises(InputError, match="reduction: expected one of none, sum, mean, token_mean, got 'avg'"):
        CRF(4).log_likelihood_packed(torch.zeros(3, 4), torch.tensor([0, 3]), torch.zeros(3, dtype=torch.int64), "avg")


@pytest.mark.parametrize("shape", [(6, 2), (1, 3, 4)])
def test_crf_packed_emissions_of_another_shape_are_refused(shape):
    tags = torch.zeros(3, dtype=torch.int64)
    with pytest.raises(InputError, match="emissions: expected"):
        CRF(4).log_likelihood_packed(torch.randn(shape), torch.tensor([0, 3]), tags)


def test_crf_packed_decode_names_the_emissions():
    with pytest.raises(InputError, match="emissions: expected"):
        CRF(4).decode_packed(torch.zeros(6, 3), torch.tensor([0, 6]))


@pytest.mark.parametrize("offsets", [torch.zeros(0, dtype=torch.int64), torch.tensor(3)], ids=["none", "scalar"])
@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_crf_packed_offsets_of_another_shape_are_refused(offsets, reduction):
    tags = torch.zeros(3, dtype=torch.int64)
    with pytest.raises(InputError, match="offsets: expected"):
        CRF(4).log_likelihood_packed(torch.zeros(3, 4), offsets, tags, reduction)


def test_crf_partial_labels_out_of_range_are_named():
    with pytest.raises(InputError, match="7"):
        CRF(4).partial_log_likelihood(torch.zeros(3, 2, 4), torch.full((3, 2), 7))
