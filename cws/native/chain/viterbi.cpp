// Viterbi (1967): in vectors of the four tags where there are four, else in vectors of tags.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "chain/chain.h"
#include "chain/sbme.h"
#include "base/parallel.h"
#include "base/vectors.h"
#include "base/cpu_dispatch.h"

namespace cws {
namespace {

// Scores become larger with every character, and a float has 24 bits. So the best emission is taken off each row, and every so many
// characters the best score off all of them, and added to a double. Differences, which decide, are as they were.
constexpr int kRebase = 64;

// Back-pointers of four tags are four bits where each has two possible predecessors (SBME), else eight: the high bits of
// the predecessors, then their low ones. The tables make four predecessors of them, a nibble each, as 4 * tag, so that
// going back one character is a shift and a mask.
using Predecessors = std::array<uint16_t, 256>;

constexpr Predecessors dense_predecessors() {
    Predecessors table{};
    for (unsigned bits = 0; bits < 256; ++bits)
        for (unsigned tag = 0; tag < 4; ++tag) {
            const unsigned before = (bits >> (4 + tag) & 1) * 2 + (bits >> tag & 1);
            table[bits] = uint16_t(table[bits] | before << (4 * tag + 2));
        }
    return table;
}

constexpr Predecessors sbme_predecessors() {
    Predecessors table{};
    for (unsigned bits = 0; bits < 16; ++bits)
        for (unsigned tag = 0; tag < 4; ++tag)
            table[bits] = uint16_t(table[bits] | kBefore[tag][bits >> tag & 1] << (4 * tag + 2));
    return table;
}

constexpr Predecessors kDensePredecessors = dense_predecessors(), kSbmePredecessors = sbme_predecessors();

struct FourMasks {
    Float4 scores[16];  // 0 where the bit allows the tag, else -inf
    FourMasks() {
        for (unsigned bits = 0; bits < 16; ++bits)
            for (int tag = 0; tag < 4; ++tag) scores[bits][tag] = bits >> tag & 1 ? 0 : kForbidden;
    }
};
const FourMasks kFourMasks;

// Viterbi over one sequence of four tags, a character at a time, so that two of them can be advanced in turn: each waits
// for its own last sum most of the time, and a processor does the other's work meanwhile.
template <bool kIsSbme, bool kConstrained>
class FourTags {
public:
    explicit FourTags(const Chain& chain) : start_(load4(chain.start)), end_(load4(chain.end)) {
        const float* const t = chain.transitions;
        if (kIsSbme) {  // for each tag the scores from its lower and from its higher predecessor
            rows_[0] = Float4{t[4 * 0 + 0], t[4 * 0 + 1], t[4 * 1 + 2], t[4 * 1 + 3]};
            rows_[1] = Float4{t[4 * 3 + 0], t[4 * 3 + 1], t[4 * 2 + 2], t[4 * 2 + 3]};
        } else {
            for (int from = 0; from < 4; ++from) rows_[from] = load4(t + 4 * from);
        }
    }

    // back: scratch of a byte a character.
    void begin(const float* emissions, const uint8_t* allowed, uint8_t* back) {
        emissions_ = emissions;
        allowed_ = allowed;
        back_ = back;
        bad_ = Int4{0, 0, 0, 0};
        base_ = 0;  // before the first emission adds to it
        best_ = start_ + emission(0);
    }

    void step(int64_t i) {
        if (kIsSbme) {
            const Float4 lower = Float4{best_[0], best_[0], best_[1], best_[1]} + rows_[0];
            const Float4 higher = Float4{best_[3], best_[3], best_[2], best_[2]} + rows_[1];
            back_[i] = uint8_t(sign_bits(higher > lower));
            best_ = maximum(lower, higher);
        } else {
            Float4 from[4];
            for (int k = 0; k < 4; ++k) from[k] = Float4{best_[k], best_[k], best_[k], best_[k]} + rows_[k];
            const Float4 low = maximum(from[0], from[1]), high = maximum(from[2], from[3]);
            const Int4 is_high = high > low;
            const Int4 is_odd = (is_high & (from[3] > from[2])) | (~is_high & (from[1] > from[0]));
            back_[i] = uint8_t(sign_bits(is_high) << 4 | sign_bits(is_odd));
            best_ = maximum(low, high);
        }
        best_ += emission(i);
    }

    void rebase() {
        const float top = highest(best_);
        if (top == kForbidden) return;
        base_ += top;
        best_ -= Float4{top, top, top, top};
    }

    // Adds the end scores. Returns the score; NaN or -inf where there is none.
    double finish() {
        best_ += end_;
        return any(bad_) ? NAN : base_ + highest(best_);
    }

