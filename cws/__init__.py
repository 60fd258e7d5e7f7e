"""Chinese word segmentation: `cws.segment("今天天气真好")`."""

from cws.adaptation import adapt
from cws.bundled import models
from cws.segmenter import Segmenter, Token, load, segment
from cws.version import __version__

__all__ = ["Segmenter", "Token", "__version__", "adapt", "load", "models", "segment"]
