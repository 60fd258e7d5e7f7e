// The n best segmentations of a text: the n best of each sequence, combined from the first sequence to the last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/text_view.h"
#include "segment/segmenter.h"

namespace cws {

// One way to segment a text as far as the end of a sequence: one of the ways before that sequence (the head), and one of
// the sequence itself (the tail), by their ranks.
struct Combination {
    double score;
    size_t head, tail;
};

// The n best pairs of a head and a tail, best first; of equals, that of the better head. Both come best first, so a pair
// of the ranks i and j, from 0, is among the n best only if (i + 1) * (j + 1) <= n. The first of all stays the first.
std::vector<Combination> combine(const std::vector<Combination>& heads, const std::vector<ScoredWordEnds>& tails,
                                 size_t n);

class NBestSegmentations {
public:
    // dictionary: the user's, or null.
    NBestSegmentations(Segmenter& segmenter, const TextView& text, const UserDictionary* dictionary, int n);

    size_t size() const { return combinations_.size(); }  // at most n
    double score(size_t rank) const { return combinations_[rank].score; }  // in the model's own scale

    // The word ends of the text in the segmentation of a rank, until the next call.
    const std::vector<uint8_t>& word_ends(size_t rank);

private:
    struct Stage {  // the text until the end of a sequence
        size_t begin;  // of the sequence in the text
        std::vector<ScoredWordEnds> tails;
        std::vector<Combination> combinations;
    };

    template <class Char>
    void find(Segmenter& segmenter, const Char* text, size_t size, const UserDictionary* dictionary, int n);

    std::vector<Stage> stages_;
    std::vector<Combination> combinations_{{0.0, 0, 0}};  // of the whole text
    std::vector<std::pair<size_t, size_t>> crossing_;     // entries that reach beyond a sequence
    std::vector<uint8_t> word_ends_;                      // white space is the same in all
};

}  // namespace cws
