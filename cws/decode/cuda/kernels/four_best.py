"""A step of Viterbi over four tags, which keeps paths rather than back-pointers.

Each tag carries the tags of the best path to it, two bits a character: where it comes from the other tag, it takes that
one's path (register exchange). That costs a shift and a choice a step, as much as packing back-pointers. The traceback
goes 16 characters at once: it chooses one word of four by a tag, and the word is those 16 tags.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def better(score, path, other_score, other_path):
    """The better of two paths; of equals the first, which is that of the lower tag."""
    higher = other_score > score
    return tl.where(higher, other_score, score), tl.where(higher, other_path, path)


@triton.jit
def best_into(scores, paths, steps, TO: tl.constexpr, IS_SBME: tl.constexpr):
    """Score and path of the best transition into a tag."""
    if IS_SBME:  # S and B come after S or E, M and E after B or M
        if TO < 2:
            return better(scores[0] + steps[TO], paths[0], scores[3] + steps[12 + TO], paths[3])
        else:
            return better(scores[1] + steps[4 + TO], paths[1], scores[2] + steps[8 + TO], paths[2])
    else:
        low, low_path = better(scores[0] + steps[TO], paths[0], scores[1] + steps[4 + TO], paths[1])
        high, high_path = better(scores[2] + steps[8 + TO], paths[2], scores[3] + steps[12 + TO], paths[3])
        return better(low, low_path, high, high_path)


@triton.jit
def with_own_tags(paths):
    """The paths, each with the tag it ends with."""
    return paths[0] * 4, paths[1] * 4 + 1, paths[2] * 4 + 2, paths[3] * 4 + 3


@triton.jit
def best_step(scores, paths, steps, IS_SBME: tl.constexpr):
    """Scores before the emissions of the next character, and the paths to it."""
    paths = with_own_tags(paths)
    s, s_path = best_into(scores, paths, steps, 0, IS_SBME)
    b, b_path = best_into(scores, paths, steps, 1, IS_SBME)
    m, m_path = best_into(scores, paths, steps, 2, IS_SBME)
    e, e_path = best_into(scores, paths, steps, 3, IS_SBME)
    return (s, b, m, e), (s_path, b_path, m_path, e_path)


@triton.jit
def best_of_four(scores):
    """The best score and its tag; of equals the lowest."""
    low, low_tag = better(scores[0], 0, scores[1], 1)
    high, high_tag = better(scores[2], 2, scores[3], 3)
    return better(low, low_tag, high, high_tag)


@triton.jit
def word_of(words, tag):
    """For each lane the word of its tag."""
    low = tl.where(tag == 0, words[0], words[1])
    high = tl.where(tag == 2, words[2], words[3])
    return tl.where(tag < 2, low, high)


@triton.jit
def oldest(word):
    """The first of the 16 tags of a word."""
    return (word >> 30) & 3
