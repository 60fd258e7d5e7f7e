"""Scripts are no part of the package: without the source tree around them, their tests are skipped."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT))  # last, so that an installed package stays the one that is tested
collect_ignore_glob = [] if (ROOT / "scripts").exists() else ["test_*.py"]
