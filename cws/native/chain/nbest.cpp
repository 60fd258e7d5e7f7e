// The n best paths: Viterbi with n paths for each tag instead of one, in double precision.
#include <algorithm>
#include <cstring>

#include "chain/chain.h"
#include "base/parallel.h"

namespace cws {
namespace {

struct Origin {
    uint8_t tag;
    uint16_t rank;  // of the path among those that end with the tag
};

class NBest {
public:
    NBest(const Chain& chain, int n)
        : chain_(chain), tags_(chain.tags), n_(n), best_(size_t(tags_ * n), -INFINITY), next_(best_),
          heads_(size_t(tags_)), finals_(size_t(n)), final_scores_(size_t(n)) {}

    // tags: n rows, tag_stride apart; scores: n values, score_stride apart.
    void run(const float* emissions, const uint8_t* allowed, int64_t count, uint8_t* tags, int64_t tag_stride,
             double* scores, int64_t score_stride) {
        origins_.resize(size_t(count * tags_ * n_));
        const bool good = forward(emissions, allowed, count);
        take([&](int tag) { return double(chain_.end[tag]); }, finals_.data(), final_scores_.data());
        for (int rank = 0; rank < n_; ++rank) {
            const double score = good ? final_scores_[size_t(rank)] : NAN;
            scores[rank * score_stride] = score;
            uint8_t* const row = tags + rank * tag_stride;
            if (!(score > -INFINITY)) {
                std::memset(row, 0, size_t(count));
                continue;
            }
            Origin at = finals_[size_t(rank)];
            for (int64_t i = count - 1; i >= 0; --i) {
                row[i] = at.tag;
                at = origins_[size_t((i * tags_ + at.tag) * n_ + at.rank)];
            }
        }
    }

private:
    bool forward(const float* emissions, const uint8_t* allowed, int64_t count) {
        bool good = true;
        for (int64_t i = 0; i < count; ++i) {
            const uint8_t* const bits = allowed ? allowed + i * allowed_stride(tags_) : nullptr;
            for (int to = 0; to < tags_; ++to) {
                const float emission = emissions[i * tags_ + to];
                good &= std::abs(emission) <= kMaxScore;
                double* const scores = next_.data() + to * n_;
                if (!is_allowed(bits, to)) {
                    std::fill(scores, scores + n_, -INFINITY);
                } else if (i == 0) {
                    std::fill(scores, scores + n_, -INFINITY);
                    scores[0] = double(chain_.start[to]) + emission;
                } else {
                    take([&](int from) { return double(chain_.transitions[from * tags_ + to]); },
                         origins_.data() + (i * tags_ + to) * n_, scores);
                    for (int rank = 0; rank < n_; ++rank) scores[rank] += emission;
                }
            }
            best_.swap(next_);
        }
        return good;
    }

    // The n best of all paths in best_, after adding a score to each tag's. The paths of a tag are in order, so the next
    // best is among the heads of what is left of each; of equals, that of the lowest tag.
    template <class Score>
    void take(Score score, Origin* origins, double* scores) {
        std::fill(heads_.begin(), heads_.end(), 0);
        for (int rank = 0; rank < n_; ++rank) {
            int winner = -1;
            double highest = -INFINITY;
            for (int tag = 0; tag < tags_; ++tag) {
                if (heads_[size_t(tag)] == n_) continue;
                const double candidate = best_[size_t(tag * n_ + heads_[size_t(tag)])] + score(tag);
                if (candidate > highest) {
                    highest = candidate;
                    winner = tag;
                }
            }
            scores[rank] = highest;
            origins[rank] = winner < 0 ? Origin{0, 0} : Origin{uint8_t(winner), uint16_t(heads_[size_t(winner)]++)};
        }
    }

    const Chain& chain_;
    int tags_, n_;
    std::vector<double> best_, next_;  // (tags, n), each row best first
    std::vector<int> heads_;
    std::vector<Origin> origins_, finals_;
    std::vector<double> final_scores_;
};

}  // namespace

void nbest(const Chain& chain, const Batch& batch, int n, int threads, uint8_t* tags, double* scores) {
    const std::vector<int64_t> blocks = split(batch);
    const double cost = 2.0 * chain.tags * chain.tags * n;  // nanoseconds a character
    threads = worthwhile_threads(threads, cost * double(batch.characters()));
    for_each_block(blocks.size() - 1, threads, [&] {
        return [&, search = NBest(chain, n)](size_t block) mutable {
            for (int64_t sequence = blocks[block]; sequence < blocks[block + 1]; ++sequence) {
                const int64_t first = batch.offsets[sequence];
                if (batch.length(sequence) == 0) {
                    for (int rank = 0; rank < n; ++rank) scores[rank * batch.sequences + sequence] = rank ? -INFINITY : 0;
                    continue;
                }
                const uint8_t* const allowed =
                    batch.allowed ? batch.allowed + first * allowed_stride(chain.tags) : nullptr;
                search.run(batch.emissions + first * chain.tags, allowed, batch.length(sequence), tags + first,
                           batch.characters(), scores + sequence, batch.sequences);
            }
        };
    });
}

}  // namespace cws
