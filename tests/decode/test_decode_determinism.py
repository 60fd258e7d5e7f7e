"""The same bytes for any number of threads, after any other call, and after a fork."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from chains import make, on

from cws.decode import LinearChain

CALLS = [
    (LinearChain.viterbi, {}),
    (LinearChain.nbest, {"n": 3}),
    (LinearChain.marginals, {}),
    (LinearChain.marginals, {"pairwise": True}),
    (LinearChain.log_likelihood, {"tags": None}),
]


def bytes_of(chain: LinearChain, function, options, threads: int | None = None) -> list[bytes]:
    if "tags" in options:
        options = {"tags": np.zeros(len(chain.emissions), np.uint8)}
    return [part.tobytes() for part in function(on(chain, "native", threads=threads), **options)]


@pytest.mark.parametrize(("function", "options"), CALLS, ids=lambda value: getattr(value, "__name__", ""))
@pytest.mark.parametrize("size", [4, 9])
def test_decode_bytes_do_not_depend_on_threads(function, options, size):
    random = np.random.default_rng(25)
    chain = make(25, random.integers(0, 120, 1200 if size == 4 else 500), size)
    assert len({tuple(bytes_of(chain, function, options, threads)) for threads in (1, 2, 3, 7, None)}) == 1


def test_decode_bytes_do_not_depend_on_earlier_calls():
    chains = [make(seed, (70, 0, 3, 9), size) for seed, size in enumerate((4, 9, 1, 4, 5, 17))]
    jobs = [(chain, *call) for chain in chains for call in CALLS]
    first = [bytes_of(*job) for job in jobs]
    assert [bytes_of(*job) for job in reversed(jobs)] == first[::-1]


def test_decode_many_threads_may_call_at_once():
    chains = [make(seed, [40] * 200, size) for seed, size in enumerate((4, 5, 4))]
    jobs = [(chain, *call, 2) for chain in chains for call in CALLS if call[1] != {"pairwise": True}]
    expected = [bytes_of(*job) for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda job: bytes_of(*job), jobs * 3)
    assert [*found] == expected * 3


FORK = """
import os, numpy as np
from cws.decode import forward_backward
random = np.random.default_rng(0)
emissions = random.normal(size=(60000, 4)).astype(np.float32)
offsets = np.arange(0, 60001, 100)
def compute():
    return forward_backward(emissions, offsets, np.eye(4, dtype=np.float32), threads=3).tags.tobytes()
expected = compute()
child = os.fork()
if not child:
    os._exit(0 if compute() == expected else 3)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_decode_works_after_a_fork():
    done = subprocess.run([sys.executable, "-c", FORK], timeout=60, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
