// Forward-backward (Baum et al. 1970), in probabilities where their range suffices and else in logs.
//
// In probabilities a character costs one vector product with the matrix exp(transitions) on either way, and the only
// exponentials are those of its emissions. Two guards see to it that nothing is lost, and where one of them fails the
// sequence is done again in logs:
//
// - No tag that can be reached may be less likely than kTiny.
// - Transitions that are more than kMaxSpread below the best are left out (a trained or a hand-made "never" often is
//   -10000). All paths through them weigh at most tags^count times the product of all maxima, times exp of how far they
//   are below: that must be nothing beside the sum of the others.
//
// Vectors of four doubles, fma is not used: the same numbers on every x86-64.
#include <algorithm>
#include <cstring>

#include "chain/forward_backward.h"
#include "base/exponential.h"
#include "base/parallel.h"
#include "base/vectors.h"
#include "base/cpu_dispatch.h"

namespace cws {
namespace {

constexpr double kTiny = 1e-150;
constexpr double kMaxSpread = 250;  // nats; kTiny * exp(-kMaxSpread) is still a normal number
constexpr double kNothing = 37;     // nats below a sum that a double does not notice
constexpr int kRescale = 8;         // characters; see the forward pass

// kBlocks: of four tags each, known to the compiler; 0 where there are more than it should unroll.
template <int kBlocks>
class InProbabilities {
public:
    explicit InProbabilities(const Chain& chain) : tags_(chain.tags), dynamic_((chain.tags + 3) / 4) {
        const size_t rows = size_t(blocks()) * 4;
        matrix_.assign(rows * size_t(blocks()), Double4{});
        transposed_ = expected_ = matrix_;
        top_transition_ = highest(chain.transitions, tags_ * tags_);
        for (int from = 0; from < tags_; ++from)
            for (int to = 0; to < tags_; ++to) {
                const double factor = factor_of(chain.transitions[from * tags_ + to], top_transition_);
                matrix_[size_t(from * blocks() + to / 4)][to % 4] = factor;
                transposed_[size_t(to * blocks() + from / 4)][from % 4] = factor;
            }
        start_ = factors_of(chain.start, top_start_);
        end_ = factors_of(chain.end, top_end_);
    }

    // The log-partition; false in `exact` if the range did not suffice, and then the totals are as they were.
    CWS_CPU_DISPATCH double run(const Sequence& sequence, Totals& totals, bool& exact) {
        const double whole = forward(sequence, exact);
        if (exact && whole > -INFINITY) exact = backward(sequence, totals);
        return whole;
    }

private:
    int blocks() const { return kBlocks ? kBlocks : dynamic_; }
    int width() const { return blocks() * 4; }

    static double highest(const float* scores, int count) {
        const double top = *std::max_element(scores, scores + count);
        return top == -INFINITY ? 0 : top;
    }
    double factor_of(float score, double top) {
        const double below = top - score;
        if (below <= kMaxSpread) return std::exp(-below);
        left_out_ = std::min(left_out_, below);  // infinity where it is forbidden
        return 0;
    }
    Double4s factors_of(const float* scores, double& top) {
        Double4s result(size_t(blocks()), Double4{});
        top = highest(scores, tags_);
        for (int k = 0; k < tags_; ++k) result[size_t(k / 4)][k % 4] = factor_of(scores[k], top);
        return result;
    }
    static inline __attribute__((always_inline)) double sum(Double4 x) { return (x[0] + x[1]) + (x[2] + x[3]); }

    // potentials[b] = exp(emissions - their maximum), 0 where not allowed and for tags that only fill the vector.
    // Returns the maximum.
    inline __attribute__((always_inline)) double potentials(const Sequence& sequence, int64_t i, Double4* result) const {
        float scores[kBlocks ? kBlocks * 4 : kMaxTags];
        const float* row = sequence.emissions + i * tags_;
        if (kBlocks != 1 || tags_ != 4 || sequence.allowed) {
            const uint8_t* const bits = sequence.allowed ? sequence.allowed + i * allowed_stride(tags_) : nullptr;
            for (int k = 0; k < width(); ++k) scores[k] = k < tags_ && is_allowed(bits, k) ? row[k] : kForbidden;
            row = scores;
        }
        float top = kForbidden;
        for (int k = 0; k < width(); ++k) top = row[k] > top ? row[k] : top;
        if (top == kForbidden) top = 0;
        for (int b = 0; b < blocks(); ++b) {
            const Double4 difference = {double(row[4 * b]) - top, double(row[4 * b + 1]) - top,
                                        double(row[4 * b + 2]) - top, double(row[4 * b + 3]) - top};
            result[b] = exponential(difference);
        }
        return top;
    }

