"""Triton kernels, one idea a file; `cws.decode.cuda.backend` chooses among them.

common     what all kernels share: bounds of sequences, loading of scores, exact sums
general_…  any number of tags, one program a sequence
lanes_…    four tags and many sequences, one lane a sequence
chunks_…   four tags and few or long sequences, one lane a chunk of the stream
"""
