// How much a segmentation loses by cuts at two places: Viterbi forward and backward once for a sequence (max-marginals),
// and then from the one place to the other.
#pragma once

#include <algorithm>
#include <type_traits>

#include "chain/sbme.h"
#include "chain/word_chain.h"

namespace cws {

template <class Score>
void WordChain::read_spans(const Score* emissions, int count, Region part) {
    const auto tags = size_t(tags_), size = size_t(count) * tags;
    span_count_ = count;
    if (is_sbme_) return read_sbme_spans(emissions, count, part);
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
void WordChain::read_sbme_spans(const Score* emissions, int count, Region part) {
    // Sums of integers are exact, and a step of them takes half the time.
    using Sum = std::conditional_t<std::is_integral_v<Score>, int32_t, double>;
    const Sum none = std::is_integral_v<Score> ? Sum(-1000000000) : Sum(-INFINITY);
    const float* const t = whole_.data();
    const Sum ss = Sum(t[4 * S + S]), sb = Sum(t[4 * S + B]), bm = Sum(t[4 * B + M]), be = Sum(t[4 * B + E]);
    const Sum mm = Sum(t[4 * M + M]), me = Sum(t[4 * M + E]), es = Sum(t[4 * E + S]), eb = Sum(t[4 * E + B]);
    const auto put = [](std::vector<double>& rows, int i, Sum s, Sum b, Sum m, Sum e) {
        double* const row = rows.data() + 4 * i;
        row[S] = double(s), row[B] = double(b), row[M] = double(m), row[E] = double(e);
    };
    if (forward_.size() < 4 * size_t(count)) {
        forward_.resize(4 * size_t(count));
        onward_.resize(4 * size_t(count));
    }
    Sum s = Sum(t[16 + S]) + emissions[S], b = Sum(t[16 + B]) + emissions[B], m = none, e = none;
    put(forward_, 0, s, b, m, e);
    for (int i = 1; i < part.end; ++i) {
        const Score* const row = emissions + 4 * i;
        const Sum next_s = std::max(s + ss, e + es) + row[S], next_b = std::max(s + sb, e + eb) + row[B];
        const Sum next_m = std::max(b + bm, m + mm) + row[M], next_e = std::max(b + be, m + me) + row[E];
        s = next_s, b = next_b, m = next_m, e = next_e;
        put(forward_, i, s, b, m, e);
    }
    s = Sum(t[20 + S]), b = none, m = none, e = Sum(t[20 + E]);
    put(onward_, count - 1, s, b, m, e);
    const int first = std::max(part.begin - 1, 0);  // the place before a cut
    for (int i = count - 1; i > first; --i) {
        const Score* const row = emissions + 4 * i;
        const Sum on_s = s + row[S], on_b = b + row[B], on_m = m + row[M], on_e = e + row[E];
        s = std::max(ss + on_s, sb + on_b), b = std::max(bm + on_m, be + on_e);
        m = std::max(mm + on_m, me + on_e), e = std::max(es + on_s, eb + on_b);
        put(onward_, i - 1, s, b, m, e);
    }
    const size_t at = 4 * size_t(first);
    best_ = -INFINITY;
    for (size_t tag = 0; tag < 4; ++tag) best_ = std::max(best_, forward_[at + tag] + onward_[at + tag]);
}

// With a cut after its last character each way of forward ends a word there, and onward has what comes then.
inline double WordChain::cut_score(int place) const {
    if (place == 0 || place == span_count_) return best_;
    const size_t at = 4 * size_t(place - 1);
    return std::max(forward_[at + S] + onward_[at + S], forward_[at + E] + onward_[at + E]);
}

template <class Score>
void WordChain::span_scores(const Score* emissions, int first, const std::vector<int>& ends, double limit,
                            std::vector<double>& scores) {
    if (is_sbme_) return sbme_span_scores(emissions, first, ends, limit, scores);
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

// Two cuts cost at least what either costs alone, which most entries that cross words do not get over.
template <class Score>
void WordChain::sbme_span_scores(const Score* emissions, int first, const std::vector<int>& ends, double limit,
                                 std::vector<double>& scores) {
    scores.assign(ends.size(), -INFINITY);
    const double lowest = best_ - limit / scale_;
    if (cut_score(first) < lowest) return;
    const auto may_end = [&](int place) { return cut_score(place) >= lowest; };
    int last = first;
    for (const int end : ends)
        if (may_end(end)) last = end;
    if (last == first) return;
    const float* const t = whole_.data();
    double s = double(t[16 + S]), b = double(t[16 + B]), m = -INFINITY, e = -INFINITY;
    if (first > 0) {
        const double* const before = forward_.data() + 4 * (first - 1);
        s = std::max(before[S] + double(t[4 * S + S]), before[E] + double(t[4 * E + S]));
        b = std::max(before[S] + double(t[4 * S + B]), before[E] + double(t[4 * E + B]));
    }
    size_t next = 0;
    for (int i = first;; ++i) {
        const Score* const row = emissions + 4 * i;
        s += double(row[S]), b += double(row[B]), m += double(row[M]), e += double(row[E]);
        if (ends[next] == i + 1) {
            const double* const on = onward_.data() + 4 * i;
            scores[next++] = scale_ * (std::max(s + on[S], e + on[E]) - best_);
        }
        if (i + 1 == last) return;
        const double next_s = std::max(s + double(t[4 * S + S]), e + double(t[4 * E + S]));
        const double next_b = std::max(s + double(t[4 * S + B]), e + double(t[4 * E + B]));
        const double next_m = std::max(b + double(t[4 * B + M]), m + double(t[4 * M + M]));
        const double next_e = std::max(b + double(t[4 * B + E]), m + double(t[4 * M + E]));
        s = next_s, b = next_b, m = next_m, e = next_e;
    }
}

}  // namespace cws
