"""Chinese word segmentation: `cws.segment("今天天气真好")`."""

from cws.bundled import models
from cws.segmenter import Segmenter, Token, load, segment
from cws.version import __version__

TYPE_CHECKING = False  # typing is slow to import, and type checkers know this name
if TYPE_CHECKING:
    from cws.adaptation import adapt

__all__ = ["Segmenter", "Token", "__version__", "adapt", "load", "models", "segment"]


def __getattr__(name: str) -> object:
    """Import `adapt` when it is asked for: a start should not wait for what few programs call."""
    if name == "adapt":
        from cws.adaptation import adapt

        return adapt
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
