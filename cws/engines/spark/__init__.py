"""Apache Spark: segmenting and counting n-grams on as many machines as a cluster has.

It needs `pip install "cws-toolkit[spark]"`. docs/explanation/cluster.md says how it works, what goes over the network
and how long it takes.
"""

from cws.engines.spark.columns import OUTPUTS
from cws.engines.spark.folders import segment_folder
from cws.engines.spark.frames import segment
from cws.engines.spark.lexicon import build_lexicon
from cws.engines.spark.ngrams import count_ngrams
from cws.engines.spark.session import start_session

__all__ = ["OUTPUTS", "build_lexicon", "count_ngrams", "segment", "segment_folder", "start_session"]
