"""The choice of a backend: which algorithms compute a chain, and where its arrays are."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple, Protocol

import cws.decode.reference as reference
from cws.decode.chain import Array, Chain, Legality, is_tensor
from cws.decode.host import HostArrays
from cws.decode.native import Native
from cws.errors import InputError
from cws.threads import check_threads, processors

Backend = Literal["reference", "native", "cuda"]
BACKENDS = ("reference", "native", "cuda")


class Algorithms(Protocol):
    """What a backend computes; `cws.decode.reference` specifies it."""

    def viterbi(self, chain: Chain) -> tuple[Array, Array]: ...
    def nbest(self, chain: Chain, n: int) -> tuple[Array, Array]: ...
    def forward_backward(self, chain: Chain, pairwise: bool = False) -> tuple[Array, Array, Array]: ...
    def log_likelihood(self, chain: Chain, tags: Array, weights: Array) -> tuple[Array, tuple[Array, ...]]: ...


class Arrays(Protocol):
    """What takes a caller's arrays and gives results back: `HostArrays` or `DeviceTensors`."""

    def chain(
        self,
        emissions: Array,
        offsets: Array,
        transitions: Array,
        start: Array | None,
        end: Array | None,
        legality: Legality | None,
        allowed: Array | None,
    ) -> Chain: ...
    def tags(self, chain: Chain, tags: Array) -> Array: ...
    def weights(self, chain: Chain, weights: Array | None) -> Array: ...
    def check(self, chain: Chain, results: Array, what: str) -> None: ...
    def returned(self, array: Array, /) -> Array: ...


class Dispatch(NamedTuple):
    """A backend, chosen once for a chain."""

    name: Backend
    algorithms: Algorithms
    arrays: Arrays


def choose_backend(emissions: Array, backend: Backend | None, threads: int | None, check: bool | None) -> Dispatch:
    """Return the backend of these emissions; arguments as of `cws.decode.LinearChain`.

    Raises:
        InputError: A backend that there is not, float64 for the native one, threads out of range.
    """
    if backend not in (None, *BACKENDS):
        raise InputError(f"backend: expected one of {', '.join(BACKENDS)}, got {backend!r}")
    is_float64 = str(getattr(emissions, "dtype", "")).endswith("float64")
    if backend is None:
        on_device = is_tensor(emissions) and emissions.is_cuda
        backend = "cuda" if on_device else "reference" if is_float64 else "native"
    if backend == "native" and is_float64:
        raise InputError("emissions: the native backend expects float32, got float64: use backend='reference'")
    threads = processors() if threads is None else check_threads(threads)
    if backend == "cuda":
        import cws.decode.cuda as cuda  # torch and Triton take seconds to import
        from cws.decode.cuda.device import DeviceTensors

        return Dispatch(backend, cuda, DeviceTensors(checks=bool(check)))
    return _on_host(backend, threads, is_tensor(emissions), check is None or bool(check))


@lru_cache(maxsize=64)  # three objects that do not change: a short sequence is decoded in little more time
def _on_host(backend: Backend, threads: int, returns_tensors: bool, checks: bool) -> Dispatch:
    algorithms: Algorithms = reference if backend == "reference" else Native(threads)
    return Dispatch(backend, algorithms, HostArrays(returns_tensors, checks))
