"""The backend of CUDA tensors: Triton kernels, and what chooses among them."""

from cws.decode.cuda.backend import forward_backward, log_likelihood, nbest, viterbi

__all__ = ["forward_backward", "log_likelihood", "nbest", "viterbi"]
