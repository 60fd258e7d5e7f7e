"""Inference over linear chains: the one decoder of every model.

`LinearChain` is the distribution over the tag sequences of a batch: its methods give best paths, n best paths,
marginals, log-partition and log-likelihood. The functions `viterbi`, `nbest`, `forward_backward` and `log_likelihood`
are the same for one question. Of N characters, B sequences and K tags:

    emissions    (N, K)   the scores of K tags at each of N characters, of all sequences one after the other
    offsets      (B + 1,) where the B sequences begin and end: sequence b is emissions[offsets[b]:offsets[b + 1]]
    transitions  (K, K)   the score of a tag after another, [from, to]
    start, end   (K,)     the score of a tag at the first and at the last character

The score of a tag sequence is the sum of the scores on its path, and its probability is proportional to exp(score).
Tags that `legality` or `allowed` forbid have no part in anything: neither in a best path nor in a sum.

Arrays are numpy's or torch's. Results are of the same library, on the same device. Three backends compute the same:

    reference   numpy, float64, the readable specification: cws/decode/reference.py
    native      C++ threads, float32; every CPU array goes there by default, float64 arrays to the reference
    cuda        Triton kernels, float32 (and float16, bfloat16 emissions); every CUDA tensor goes there
"""

from cws.decode.api import forward_backward, log_likelihood, nbest, viterbi
from cws.decode.chain import Legality
from cws.decode.linear_chain import Likelihood, LinearChain, Marginals, Paths

__all__ = [
    "Legality",
    "Likelihood",
    "LinearChain",
    "Marginals",
    "Paths",
    "forward_backward",
    "log_likelihood",
    "nbest",
    "viterbi",
]