    // The best last tag, and the tag before character i of a path, both as 4 * tag.
    unsigned last() const {
        const float top = highest(best_);
        return best_[0] == top ? 0 : best_[1] == top ? 4 : best_[2] == top ? 8 : 12;
    }
    unsigned before(int64_t i, unsigned tag) const {
        return (kIsSbme ? kSbmePredecessors : kDensePredecessors)[back_[i]] >> tag & 12u;
    }

private:
    Float4 emission(int64_t i) {
        Float4 scores = load4(emissions_ + 4 * i);
        bad_ |= beyond(scores, kMaxScore);
        if (kConstrained) scores += kFourMasks.scores[allowed_[i] & 15];
        const float top = highest(scores);
        if (kConstrained && top == kForbidden) return scores;
        base_ += top;
        return scores - Float4{top, top, top, top};
    }

    Float4 start_, end_, rows_[4], best_;
    Int4 bad_;
    double base_;
    const float* emissions_;
    const uint8_t* allowed_;
    uint8_t* back_;
};

struct Job {
    const float* emissions;
    const uint8_t* allowed;
    int64_t count;
    uint8_t* tags;
    double* score;
};

// Decodes two sequences, each of at least one character; they may be the same.
template <bool kIsSbme, bool kConstrained>
CWS_CPU_DISPATCH void decode_two(const Chain& chain, const Job& long_job, const Job& short_job, std::vector<uint8_t>& scratch) {
    using Path = FourTags<kIsSbme, kConstrained>;
    scratch.resize(std::max(scratch.size(), size_t(long_job.count + short_job.count)));
    Path one(chain), two(chain);
    one.begin(long_job.emissions, long_job.allowed, scratch.data());
    two.begin(short_job.emissions, short_job.allowed, scratch.data() + long_job.count);
    int64_t i = 1;
    for (; i < short_job.count; ++i) {
        one.step(i);
        two.step(i);
        if (i % kRebase == 0) {  // at the same places whoever the neighbour is: so are the roundings
            one.rebase();
            two.rebase();
        }
    }
    for (; i < long_job.count; ++i) {
        one.step(i);
        if (i % kRebase == 0) one.rebase();
    }
    *short_job.score = two.finish();
    *long_job.score = one.finish();

    unsigned tag = one.last(), other = two.last();
    for (i = long_job.count - 1; i >= short_job.count; --i) {
        long_job.tags[i] = uint8_t(tag >> 2);
        tag = one.before(i, tag);
    }
    for (; i > 0; --i) {
        long_job.tags[i] = uint8_t(tag >> 2);
        short_job.tags[i] = uint8_t(other >> 2);
        tag = one.before(i, tag);
        other = two.before(i, other);
    }
    long_job.tags[0] = uint8_t(tag >> 2);
    short_job.tags[0] = uint8_t(other >> 2);
    for (const Job* job : {&long_job, &short_job})
        if (!std::isfinite(*job->score)) std::memset(job->tags, 0, size_t(job->count));
}

// Chains of any number of tags, the transitions padded to vectors.
class General {
public:
    explicit General(const Chain& chain)
        : tags_(chain.tags), blocks_((chain.tags + 7) / 8), start_(padded(chain.start)), end_(padded(chain.end)),
          best_(size_t(blocks_)), next_(size_t(blocks_)) {
        for (int from = 0; from < tags_; ++from) {
            const Float8s row = padded(chain.transitions + from * tags_);
            transitions_.insert(transitions_.end(), row.begin(), row.end());
        }
    }

    double run(const Job& job) {
        const auto [emissions, allowed, count, tags, score_] = job;
        back_.resize(size_t(count) * size_t(blocks_) * 8);
        if (!forward(emissions, allowed, count)) return fail(tags, count, NAN);
        const float* const best = reinterpret_cast<const float*>(best_.data());
        const int last = int(std::max_element(best, best + tags_) - best);
        if (best[last] == kForbidden) return fail(tags, count, -INFINITY);
        const double score = base_ + best[last];
        int tag = last;
        for (int64_t i = count - 1; i > 0; --i) {
            tags[i] = uint8_t(tag);
            tag = back_[size_t(i) * size_t(blocks_) * 8 + size_t(tag)];
        }
        tags[0] = uint8_t(tag);
        return score;
    }

private:
    Float8s padded(const float* scores) const {
        Float8s result(size_t((tags_ + 7) / 8), Float8{} + kForbidden);
        std::memcpy(result.data(), scores, size_t(tags_) * sizeof(float));
        return result;
    }

    static double fail(uint8_t* tags, int64_t count, double score) {
        std::memset(tags, 0, size_t(count));
        return score;
    }