    // result = vector * matrix, of rows of vectors
    inline __attribute__((always_inline)) void multiply(const Double4* vector, const Double4* matrix,
                                                        Double4* result) const {
        const double* const factors = reinterpret_cast<const double*>(vector);
        for (int b = 0; b < blocks(); ++b) {
            if (kBlocks == 1) {
                const Double4 v = vector[0];
                result[b] = (matrix[0] * v[0] + matrix[1] * v[1]) + (matrix[2] * v[2] + matrix[3] * v[3]);
                continue;
            }
            Double4 total = {};
            for (int k = 0; k < tags_; ++k) total += matrix[k * blocks() + b] * factors[k];
            result[b] = total;
        }
    }

    inline __attribute__((always_inline)) double forward(const Sequence& sequence, bool& exact) {
        const size_t n = size_t(blocks());
        forward_.resize(size_t(sequence.count) * n);
        potentials_.resize(forward_.size());
        // The log of the product of all maxima, which no path exceeds; and that of what the sum is less than it.
        double ceiling = top_start_ + top_end_ + double(sequence.count - 1) * top_transition_, below = 0;
        double factor = 1;  // what has been multiplied in since the last logarithm
        Long4 any_lost = {};
        for (int64_t i = 0; i < sequence.count; ++i) {
            Double4* const here = forward_.data() + size_t(i) * n;
            Double4* const psi = potentials_.data() + size_t(i) * n;
            ceiling += potentials(sequence, i, psi);
            if (i == 0) std::copy(start_.begin(), start_.end(), here);
            else multiply(here - n, matrix_.data(), here);
            // A tag that can be reached must not vanish: less than kTiny of a sum that is 1 every kRescale characters.
            for (int b = 0; b < blocks(); ++b) {
                const Double4 before = here[b];
                here[b] *= psi[b];
                const Long4 reached = before > 0.0;
                any_lost |= reached & (here[b] < kTiny) &
                            (sequence.allowed ? allowed_lanes(sequence, i, b) : ~Long4{});
            }
            if (i % kRescale == kRescale - 1 || i == sequence.count - 1) {
                double total = 0;
                for (int b = 0; b < blocks(); ++b) total += sum(here[b]);
                exact = !(any_lost[0] | any_lost[1] | any_lost[2] | any_lost[3]) && (total > 0 || left_out_ == INFINITY);
                if (!exact || total == 0) return -INFINITY;
                for (int b = 0; b < blocks(); ++b) here[b] /= total;
                factor *= total;
                if (factor < 1e-100 || factor > 1e100) {
                    below += std::log(factor);
                    factor = 1;
                }
            }
        }
        double total = 0;
        for (size_t b = 0; b < n; ++b) total += sum(forward_[forward_.size() - n + b] * end_[b]);
        below += std::log(factor) + std::log(total);
        exact = left_out_ == INFINITY || double(sequence.count) * std::log(tags_) - left_out_ < below - kNothing;
        return ceiling + below;
    }

    inline __attribute__((always_inline)) Long4 allowed_lanes(const Sequence& sequence, int64_t i, int b) const {
        const uint8_t* const bits = sequence.allowed + i * allowed_stride(tags_);
        Long4 result = {};
        for (int k = 0; k < 4 && 4 * b + k < tags_; ++k) result[k] = is_allowed(bits, 4 * b + k) ? -1 : 0;
        return result;
    }

