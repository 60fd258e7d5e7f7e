// Words out of the chains of chain.h: which tags begin and end them, how likely each is, and the n best ways to cut.
#pragma once

#include <cstdint>
#include <vector>

#include "chain.h"
#include "labeler.h"

namespace cws {

// A chain whose tags say by themselves where words begin and end, such as S, B, M, E.
struct WordTags {
    std::vector<uint8_t> opens, closes;  // of each tag, 1 or 0
};

class WordChain {
public:
    // scores: transitions (K, K), start (K,), end (K,), one behind the other; -inf where illegal. The probability of a tag
    // sequence is proportional to exp(scale * score).
    WordChain(WordTags words, std::vector<float> scores, double scale, bool is_sbme);

    int tags() const { return tags_; }

    // The best tags of one sequence; emissions: (count, K), count >= 1, in the unit of the scores.
    void word_ends(const float* emissions, int count, uint8_t* word_ends);
    std::vector<ScoredWordEnds> nbest(const float* emissions, int count, int n) const;

    void read(const float* emissions, int count);  // for word_probability
    double word_probability(int first, int last) const;

private:
    static Chain chain_of(int tags, const std::vector<float>& scores, bool is_sbme) {
        const float* const transitions = scores.data();
        return {tags, transitions, transitions + tags * tags, transitions + tags * tags + tags, is_sbme};
    }

    WordTags words_;
    int tags_;
    double scale_;
    bool is_sbme_;
    std::vector<float> whole_, scaled_;  // as they are, for exact sums; and times scale
    std::vector<float> marginals_, pairwise_;
    std::vector<uint8_t> path_;
};

}  // namespace cws
