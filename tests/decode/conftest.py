"""The backends that can run here."""

from __future__ import annotations

from pathlib import Path

import pytest
from chains import ON_CPU

# Triton's interpreter takes minutes for what a device does in seconds.
ON_CUDA = pytest.param("cuda", marks=[] if Path("/dev/nvidia0").exists() else pytest.mark.slow)


@pytest.fixture(params=[*ON_CPU, ON_CUDA])
def backend(request: pytest.FixtureRequest) -> str:
    """Every backend: cuda on a device, or through Triton's interpreter."""
    if request.param == "cuda":
        torch, triton = pytest.importorskip("torch"), pytest.importorskip("triton")
        if not torch.cuda.is_available():
            triton.knobs.runtime.interpret = True  # looked at when the kernels are first imported
    return request.param


@pytest.fixture(params=ON_CPU)
def cpu_backend(request: pytest.FixtureRequest) -> str:
    """The backends of arrays on the CPU."""
    return request.param
