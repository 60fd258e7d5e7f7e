"""Segmented corpora: one sentence a line, words separated by white space, tagged words as `word/tag`.

What a file really holds is looked at (layouts.py, check.py): tagged words and columns are read for what they are, and
text that is not segmented is refused.
"""

from cws.corpus.check import check_sentences as check_sentences
from cws.corpus.reading import read_segmented as read_segmented
from cws.corpus.reading import read_tagged as read_tagged
from cws.corpus.splitting import cut_sentences as cut_sentences
from cws.corpus.splitting import train_dev_split as train_dev_split
from cws.corpus.writing import write_segmented as write_segmented
