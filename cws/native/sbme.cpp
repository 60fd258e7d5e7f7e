#include "sbme.h"

#include <algorithm>
#include <cmath>

namespace cws {
namespace {

constexpr int32_t kImpossible = -(1 << 30);  // below any real score, far from overflow

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

WordChain::WordChain(const ChainScores& scores, double scale) : scale_(scale) {
    whole_.fill(kForbidden);
    for (const Tag tag : {S, B, M, E})
        for (const Tag before : kBefore[tag]) whole_[size_t(4 * before + tag)] = scores.transitions[4 * before + tag];
    for (const Tag first : {S, B}) whole_[size_t(16 + first)] = scores.start[first];
    for (const Tag last : {S, E}) whole_[size_t(20 + last)] = scores.end[last];
    for (size_t i = 0; i < whole_.size(); ++i) scaled_[i] = float(scale * whole_[i]);
}

void WordChain::read(const int16_t* emissions, int count) {
    std::vector<float> scores(size_t(count) * 4);
    for (size_t i = 0; i < scores.size(); ++i) scores[i] = float(scale_ * emissions[i]);
    marginals_.resize(scores.size());
    pairwise_.resize(scores.size() * 4);
    const int64_t offsets[2] = {0, count};
    double log_partition, transitions[16];
    forward_backward(chain_of(scaled_), {scores.data(), offsets, 1, nullptr}, nullptr, 1,
                     {&log_partition, marginals_.data(), transitions, pairwise_.data(), nullptr, nullptr});
}

double WordChain::word_probability(int first, int last) const {
    if (first == last) return marginals_[size_t(4 * first + S)];
    // Tags are a Markov chain under the posterior too: p(b, m, e) = p(b, m) p(m, e) / p(m).
    double probability = 1;
    for (int i = first + 1; i <= last; ++i) {
        const Tag from = i == first + 1 ? B : M, to = i == last ? E : M;
        const double before = i == first + 1 ? 1 : marginals_[size_t(4 * (i - 1) + from)];
        if (before == 0) return 0;
        probability *= pairwise_[size_t(16 * i + 4 * from + to)] / before;
    }
    return std::min(1.0, probability);
}

std::vector<WordChain::Path> WordChain::nbest(const int16_t* emissions, int count, int n) const {
    const std::vector<float> scores(emissions, emissions + count * 4);
    const int64_t offsets[2] = {0, count};
    std::vector<uint8_t> tags(size_t(n) * size_t(count));
    std::vector<double> values(static_cast<size_t>(n));
    cws::nbest(chain_of(whole_), {scores.data(), offsets, 1, nullptr}, n, 1, tags.data(), values.data());
    std::vector<Path> paths;
    for (int rank = 0; rank < n && values[size_t(rank)] > -INFINITY; ++rank) {
        const uint8_t* const path = tags.data() + int64_t(rank) * count;
        std::vector<uint8_t> word_ends(static_cast<size_t>(count));
        std::transform(path, path + count, word_ends.begin(), [](uint8_t tag) { return tag == S || tag == E; });
        paths.push_back({int64_t(values[size_t(rank)]), std::move(word_ends)});
    }
    return paths;
}

}  // namespace cws
