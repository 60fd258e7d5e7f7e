"""Scores of a segmentation: against gold, against readers' marks, and whether two of them differ.

Precision, recall and F1 are over words found, by place: a predicted word is correct when gold has a word of the same
characters at the same place. OOV recall is over the gold words that the training words do not hold. Sproat & Emerson,
"The first international Chinese word segmentation bakeoff" (2003).
"""

from cws.metrics.bootstrap import BootstrapResult as BootstrapResult
from cws.metrics.bootstrap import paired_bootstrap as paired_bootstrap
from cws.metrics.marks import MarkCounts as MarkCounts
from cws.metrics.marks import Objection as Objection
from cws.metrics.marks import count_marks as count_marks
from cws.metrics.marks import find_objections as find_objections
from cws.metrics.marks import score_marks as score_marks
from cws.metrics.segmentation import SegmentationCounts as SegmentationCounts
from cws.metrics.segmentation import count_sentence as count_sentence
from cws.metrics.segmentation import score as score
