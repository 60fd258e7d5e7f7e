#include "chain/word_chain.h"

#include <algorithm>

#include "chain/constraints.h"

namespace cws {

WordChain::WordChain(WordTags words, std::vector<float> scores, double scale, bool is_sbme,
                     int order)
    : words_(std::move(words)), tags_(int(words_.opens.size())), order_(order), scale_(scale), is_sbme_(is_sbme),
      whole_(std::move(scores)), scaled_(whole_.size()) {
    for (int from = 0; from < tags_; ++from)
        for (int to = 0; to < tags_; ++to)
            if (const float score = whole_[size_t(from * tags_ + to)]; score > kForbidden)
                (words_.closes[size_t(from)] ? between_ : inside_).push_back({from, to, score});
    std::transform(whole_.begin(), whole_.end(), scaled_.begin(), [&](float score) { return float(scale * score); });
}

void WordChain::constrain(float* emissions, int count, const uint8_t* places) const {
    constexpr float kImpossible = -1e6f;  // far below any score, and sums of it are exact enough
    constrain_tags(emissions, count, tags_, words_.opens, words_.closes, kImpossible, places);
}

void WordChain::word_ends(const float* emissions, int count, uint8_t* word_ends) {
    const int64_t offsets[2] = {0, count};
    double score;
    viterbi(chain_of(tags_, whole_, is_sbme_), {emissions, offsets, 1, nullptr}, 1, word_ends, &score);
    std::transform(word_ends, word_ends + count, word_ends, [&](uint8_t tag) { return words_.closes[tag]; });
}

std::vector<ScoredWordEnds> WordChain::nbest(const float* emissions, int count, int n) const {
    const int64_t offsets[2] = {0, count};
    std::vector<uint8_t> tags(size_t(n) * size_t(count));
    std::vector<double> scores(static_cast<size_t>(n));
    cws::nbest(chain_of(tags_, whole_, is_sbme_), {emissions, offsets, 1, nullptr}, n, 1, tags.data(), scores.data());
    std::vector<ScoredWordEnds> paths;
    for (int rank = 0; rank < n && scores[size_t(rank)] > -INFINITY; ++rank) {
        const uint8_t* const path = tags.data() + int64_t(rank) * count;
        std::vector<uint8_t> word_ends(static_cast<size_t>(count));
        std::transform(path, path + count, word_ends.begin(), [&](uint8_t tag) { return words_.closes[tag]; });
        paths.push_back({scores[size_t(rank)], std::move(word_ends)});
    }
    return paths;
}

void WordChain::read(const float* emissions, int count) {
    std::vector<float> scaled(emissions, emissions + count * tags_);
    for (float& score : scaled) score = float(scale_ * score);
    marginals_.resize(scaled.size());
    pairwise_.resize(scaled.size() * size_t(tags_));
    const int64_t offsets[2] = {0, count};
    double log_partition;
    std::vector<double> transitions(size_t(tags_ * tags_));
    forward_backward(chain_of(tags_, scaled_, is_sbme_), {scaled.data(), offsets, 1, nullptr}, nullptr, 1,
                     {&log_partition, marginals_.data(), transitions.data(), pairwise_.data(), nullptr, nullptr});
}

// Tags are a Markov chain under the posterior too: from one character to the next by p(from, to) / p(from), through the
// tags that fit from first to last.
template <class Fits>
double WordChain::probability_of(int first, int last, Fits fits) const {
    std::vector<double> here(static_cast<size_t>(tags_)), next(here.size());
    for (int tag = 0; tag < tags_; ++tag)
        if (fits(first, tag)) here[size_t(tag)] = marginals_[size_t(first * tags_ + tag)];
    for (int i = first + 1; i <= last; ++i) {
        std::fill(next.begin(), next.end(), 0.0);
        for (int from = 0; from < tags_; ++from) {
            const double marginal = marginals_[size_t((i - 1) * tags_ + from)];
            if (here[size_t(from)] == 0 || marginal == 0) continue;
            for (int to = 0; to < tags_; ++to)
                if (fits(i, to))
                    next[size_t(to)] +=
                        here[size_t(from)] * (pairwise_[size_t((i * tags_ + from) * tags_ + to)] / marginal);
        }
        here.swap(next);
    }
    double sum = 0;
    for (const double probability : here) sum += probability;
    return std::min(1.0, sum);
}

double WordChain::word_probability(int first, int last) const {
    return probability_of(first, last, [&](int i, int tag) {
        return words_.opens[size_t(tag)] == (i == first) && words_.closes[size_t(tag)] == (i == last);
    });
}

double WordChain::span_probability(int first, int last) const {
    return probability_of(first, last, [&](int i, int tag) {
        return (i != first || words_.opens[size_t(tag)]) && (i != last || words_.closes[size_t(tag)]);
    });
}

}  // namespace cws
