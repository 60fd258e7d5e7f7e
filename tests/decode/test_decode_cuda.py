"""The CUDA backend against the reference: on a GPU where there is one, else through Triton's interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the CUDA backend needs torch")
triton = pytest.importorskip("triton", reason="the CUDA backend needs triton")

from cws import decode  # noqa: E402
from cws.decode.chain import MAX_SCORE  # noqa: E402
from cws.decode.cuda import backend, chunks  # noqa: E402
from cws.errors import InputError  # noqa: E402
from cws.tags import SBME  # noqa: E402

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
pytestmark = [
    pytest.mark.skipif(
        DEVICE == "cpu" and not triton.knobs.runtime.interpret, reason="needs a GPU or TRITON_INTERPRET=1"
    ),
    # The interpreter's numpy warns of -inf and NaN, which these tests use.
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

FAMILIES = ("general", "lanes", "chunks")  # of kernels that can decode four tags
EDGES = [0, 1, 7, 8, 9, 0, 15, 16, 17, 18, 0]  # around the ends of tiles, words and chunks


@pytest.fixture
def family(request):
    """Kernels chosen by a test rather than by shape; chunks so small that there are groups of groups of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend, "_kernel_family", lambda chain: request.param)
        patch.setattr(chunks, "CHUNK", 16)
        patch.setattr(chunks, "RADIX", 2)
        patch.setattr(chunks, "_lanes", lambda chunks: 16)  # few programs: the interpreter does one after the other
        yield request.param


def edges(family):
    """Lengths of sequences; fewer where the interpreter takes its time for each character."""
    return [0, 1, 7, 0, 2, 17] if family == "general" else EDGES


def slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


every_family = pytest.mark.parametrize("family", FAMILIES, indirect=True)
# Sums by chunks take the interpreter long, and two tests show most of what there is to see.
every_family_of_sums = pytest.mark.parametrize("family", [*FAMILIES[:2], slow(FAMILIES[2])], indirect=True)
general = pytest.mark.parametrize("family", FAMILIES[:1], indirect=True)


class Case:
    """A batch, and what both backends make of it."""

    def __init__(self, lengths, size=4, *, seed=0, whole=False, dtype=torch.float32, **options):
        random = np.random.default_rng(seed)

        def draw(*shape):
            return random.integers(-2, 3, shape) if whole else random.normal(0, 2, shape)

        self.lengths = np.asarray(lengths, np.int64)
        self.offsets = np.concatenate([[0], np.cumsum(self.lengths)]).astype(np.int64)
        self.sequences, self.characters = len(lengths), int(self.offsets[-1])
        self.emissions = torch.tensor(draw(self.characters, size), dtype=dtype)
        self.scores = [torch.tensor(draw(*shape), dtype=torch.float32) for shape in ((size, size), (size,), (size,))]
        self.options = {"check": False, **options}
        self.random, self.size = random, size

    def tensors(self, device):
        return [torch.as_tensor(t).to(device) for t in (self.emissions, self.offsets, *self.scores)]

    def cuda(self, function, **more):
        options = {k: v.to(DEVICE) if torch.is_tensor(v) else v for k, v in {**self.options, **more}.items()}
        return [t.cpu() for t in function(*self.tensors(DEVICE), backend="cuda", **options)]

    def reference(self, function, **more):
        emissions, *others = self.tensors("cpu")
        options = {**self.options, **more}
        return list(function(emissions.float(), *others, backend="reference", **options))

    def forbid(self, share=0.3):
        self.options["allowed"] = torch.tensor(self.random.random((self.characters, self.size)) >= share)

    def score_of(self, tags):
        """The score of each sequence's tags; those of a good sequence must be legal."""
        emissions = self.emissions.double().numpy()
        steps, start, end = (t.double().numpy() for t in self.scores)
        scores = []
        for first, last in zip(self.offsets[:-1], self.offsets[1:], strict=True):
            path = tags[first:last].long().numpy()
            score = emissions[np.arange(first, last), path].sum() + steps[path[:-1], path[1:]].sum()
            scores.append(score + start[path[0]] + end[path[-1]] if len(path) else 0.0)
        return np.asarray(scores)

    def good_characters(self, scores):
        return torch.as_tensor(np.repeat(np.isfinite(scores.numpy()), self.lengths))