    // False if the range did not suffice; then the totals are as they were.
    inline __attribute__((always_inline)) bool backward(const Sequence& sequence, Totals& totals) {
        const size_t n = size_t(blocks());
        constexpr int kMost = kBlocks ? kBlocks : kMaxTags / 4;
        Double4 here[kMost], weighted[kMost], first[kMost] = {}, last[kMost] = {};
        std::copy(end_.begin(), end_.end(), here);
        std::fill(expected_.begin(), expected_.end(), Double4{});
        for (int64_t i = sequence.count - 1; i >= 0; --i) {
            const Double4* const before = forward_.data() + size_t(i) * n;
            double total = 0;
            if (i < sequence.count - 1) {
                for (size_t b = 0; b < n; ++b) weighted[b] = here[b] * potentials_[size_t(i + 1) * n + b];
                multiply(weighted, transposed_.data(), here);
            }
            for (size_t b = 0; b < n; ++b) total += sum(before[b] * here[b]);
            if (!(total > 1e-280)) return false;
            const double share = sequence.scale / total;
            for (size_t b = 0; b < n; ++b) {
                const Double4 marginal = before[b] * here[b] * share;
                store(sequence.marginals + i * tags_, int(b), marginal);
                if (i == sequence.count - 1) last[b] = marginal;
                if (i == 0) first[b] = marginal;
            }
            if (i < sequence.count - 1) expect(sequence, i, before, weighted, share);
            if (i % kRescale == 0) {
                // A tag that cannot be reached here may have all of what is to come: let it not set the scale.
                double reachable = 0;
                for (size_t b = 0; b < n; ++b) {
                    here[b] = before[b] > 0.0 ? here[b] : Double4{};
                    reachable += sum(here[b]);
                }
                for (size_t b = 0; b < n; ++b) here[b] /= reachable;
            }
        }
        for (size_t b = 0; b < n; ++b) {
            add(totals.start, int(b), first[b]);
            add(totals.end, int(b), last[b]);
        }
        const double* const counts = reinterpret_cast<const double*>(expected_.data());
        const double* const factors = reinterpret_cast<const double*>(matrix_.data());
        for (int from = 0; from < tags_; ++from)
            for (int to = 0; to < tags_; ++to)
                totals.transitions[size_t(from * tags_ + to)] += counts[from * width() + to] * factors[from * width() + to];
        return true;
    }

    // Counts the transitions from character i to the next.
    inline __attribute__((always_inline)) void expect(const Sequence& sequence, int64_t i, const Double4* before,
                                                      const Double4* weighted, double share) {
        const double* const from_here = reinterpret_cast<const double*>(before);
        for (int from = 0; from < (kBlocks == 1 ? 4 : tags_); ++from) {
            const double factor = from_here[from] * share;
            for (int b = 0; b < blocks(); ++b) expected_[size_t(from * blocks() + b)] += weighted[b] * factor;
        }
        if (!sequence.pairwise) return;
        const double* const to_there = reinterpret_cast<const double*>(weighted);
        const double* const factors = reinterpret_cast<const double*>(matrix_.data());
        float* const pairs = sequence.pairwise + (i + 1) * tags_ * tags_;
        for (int from = 0; from < tags_; ++from)
            for (int to = 0; to < tags_; ++to)
                pairs[from * tags_ + to] = float(from_here[from] * share * factors[from * width() + to] * to_there[to]);
    }

    inline __attribute__((always_inline)) void store(float* row, int b, Double4 values) const {
        if (kBlocks == 1 && tags_ == 4) {
            const Float4 narrow = {float(values[0]), float(values[1]), float(values[2]), float(values[3])};
            std::memcpy(row, &narrow, sizeof(narrow));
            return;
        }
        for (int k = 0; k < 4 && 4 * b + k < tags_; ++k) row[4 * b + k] = float(values[k]);
    }
    void add(std::vector<double>& sums, int b, Double4 values) const {
        for (int k = 0; k < 4 && 4 * b + k < tags_; ++k) sums[size_t(4 * b + k)] += values[k];
    }

