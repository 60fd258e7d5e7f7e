"""Fixtures and switches for the whole suite.

Tests marked `corpora` need real corpora, which are not part of the project: set CWS_CORPORA to their folder.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Without a GPU Triton's interpreter stands in for it; Triton looks at this once, when it is imported.
if not Path("/dev/nvidia0").exists():
    os.environ.setdefault("TRITON_INTERPRET", "1")

# No deadline: a busy machine is no failure. No database: a test run leaves nothing in the source tree.
settings.register_profile("cws", deadline=None, database=None)
settings.load_profile("cws")

NO_CORPORA = "needs real corpora: set CWS_CORPORA to their folder"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not os.environ.get("CWS_CORPORA"):
        for item in items:
            if item.get_closest_marker("corpora"):
                item.add_marker(pytest.mark.skip(reason=NO_CORPORA))


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of the real corpora; skips the test when there is none."""
    folder = os.environ.get("CWS_CORPORA")
    if not folder:
        pytest.skip(NO_CORPORA)
    return Path(folder)
