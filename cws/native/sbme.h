// Inference over chains of S, B, M, E tags, whose eight legal transitions are written out:
//
//     S → S, B     B → M, E     M → M, E     E → S, B      first: S, B     last: S, E
//
// Integer scores, the lowest tag on ties, as everywhere in this project. The general decoder and the specification of
// what these return are the reference in tests/oracles.py.
#pragma once

#include <cstdint>
#include <vector>

namespace cws {

enum Tag : uint8_t { S, B, M, E };

// The two tags that may come before and after each tag, the lower first.
inline constexpr Tag kBefore[4][2] = {{S, E}, {S, E}, {B, M}, {B, M}};
inline constexpr Tag kAfter[4][2] = {{S, B}, {M, E}, {M, E}, {S, B}};

// Scores a chain adds to its emissions: the model's, or none.
struct ChainScores {
    const int16_t* transitions;  // (4, 4), [from][to]
    const int16_t* start;        // (4,)
    const int16_t* end;          // (4,)
};

// The best tags of one sequence. emissions: (count, 4); back: scratch of count bytes; word_ends: count bytes, set to 1
// where a word ends, else 0. count >= 1.
void viterbi_word_ends(const ChainScores& scores, const int16_t* emissions, int count, uint8_t* back,
                       uint8_t* word_ends);

// Posterior probabilities of one sequence by forward-backward in log space (Rabiner 1989). The potential of a tag
// sequence is exp(scale * score).
class ForwardBackward {
public:
    void run(const ChainScores& scores, double scale, const int16_t* emissions, int count);  // count >= 1
    double log_partition() const { return log_partition_; }
    // The probability that characters first to last are one word.
    double word_probability(int first, int last) const;
    // The probability of each tag at each character; shape: (count, 4)
    std::vector<double> marginals() const;

private:
    struct Step {
        double emission[4], forward[4], backward[4];  // logs
    };
    std::vector<Step> steps_;
    double transitions_[4][4];
    double log_partition_ = 0;
};

struct ScoredWordEnds {
    int64_t score;
    std::vector<uint8_t> word_ends;
};

// The n best tag sequences, best first; fewer where there are fewer.
std::vector<ScoredWordEnds> n_best_word_ends(const ChainScores& scores, const int16_t* emissions, int count, int n);

}  // namespace cws