def same_paths(case):
    """Tags and scores of integers are the reference's, ties included."""
    tags, scores = case.cuda(decode.viterbi)
    expected_tags, expected = case.reference(decode.viterbi)
    torch.testing.assert_close(scores, expected, rtol=0, atol=0, equal_nan=True)
    good = case.good_characters(expected)
    assert torch.equal(tags[good], expected_tags[good])
    assert tags.numel() == 0 or int(tags.max()) < case.size
    assert tags.dtype == torch.uint8 and scores.dtype == torch.float64


def close(found, expected, tolerance=1e-5):
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        torch.testing.assert_close(one.double(), other.double(), rtol=tolerance, atol=tolerance, equal_nan=True)


def same_sums(case, **more):
    found, expected = case.cuda(decode.forward_backward, **more), case.reference(decode.forward_backward, **more)
    assert [t.dtype for t in found] == [torch.float64, torch.float32, torch.float32]
    close(found, expected)


def same_likelihood(case, tags, **more):
    found = case.cuda(decode.log_likelihood, tags=tags, **more)
    close(found, case.reference(decode.log_likelihood, tags=tags, **more))


@every_family
@pytest.mark.parametrize("legality", [None, SBME], ids=["all", "SBME"])
def test_cuda_viterbi_of_integers_is_the_reference(family, legality):
    same_paths(Case(edges(family), whole=True, legality=legality))


@every_family
def test_cuda_viterbi_obeys_allowed(family):
    case = Case(edges(family), whole=True, legality=SBME)
    case.forbid()
    same_paths(case)


@every_family
@pytest.mark.parametrize("legality", [slow(None), SBME], ids=["all", "SBME"])
def test_cuda_viterbi_of_floats_reaches_the_best_score(family, legality):
    case = Case([30, 3, 0, 21], legality=legality, seed=1)
    tags, scores = case.cuda(decode.viterbi)
    close([scores, torch.as_tensor(case.score_of(tags))], [case.reference(decode.viterbi)[1]] * 2, 1e-6)


@general
@pytest.mark.parametrize("size", [1, 2, slow(3), slow(6), 13, slow(64), 256])
def test_cuda_viterbi_of_any_number_of_tags(family, size):
    case = Case([0, 1, 12], size, whole=True)
    case.forbid()
    case.options["allowed"][:, 0] = True
    same_paths(case)


@every_family
@pytest.mark.parametrize("dtype", [torch.float16, slow(torch.bfloat16)], ids=str)
def test_cuda_viterbi_of_halves(family, dtype):
    same_paths(Case([18, 5], whole=True, dtype=dtype, legality=SBME))


@every_family_of_sums
def test_cuda_marginals_of_halves(family):
    same_sums(Case([18, 5], dtype=torch.float16, legality=SBME))


@pytest.mark.parametrize("family", FAMILIES[1:], indirect=True)
@pytest.mark.parametrize("sequences", [1, slow(7), slow(8), 9, slow(33)])
def test_cuda_viterbi_of_as_many_sequences_as_lanes(family, sequences):
    same_paths(Case([3] * sequences, whole=True, legality=SBME))


@every_family
def test_cuda_marginals_are_the_reference(family):
    same_sums(Case(edges(family), seed=2))


@every_family_of_sums
def test_cuda_marginals_obey_legality_and_allowed(family):
    case = Case(edges(family), seed=3, legality=SBME)
    case.forbid(0.2)
    same_sums(case)


@general
@pytest.mark.parametrize("size", [1, slow(2), 3, slow(6), 13, 64, slow(256)])
def test_cuda_sums_of_any_number_of_tags(family, size):
    case = Case([0, 1, 7], size, seed=4)
    same_sums(case)
    same_likelihood(case, torch.tensor(case.random.integers(0, size, case.characters)))


def test_cuda_pairwise_marginals_are_the_reference():
    case = Case([0, 1, 9, 4], 6, seed=5)
    case.forbid()
    same_sums(case, pairwise=True)


@every_family
@pytest.mark.parametrize("legality", [slow(None), SBME], ids=["all", "SBME"])
def test_cuda_likelihood_is_the_reference(family, legality):
    case = Case(edges(family), seed=6, legality=legality)
    weights = torch.tensor(case.random.random(case.sequences), dtype=torch.float32)
    same_likelihood(case, case.reference(decode.viterbi)[0], weights=weights)


