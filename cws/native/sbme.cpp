#include "sbme.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace cws {
namespace {

constexpr int32_t kImpossible = -(1 << 30);  // below any real score, far from overflow

double log_add(double a, double b) {
    const double larger = std::max(a, b);
    return larger == -INFINITY ? larger : larger + std::log1p(std::exp(std::min(a, b) - larger));
}

}  // namespace

void viterbi_word_ends(const ChainScores& scores, const int16_t* emissions, int count, uint8_t* back,
                       uint8_t* word_ends) {
    const int16_t* t = scores.transitions;
    const int32_t ss = t[4 * S + S], sb = t[4 * S + B], bm = t[4 * B + M], be = t[4 * B + E];
    const int32_t mm = t[4 * M + M], me = t[4 * M + E], es = t[4 * E + S], eb = t[4 * E + B];
    int32_t s = scores.start[S] + emissions[S], b = scores.start[B] + emissions[B], m = kImpossible, e = kImpossible;
    for (int i = 1; i < count; ++i) {
        emissions += 4;
        const int32_t s_from_s = s + ss, s_from_e = e + es, b_from_s = s + sb, b_from_e = e + eb;
        const int32_t m_from_b = b + bm, m_from_m = m + mm, e_from_b = b + be, e_from_m = m + me;
        // Each tag has two possible predecessors, so its back-pointer is one bit: the higher of the two.
        back[i] = uint8_t((s_from_e > s_from_s) << S | (b_from_e > b_from_s) << B | (m_from_m > m_from_b) << M |
                          (e_from_m > e_from_b) << E);
        s = std::max(s_from_s, s_from_e) + emissions[S];
        b = std::max(b_from_s, b_from_e) + emissions[B];
        m = std::max(m_from_b, m_from_m) + emissions[M];
        e = std::max(e_from_b, e_from_m) + emissions[E];
    }
    unsigned tag = e + scores.end[E] > s + scores.end[S] ? E : S;
    for (int i = count - 1; i >= 0; --i) {
        const bool begins = tag == S || tag == B;
        word_ends[i] = tag == S || tag == E;
        const unsigned bit = back[i] >> tag & 1;  // of back[0] nothing comes
        tag = begins ? bit * E : B + bit;
    }
}

void ForwardBackward::run(const ChainScores& scores, double scale, const int16_t* emissions, int count) {
    for (int from = 0; from < 4; ++from)
        for (int to = 0; to < 4; ++to) transitions_[from][to] = scale * scores.transitions[4 * from + to];
    steps_.resize(size_t(count));
    for (int i = 0; i < count; ++i) {
        Step& here = steps_[size_t(i)];
        for (int k = 0; k < 4; ++k) {
            here.emission[k] = scale * emissions[4 * i + k];
            double before = k == S || k == B ? scale * scores.start[k] : -INFINITY;
            if (i > 0) {
                const double* forward = steps_[size_t(i - 1)].forward;
                const auto [p, q] = kBefore[k];
                before = log_add(forward[p] + transitions_[p][k], forward[q] + transitions_[q][k]);
            }
            here.forward[k] = before + here.emission[k];
        }
    }
    for (int i = count - 1; i >= 0; --i) {
        Step& here = steps_[size_t(i)];
        for (int k = 0; k < 4; ++k) {
            here.backward[k] = k == S || k == E ? scale * scores.end[k] : -INFINITY;
            if (i < count - 1) {
                const Step& next = steps_[size_t(i + 1)];
                const auto [p, q] = kAfter[k];
                here.backward[k] = log_add(transitions_[k][p] + next.emission[p] + next.backward[p],
                                           transitions_[k][q] + next.emission[q] + next.backward[q]);
            }
        }
    }
    const Step& first = steps_.front();
    log_partition_ = log_add(first.forward[S] + first.backward[S], first.forward[B] + first.backward[B]);
}

double ForwardBackward::word_probability(int first, int last) const {
    const Tag opening = first == last ? S : B, closing = first == last ? S : E;
    double path = steps_[size_t(first)].forward[opening] + steps_[size_t(last)].backward[closing] - log_partition_;
    for (int i = first + 1; i <= last; ++i) {
        const Tag from = i == first + 1 ? B : M, to = i == last ? E : M;
        path += transitions_[from][to] + steps_[size_t(i)].emission[to];
    }
    return std::min(1.0, std::exp(path));
}

std::vector<double> ForwardBackward::marginals() const {
    std::vector<double> result;
    for (const Step& here : steps_)
        for (int k = 0; k < 4; ++k) result.push_back(std::exp(here.forward[k] + here.backward[k] - log_partition_));
    return result;
}

std::vector<ScoredWordEnds> n_best_word_ends(const ChainScores& scores, const int16_t* emissions, int count, int n) {
    struct Path {
        int64_t score;
        Tag before;
        int rank;  // of the path among those of `before`
    };
    using Paths = std::vector<Path>;  // best first
    // shape: (count, 4), at most n paths each
    std::vector<std::array<Paths, 4>> ending(static_cast<size_t>(count));
    const auto better = [](const Path& a, const Path& b) { return a.score > b.score; };
    for (int i = 0; i < count; ++i) {
        for (const Tag tag : {S, B, M, E}) {
            Paths& paths = ending[size_t(i)][tag];
            const int16_t emission = emissions[4 * i + tag];
            if (i == 0) {
                if (tag == S || tag == B) paths.push_back({scores.start[tag] + emission, tag, 0});
                continue;
            }
            for (const Tag before : kBefore[tag]) {
                const Paths& shorter = ending[size_t(i - 1)][before];
                for (int rank = 0; rank < int(shorter.size()); ++rank)
                    paths.push_back({shorter[size_t(rank)].score + scores.transitions[4 * before + tag] + emission,
                                     before, rank});
            }
            std::stable_sort(paths.begin(), paths.end(), better);  // stable: the lower tag wins ties
            if (paths.size() > size_t(n)) paths.resize(size_t(n));
        }
    }
    Paths finals;
    for (const Tag tag : {S, E})
        for (int rank = 0; rank < int(ending.back()[tag].size()); ++rank)
            finals.push_back({ending.back()[tag][size_t(rank)].score + scores.end[tag], tag, rank});
    std::stable_sort(finals.begin(), finals.end(), better);
    if (finals.size() > size_t(n)) finals.resize(size_t(n));

    std::vector<ScoredWordEnds> result;
    for (const Path& final : finals) {
        result.push_back({final.score, std::vector<uint8_t>(size_t(count))});
        Path at = final;
        for (int i = count - 1; i >= 0; --i) {
            const Tag tag = at.before;
            result.back().word_ends[size_t(i)] = tag == S || tag == E;
            at = ending[size_t(i)][tag][size_t(at.rank)];
        }
    }
    return result;
}

}  // namespace cws
