"""Models that score tags: one file for each kind."""

NEURAL_KINDS = ("bilstm", "bilstm-crf", "cnn", "cnn-crf", "bert", "bert-crf")