@every_family_of_sums
def test_cuda_likelihood_of_wrong_tags_is_no_number_and_has_no_gradient(family):
    case = Case([5, 5, 5], seed=7, legality=SBME)
    tags = torch.tensor([0, 0, 1, 3, 0, 0, 0, 3, 3, 0, 0, 9, 0, 0, 0])
    values, *gradients = case.cuda(decode.log_likelihood, tags=tags)
    assert values[0].isfinite() and values[1] == -torch.inf and values[2].isnan()
    tags[11] = 2  # the reference refuses a 9, and S M is just as wrong
    expected, *expected_gradients = case.reference(decode.log_likelihood, tags=tags)
    close([values[:2], *gradients], [expected[:2], *expected_gradients])


def with_bad_sequences():
    """The second sequence holds a NaN, the third has infinite and too large scores, the fourth has no legal path."""
    case = Case([5, 17, 6, 4, 18, 3], whole=True, legality=SBME)
    case.options["allowed"] = torch.ones(case.characters, 4, dtype=torch.bool)
    case.options["allowed"][30] = False
    case.options["allowed"][7, 2] = False  # a bad score is bad, allowed or not
    case.emissions[7, 2] = torch.nan
    case.emissions[24, 0] = torch.inf
    case.emissions[25, 0] = -1e31
    return case


@every_family
def test_cuda_bad_sequences_leave_the_paths_of_others_alone(family):
    same_paths(with_bad_sequences())


@every_family_of_sums
def test_cuda_bad_sequences_leave_the_gradients_of_others_alone(family):
    case = with_bad_sequences()
    same_likelihood(case, torch.zeros(case.characters, dtype=torch.uint8))


@every_family_of_sums
def test_cuda_bad_sequences_leave_the_marginals_of_others_alone(family):
    same_sums(with_bad_sequences())


@every_family
def test_cuda_viterbi_takes_the_largest_score_and_no_larger(family):
    case = Case([2, 2], whole=True)
    largest = np.float32(MAX_SCORE)
    largest = largest if float(largest) <= MAX_SCORE else np.nextafter(largest, np.float32(0))
    case.emissions[0, 1], case.emissions[3, 2] = float(largest), -float(np.nextafter(largest, np.float32(np.inf)))
    _, scores = case.cuda(decode.viterbi)
    assert scores[0].isfinite() and scores[1].isnan()


@every_family_of_sums
def test_cuda_sums_survive_potentials_that_are_far_apart(family):
    case = Case([9, 18], whole=True)
    case.emissions[3, 1], case.emissions[12, 2], case.scores[0][1, 2] = 9e29, -9e29, -9e29
    log_partition, marginals, transitions = case.cuda(decode.forward_backward)
    assert log_partition.isfinite().all() and transitions.isfinite().all()
    close([marginals.sum(1)], [torch.ones(case.characters)])
    best = case.reference(decode.viterbi)[1]
    torch.testing.assert_close(log_partition, best, rtol=1e-6, atol=50)


HOSTILE = [[-5, 3, 90, 15], slow([7, 7, 2, 20]), slow([2**62, -(2**62), 5, 2**40]), slow([20, 12, 6, 0])]


@every_family_of_sums
@pytest.mark.parametrize("offsets", HOSTILE)
def test_cuda_hostile_offsets_touch_nothing_else(family, offsets):
    case = Case([20], whole=True, legality=SBME)
    case.offsets = np.asarray(offsets, np.int64)
    guarded = torch.full((60, 4), 7.0)
    guarded[20:40] = case.emissions
    case.emissions = guarded[20:40]
    tags, scores = case.cuda(decode.viterbi)
    assert tags.shape == (20,) and scores.shape == (3,)
    case.cuda(decode.log_likelihood, tags=torch.zeros(20, dtype=torch.int64))
    if family == "general":
        case.cuda(decode.nbest, n=2)


@every_family
@pytest.mark.parametrize("lengths", [[], [0, 0, 0]])
def test_cuda_of_nothing(family, lengths):
    case = Case(lengths)
    same_paths(case)
    same_sums(case)
    same_likelihood(case, torch.zeros(0, dtype=torch.uint8))
    close(case.cuda(decode.nbest, n=2), case.reference(decode.nbest, n=2))


@pytest.mark.parametrize(("size", "n"), [slow(1, 3), (2, 5), (4, 1), (4, 3), slow(6, 4)])
def test_cuda_nbest_of_integers_is_the_reference(size, n):
    case = Case([0, 1, 7, 2, 9], size, whole=True, seed=8)
    case.forbid()
    case.options["allowed"][:, 0] = True
    tags, scores = case.cuda(decode.nbest, n=n)
    expected_tags, expected = case.reference(decode.nbest, n=n)
    assert torch.equal(scores, expected)
    assert torch.equal(tags, expected_tags)


