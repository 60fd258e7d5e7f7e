"""Segmented corpora: one sentence a line, words separated by white space, tagged words as `word/tag`.

What a file really holds is looked at (layouts.py, check.py): tagged words and columns are read for what they are, and
text that is not segmented is refused. Readers' marks have a format of their own (marks.py).
"""

from cws.corpus.check import check_sentences as check_sentences
from cws.corpus.marks import MarkedSentence as MarkedSentence
from cws.corpus.marks import parse_marks as parse_marks
from cws.corpus.marks import read_marks as read_marks
from cws.corpus.reading import read_segmented as read_segmented
from cws.corpus.reading import read_tagged as read_tagged
from cws.corpus.splitting import cut_sentences as cut_sentences
from cws.corpus.splitting import train_dev_split as train_dev_split
from cws.corpus.writing import write_segmented as write_segmented
