"""How many threads: as many as asked for, or as there are processors."""

from __future__ import annotations

import os

from cws.errors import InputError

MAX_THREADS = 256


def processors() -> int:
    """Return the number of processors this process may use, at most MAX_THREADS."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(count, MAX_THREADS)


def check_threads(threads: int) -> int:
    """Return the number of threads. Raises InputError if it is none, or more than MAX_THREADS."""
    if not isinstance(threads, int) or isinstance(threads, bool) or not 1 <= threads <= MAX_THREADS:
        raise InputError(f"threads must be from 1 to {MAX_THREADS}, got {threads!r}")
    return threads
