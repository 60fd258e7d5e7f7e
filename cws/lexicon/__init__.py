"""Building a lexicon from raw text without supervision: docs/explanation/minimum_entropy.md.

The steps are plain functions: `count`, `cut`, `truncate`, `prune`, `estimate`, `minimise`; `segment_by_autonomy`,
`refine`, `retag`. `build` is all of them.
"""

from cws.lexicon.autonomy import segment_by_autonomy
from cws.lexicon.build import BuildOptions, BuildResult, build, build_from_counts
from cws.lexicon.candidates import NgramIndex
from cws.lexicon.counting.count import NgramCounts, NgramTable, count, count_partially, count_texts, merge_counts
from cws.lexicon.counting.line_sample import lines_of, sample_runs
from cws.lexicon.lexicon import Entry, Lexicon
from cws.lexicon.minimise import candidates, held_out_information, minimise
from cws.lexicon.retag import fit_tagger, retag
from cws.lexicon.sampler import SamplerOptions, refine
from cws.lexicon.steps import cut, estimate, least_count, prune, truncate
from cws.lexicon.words import SegmentedRuns

__all__ = [
    "BuildOptions",
    "BuildResult",
    "Entry",
    "Lexicon",
    "NgramCounts",
    "NgramIndex",
    "NgramTable",
    "SamplerOptions",
    "SegmentedRuns",
    "build",
    "build_from_counts",
    "candidates",
    "count",
    "count_partially",
    "count_texts",
    "cut",
    "estimate",
    "fit_tagger",
    "held_out_information",
    "least_count",
    "lines_of",
    "merge_counts",
    "minimise",
    "prune",
    "refine",
    "retag",
    "sample_runs",
    "segment_by_autonomy",
    "truncate",
]
