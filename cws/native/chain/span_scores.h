// How much a segmentation loses by cuts at two places: Viterbi forward and backward once for a sequence (max-marginals),
// and then from the one place to the other.
#pragma once

#include <algorithm>

#include "chain/sbme.h"
#include "chain/word_chain.h"

namespace cws {

template <class Score>
void WordChain::read_spans(const Score* emissions, int count) {
    const auto tags = size_t(tags_), size = size_t(count) * tags;
    forward_.assign(size, -INFINITY);
    onward_.assign(size, -INFINITY);
    const float* const start = whole_.data() + tags * tags;
    const float* const end = start + tags;
    for (size_t tag = 0; tag < tags; ++tag) {
        if (words_.opens[tag]) forward_[tag] = double(start[tag]) + double(emissions[tag]);
        if (words_.closes[tag]) onward_[size - tags + tag] = double(end[tag]);
    }
    step_.resize(tags);
    for (int i = 1; i < count; ++i) {
        const double* const before = forward_.data() + size_t(i - 1) * tags;
        double* const here = forward_.data() + size_t(i) * tags;
        for (const auto* pairs : {&inside_, &between_})
            for (const Pair& pair : *pairs) here[pair.to] = std::max(here[pair.to], before[pair.from] + pair.score);
        for (size_t tag = 0; tag < tags; ++tag) here[tag] += double(emissions[size_t(i) * tags + tag]);
    }
    for (int i = count - 1; i-- > 0;) {
        double* const here = onward_.data() + size_t(i) * tags;
        for (size_t tag = 0; tag < tags; ++tag)
            step_[tag] = here[tags + tag] + double(emissions[size_t(i + 1) * tags + tag]);
        for (const auto* pairs : {&inside_, &between_})
            for (const Pair& pair : *pairs) here[pair.from] = std::max(here[pair.from], pair.score + step_[size_t(pair.to)]);
    }
    best_ = -INFINITY;
    for (size_t tag = 0; tag < tags; ++tag) best_ = std::max(best_, forward_[size - tags + tag] + onward_[size - tags + tag]);
}

template <class Score>
void WordChain::span_scores(const Score* emissions, int first, const std::vector<int>& ends,
                            std::vector<double>& scores) {
    const auto tags = size_t(tags_);
    scores.assign(ends.size(), -INFINITY);
    reached_.assign(tags, -INFINITY);
    const float* const start = whole_.data() + tags * tags;
    if (first == 0) {
        for (size_t tag = 0; tag < tags; ++tag)
            if (words_.opens[tag]) reached_[tag] = double(start[tag]);
    } else {
        const double* const before = forward_.data() + size_t(first - 1) * tags;
        for (const Pair& pair : between_)
            reached_[size_t(pair.to)] = std::max(reached_[size_t(pair.to)], before[pair.from] + pair.score);
    }
    size_t next = 0;
    for (int i = first;; ++i) {
        for (size_t tag = 0; tag < tags; ++tag) reached_[tag] += double(emissions[size_t(i) * tags + tag]);
        if (ends[next] == i + 1) {
            for (size_t tag = 0; tag < tags; ++tag)
                if (words_.closes[tag]) scores[next] = std::max(scores[next], reached_[tag] + onward_[size_t(i) * tags + tag]);
            scores[next] = scale_ * (scores[next] - best_);
            if (++next == ends.size()) return;
        }
        step_.assign(tags, -INFINITY);
        for (const auto* pairs : {&inside_, &between_})
            for (const Pair& pair : *pairs)
                step_[size_t(pair.to)] = std::max(step_[size_t(pair.to)], reached_[size_t(pair.from)] + pair.score);
        reached_.swap(step_);
    }
}

}  // namespace cws
