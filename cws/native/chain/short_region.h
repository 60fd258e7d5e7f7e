// The best words of a short region of an S, B, M, E chain: Viterbi over words, since a word's tags are known.
#pragma once

#include <algorithm>

#include "chain/sbme.h"
#include "chain/word_chain.h"

namespace cws {

inline constexpr int kShortRegion = 12;

template <class Score>
bool WordChain::resegment_short(const Score* emissions, int count, Region region, const uint8_t* boundaries,
                             const std::vector<EntryMatch>& matches, uint8_t* word_ends) const {
    const int size = region.end - region.begin;
    if (!is_sbme_ || size > kShortRegion) return false;
    const Score* const row = emissions + 4 * region.begin;
    const float* const t = whole_.data();
    const float* const start = t + 16;
    const float* const end = t + 20;
    double bonus[kShortRegion * (kShortRegion + 1)];  // [begin][end] of a word
    const auto bonus_of = [&](int a, int b) -> double& { return bonus[a * (size + 1) + b]; };
    std::fill_n(bonus, size * (size + 1), 0.0);
    for (const EntryMatch& match : matches)
        bonus_of(match.begin - region.begin, match.end - region.begin) = match.weight / scale_;

    // Of one character, and of several: the score of a word that begins after the tags before, up to its last tag.
    const auto single = [&](int a) { return double(row[4 * a + S]) + bonus_of(a, a + 1); };
    const auto several = [&](int a, int b, double inner) {
        const double inside = b - a == 2 ? t[4 * B + E] : t[4 * B + M] + inner + t[4 * M + E];
        return row[4 * a + B] + inside + row[4 * (b - 1) + E] + bonus_of(a, b);
    };
    const auto add_inner = [&](double inner, int a, int b) {  // the word begins at a now, a character earlier
        return b - a == 2 ? 0.0 : inner + row[4 * (a + 1) + M] + (b - a > 3 ? t[4 * M + M] : 0.0f);
    };
    const Tag left = region.begin == 1 || (region.begin > 1 && word_ends[region.begin - 2]) ? S : E;
    const Tag right = region.end < count && word_ends[region.end] ? S : B;
    const auto into = [&](Tag tag) { return double(region.begin == 0 ? start[tag] : t[4 * left + tag]); };
    const auto out_of = [&](Tag tag) { return double(region.end == count ? end[tag] : t[4 * tag + right]); };

    // For each place: the best scores up to there of ways whose last tag is S or E, and with the next tag S or B.
    double last[2][kShortRegion + 1], next[2][kShortRegion + 1];
    int begins[kShortRegion + 1];              // of the word that ends in E
    bool is_single[2][kShortRegion + 1] = {};  // whether the way with that next tag has S before it
    next[0][0] = into(S);
    next[1][0] = into(B);
    for (int b = 1; b <= size; ++b) {
        last[0][b] = last[1][b] = next[0][b] = next[1][b] = -INFINITY;
        begins[b] = b - 1;
        if (boundaries[b] == kNoBoundary) continue;
        last[0][b] = next[0][b - 1] + single(b - 1);
        double inner = 0;
        for (int a = b - 2; a >= 0 && boundaries[a + 1] != kBoundary; --a) {
            inner = add_inner(inner, a, b);
            const double score = next[1][a] + several(a, b, inner);
            if (score > last[1][b]) {
                last[1][b] = score;
                begins[b] = a;
            }
        }
        for (const int to : {0, 1}) {
            const Tag tag = to == 0 ? S : B;
            const double after_s = last[0][b] + t[4 * S + tag], after_e = last[1][b] + t[4 * E + tag];
            is_single[to][b] = after_s >= after_e;
            next[to][b] = std::max(after_s, after_e);
        }
    }
    const double as_single = last[0][size] + out_of(S), as_several = last[1][size] + out_of(E);

    if (std::max(as_single, as_several) == -INFINITY) return true;
    bool is_allowed = true;
    for (int at = 1; at < size; ++at)
        is_allowed &= boundaries[at] == kFree || (boundaries[at] == kBoundary) == bool(word_ends[region.begin + at - 1]);

    double own = into(word_ends[region.begin] ? S : B);
    for (int a = 0, b; a < size; a = b) {
        for (b = a + 1; !word_ends[region.begin + b - 1];) ++b;
        double inner = 0;
        for (int i = b - 2; i >= a; --i) inner = add_inner(inner, i, b);
        own += b == a + 1 ? single(a) : several(a, b, inner);
        const Tag tag = b == a + 1 ? S : E;
        own += b == size ? out_of(tag) : double(t[4 * tag + (word_ends[region.begin + b] ? S : B)]);
    }
    if (is_allowed && own >= std::max(as_single, as_several)) return true;

    bool ends_single = as_single >= as_several;
    for (int b = size; b > 0;) {
        const int a = ends_single ? b - 1 : begins[b];
        std::fill(word_ends + region.begin + a, word_ends + region.begin + b - 1, uint8_t(0));
        word_ends[region.begin + b - 1] = 1;
        ends_single = is_single[ends_single ? 0 : 1][a];
        b = a;
    }
    return true;
}

}  // namespace cws