    // Adds the emissions of a character to best_; false if one of them is no score.
    bool add(const float* emissions, const uint8_t* bits) {
        float* const best = reinterpret_cast<float*>(best_.data());
        bool good = true;
        float top = kForbidden;
        for (int k = 0; k < tags_; ++k) {
            good &= std::abs(emissions[k]) <= kMaxScore;
            if (emissions[k] > top && is_allowed(bits, k)) top = emissions[k];
        }
        if (top == kForbidden) top = 0;
        base_ += top;
        for (int k = 0; k < tags_; ++k) best[k] += emissions[k] - top;
        if (bits)
            for (int k = 0; k < tags_; ++k)
                if (!is_allowed(bits, k)) best[k] = kForbidden;
        return good;
    }

    bool forward(const float* emissions, const uint8_t* allowed, int64_t count) {
        const int stride = allowed_stride(tags_);
        best_ = start_;
        base_ = 0;
        bool good = add(emissions, allowed);
        for (int64_t i = 1; i < count; ++i) {
            step(back_.data() + size_t(i) * size_t(blocks_) * 8);
            good &= add(emissions + i * tags_, allowed ? allowed + i * stride : nullptr);
            if (i % kRebase == 0) rebase();
        }
        for (int b = 0; b < blocks_; ++b) best_[size_t(b)] += end_[size_t(b)];
        return good;
    }

    CWS_CPU_DISPATCH void step(uint8_t* back) {
        const float* const best = reinterpret_cast<const float*>(best_.data());
        for (int b = 0; b < blocks_; ++b) {
            Float8 winner = Float8{} + kForbidden;
            Int8 before = {};
            for (int from = 0; from < tags_; ++from) {
                const Float8 candidate = transitions_[size_t(from * blocks_ + b)] + best[from];
                const Int8 better = candidate > winner;
                winner = better ? candidate : winner;
                before = better ? Int8{} + from : before;
            }
            next_[size_t(b)] = winner;
            for (int k = 0; k < 8; ++k) back[b * 8 + k] = uint8_t(before[k]);
        }
        best_.swap(next_);
    }

    void rebase() {
        float* const best = reinterpret_cast<float*>(best_.data());
        const float top = *std::max_element(best, best + tags_);
        if (top == kForbidden) return;
        base_ += top;
        for (int k = 0; k < tags_; ++k) best[k] -= top;
    }

    int tags_, blocks_;
    Float8s transitions_, start_, end_, best_, next_;
    std::vector<uint8_t> back_;
    double base_ = 0;
};

}  // namespace

std::vector<int64_t> split(const Batch& batch) {
    const int64_t size = std::max<int64_t>(4096, batch.characters() / 64 + 1);
    std::vector<int64_t> blocks{0};
    for (int64_t sequence = 0; sequence < batch.sequences; ++sequence)
        if (batch.offsets[sequence + 1] - batch.offsets[blocks.back()] >= size) blocks.push_back(sequence + 1);
    if (blocks.back() < batch.sequences) blocks.push_back(batch.sequences);
    return blocks;
}

void viterbi(const Chain& chain, const Batch& batch, int threads, uint8_t* tags, double* scores) {
    const std::vector<int64_t> blocks = split(batch);
    const double cost = chain.tags == 4 ? 4 : 5 + 0.2 * chain.tags * chain.tags;  // nanoseconds a character
    threads = worthwhile_threads(threads, cost * double(batch.characters()));
    // Calls decode(job) for the sequences of a block.
    const auto for_each_job = [&](size_t block, auto decode) {
        for (int64_t sequence = blocks[block]; sequence < blocks[block + 1]; ++sequence) {
            const int64_t first = batch.offsets[sequence];
            const uint8_t* const allowed = batch.allowed ? batch.allowed + first * allowed_stride(chain.tags) : nullptr;
            scores[sequence] = 0;
            if (batch.length(sequence) > 0)
                decode(Job{batch.emissions + first * chain.tags, allowed, batch.length(sequence), tags + first,
                           scores + sequence});
        }
    };
    if (chain.tags != 4) {
        for_each_block(blocks.size() - 1, threads, [&] {
            return [&, general = General(chain)](size_t block) mutable {
                for_each_job(block, [&](const Job& job) { *job.score = general.run(job); });
            };
        });
        return;
    }
    const auto decode = chain.is_sbme ? (batch.allowed ? decode_two<true, true> : decode_two<true, false>)
                                      : (batch.allowed ? decode_two<false, true> : decode_two<false, false>);
    for_each_block(blocks.size() - 1, threads, [&] {
        return [&, scratch = std::vector<uint8_t>()](size_t block) mutable {
            std::optional<Job> waiting;
            for_each_job(block, [&](const Job& job) {
                if (!waiting) {
                    waiting = job;
                    return;
                }
                const bool longer = job.count > waiting->count;
                decode(chain, longer ? job : *waiting, longer ? *waiting : job, scratch);
                waiting.reset();
            });
            if (waiting) decode(chain, *waiting, *waiting, scratch);
        };
    });
}

}  // namespace cws