    int tags_, dynamic_;
    double top_transition_, top_start_, top_end_;
    double left_out_ = INFINITY;  // how far below the best the best transition is that was left out
    Double4s matrix_, transposed_, start_, end_;  // exp(scores - the highest); rows of blocks() vectors
    Double4s forward_, potentials_, expected_;
};

// The log-probability of the gold tags, and their part of the gradient; NaN if one is no tag.
double add_gold(const Chain& chain, const Sequence& sequence, const Gold& gold, int64_t first, Totals* totals) {
    double score = 0;
    const double weight = -sequence.scale;
    int64_t before = 0;
    for (int64_t i = 0; i < sequence.count; ++i) {
        const int64_t tag = gold.tag(first + i);
        if (tag < 0 || tag >= chain.tags) return NAN;
        const uint8_t* const bits = sequence.allowed ? sequence.allowed + i * allowed_stride(chain.tags) : nullptr;
        if (!is_allowed(bits, int(tag))) score = -INFINITY;
        score += double(i ? chain.transitions[before * chain.tags + tag] : chain.start[tag]);
        score += sequence.emissions[i * chain.tags + tag];
        if (totals) {
            sequence.marginals[i * chain.tags + tag] += float(weight);
            if (i) totals->transitions[size_t(before * chain.tags + tag)] += weight;
            if (i == 0) totals->start[size_t(tag)] += weight;
            if (i == sequence.count - 1) totals->end[size_t(tag)] += weight;
        }
        before = tag;
    }
    return score + chain.end[before];
}

bool are_scores(const float* scores, int64_t count) {
    bool good = true;
    for (int64_t i = 0; i < count; ++i) good &= std::abs(scores[i]) <= kMaxScore;
    return good;
}

template <int kBlocks>
void run_blocks(const Chain& chain, const Batch& batch, const Gold* gold, int threads, const ChainSums& sums,
                const std::vector<int64_t>& blocks, std::vector<Totals>& totals) {
    const int tags = chain.tags;
    for_each_block(blocks.size() - 1, threads, [&] {
        return [&, quick = InProbabilities<kBlocks>(chain), slow = InLogs(chain)](size_t block) mutable {
            for (int64_t at = blocks[block]; at < blocks[block + 1]; ++at) {
                const int64_t first = batch.offsets[at], count = batch.length(at);
                sums.log_partition[at] = 0;
                if (count == 0) continue;
                const Sequence sequence{batch.emissions + first * tags,
                                        batch.allowed ? batch.allowed + first * allowed_stride(tags) : nullptr, count,
                                        sums.tags + first * tags,
                                        sums.pairwise ? sums.pairwise + first * tags * tags : nullptr,
                                        gold ? -double(gold->weights[at]) : 1};
                if (sequence.pairwise) std::fill_n(sequence.pairwise, tags * tags, 0.0f);
                double result = NAN, score = 0;
                if (are_scores(sequence.emissions, count * tags)) {
                    if (gold) score = add_gold(chain, sequence, *gold, first, nullptr);
                    bool exact = false;
                    if (std::isfinite(score)) {
                        result = quick.run(sequence, totals[block], exact);
                        if (!exact) result = slow.run(sequence, totals[block]);
                    } else {
                        result = score;
                    }
                }
                if (!std::isfinite(result)) {
                    std::fill_n(sequence.marginals, count * tags, 0.0f);
                    if (sequence.pairwise) std::fill_n(sequence.pairwise, count * tags * tags, 0.0f);
                } else if (gold) {
                    add_gold(chain, sequence, *gold, first, &totals[block]);
                    result = score - result;
                }
                sums.log_partition[at] = result;
            }
        };
    });
}

}  // namespace

void forward_backward(const Chain& chain, const Batch& batch, const Gold* gold, int threads, const ChainSums& sums) {
    const std::vector<int64_t> blocks = split(batch);
    std::vector<Totals> totals(blocks.size() - 1, Totals(chain.tags));
    const auto run = chain.tags <= 4 ? run_blocks<1> : chain.tags <= 8 ? run_blocks<2> : run_blocks<0>;
    const double cost = 10 + chain.tags * (4 + 0.8 * chain.tags);  // nanoseconds a character
    run(chain, batch, gold, worthwhile_threads(threads, cost * double(batch.characters())), sums, blocks, totals);
    const auto add_up = [&](double* result, std::vector<double> Totals::*part, int size) {
        if (!result) return;
        std::fill_n(result, size, 0.0);
        for (const Totals& one : totals)
            for (int k = 0; k < size; ++k) result[k] += (one.*part)[size_t(k)];
    };
    add_up(sums.transitions, &Totals::transitions, chain.tags * chain.tags);
    add_up(sums.start, &Totals::start, chain.tags);
    add_up(sums.end, &Totals::end, chain.tags);
}

}  // namespace cws
