// Inference over linear chains of up to 256 tags, in packed batches: best paths, sums over all paths, n best paths.
//
// The specification is cws/decode/reference.py; tests compare the two. A score of -inf forbids; emissions beyond
// kMaxScore, or NaN, make the result of their sequence NaN; a sequence without a legal path has the result -inf.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace cws {

inline constexpr float kMaxScore = 1e30f;
inline constexpr float kForbidden = -INFINITY;
inline constexpr int kMaxTags = 256;

struct Chain {
    int tags;
    const float* transitions;  // (tags, tags), [from][to]
    const float* start;        // (tags,)
    const float* end;          // (tags,)
    bool is_sbme;              // only the eight transitions of S, B, M, E are legal
};

// A batch of sequences, one after the other.
struct Batch {
    const float* emissions;   // (characters, tags)
    const int64_t* offsets;   // (sequences + 1,), from 0, never falling
    int64_t sequences;
    const uint8_t* allowed;   // (characters, (tags + 7) / 8): bit k % 8 of byte k / 8 allows tag k; or null

    int64_t characters() const { return offsets[sequences]; }
    int64_t length(int64_t sequence) const { return offsets[sequence + 1] - offsets[sequence]; }
};

inline int allowed_stride(int tags) { return (tags + 7) / 8; }
inline bool is_allowed(const uint8_t* bits, int tag) { return !bits || (bits[tag / 8] >> tag % 8 & 1); }

// Where the blocks of sequences begin and end that threads share out among themselves: some thousand characters each,
// at most 64 of them. They depend on the batch only, so sums over blocks are the same for any number of threads.
std::vector<int64_t> split(const Batch& batch);

// The best tags, (characters,), and their scores, (sequences,).
void viterbi(const Chain& chain, const Batch& batch, int threads, uint8_t* tags, double* scores);

// The n best tag sequences, (n, characters), and their scores, (n, sequences); of fewer, the rest is 0 and -inf.
void nbest(const Chain& chain, const Batch& batch, int n, int threads, uint8_t* tags, double* scores);

// What sums over all paths give.
struct ChainSums {
    double* log_partition;  // (sequences,); with gold tags, their log-probability
    float* tags;            // (characters, tags): marginals; with gold tags, the gradient
    double* transitions;    // (tags, tags): expected counts; with gold tags, the gradient
    float* pairwise;        // (characters, tags, tags): joint marginals of neighbours, or null
    double* start;          // (tags,): the gradient; with gold tags only, else null
    double* end;            // (tags,)
};

// The gold tags, of which the log-probability is wanted, and how much each sequence weighs in the gradient.
struct Gold {
    const uint8_t* bytes;  // (characters,), one of the two
    const int64_t* longs;
    const float* weights;  // (sequences,)

    int64_t tag(int64_t character) const { return bytes ? bytes[character] : longs[character]; }
};

void forward_backward(const Chain& chain, const Batch& batch, const Gold* gold, int threads, const ChainSums& sums);

}  // namespace cws