def test_cuda_nbest_of_bad_sequences_is_no_number():
    case = Case([4, 4, 4], legality=SBME, whole=True)
    case.emissions[1, 2] = torch.nan
    case.options["allowed"] = torch.ones(12, 4, dtype=torch.bool)
    case.options["allowed"][5] = False
    close(case.cuda(decode.nbest, n=3)[1:], case.reference(decode.nbest, n=3)[1:])


def test_cuda_nbest_says_how_many_tags_it_takes():
    with pytest.raises(InputError, match="at most 64 tags, got 65: decode on the CPU"):
        Case([3], 65).cuda(decode.nbest, n=2)


@pytest.mark.skipif(DEVICE == "cuda", reason="the chains of a GPU are CUDA tensors")
def test_cuda_expects_tensors():
    with pytest.raises(InputError, match="the cuda backend expects a torch tensor, got ndarray"):
        decode.viterbi(np.zeros((1, 4), np.float32), np.zeros(2, np.int64), np.zeros((4, 4)), backend="cuda")


@pytest.fixture
def on_gpu():
    if DEVICE == "cpu":
        pytest.skip("needs a CUDA device")


def every_function(case):
    """Calls of all functions of the backend, with tensors that are on the device already."""
    emissions, *others = case.tensors(DEVICE)
    gold = torch.zeros(case.characters, dtype=torch.uint8, device=DEVICE)
    weights = torch.ones(case.sequences, device=DEVICE)
    return [
        lambda: decode.viterbi(emissions, *others, legality=SBME),
        lambda: decode.nbest(emissions, *others, n=3, legality=SBME),
        lambda: decode.forward_backward(emissions, *others, legality=SBME),
        lambda: decode.forward_backward(emissions, *others, pairwise=True),
        lambda: decode.log_likelihood(emissions, *others, tags=gold, weights=weights, legality=SBME),
    ]


@pytest.mark.gpu
@every_family
def test_cuda_never_waits_for_the_device(family, on_gpu):
    calls = every_function(Case(edges(family)))
    for call in calls:
        call()  # compiles, and copies the legality to the device
    torch.cuda.set_sync_debug_mode("error")
    try:
        for call in calls:
            call()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.gpu
@every_family
def test_cuda_calls_can_be_captured(family, on_gpu):
    for call in every_function(Case(edges(family))):
        expected = [t.clone() for t in call()]
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            found = call()
        for t in found:
            t.zero_()
        graph.replay()
        torch.cuda.synchronize()
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


@pytest.mark.gpu
@every_family
def test_cuda_results_are_the_same_each_time(family, on_gpu):
    for call in every_function(Case(edges(family) * 20)):
        for one, other in zip(call(), call(), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("arguments", [["few", "90"], slow(["all", "80", "90"])], ids=" ".join)
def test_cuda_kernels_compile_for_gpus_that_are_not_there(arguments):
    script = Path(__file__).with_name("cuda_kernels.py")
    done = subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("registers=") >= 13, done.stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offsets": [0, 3, 1, 4]}, "offsets: expected to rise"),
        ({"offsets": [0, 1, 3, 9]}, "offsets: expected to go from 0 to 4, got 0 to 9"),
        ({"transitions": [[0, float("nan")], [0, 0]]}, "transitions: expected -inf or scores"),
        ({"end_transitions": [0, float("inf")]}, "end_transitions: expected -inf or scores"),
        ({"emissions": [[0, 0], [0, 0], [0, float("nan")], [0, 0]]}, "emissions: expected scores"),
    ],
)
def test_decode_cuda_checks_values_when_asked(change, message):
    arguments = {
        "emissions": torch.zeros(4, 2),
        "offsets": torch.tensor([0, 1, 3, 4]),
        "transitions": torch.zeros(2, 2),
        "end_transitions": torch.zeros(2),
    }
    arguments |= {name: torch.tensor(value, dtype=arguments[name].dtype) for name, value in change.items()}
    arguments = {name: value.to(DEVICE) for name, value in arguments.items()}
    decode.viterbi(**arguments, backend="cuda", check=False)  # says nothing
    with pytest.raises(InputError, match=message):
        decode.viterbi(**arguments, backend="cuda", check=True)
