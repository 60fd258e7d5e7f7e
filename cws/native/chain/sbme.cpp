#include "chain/sbme.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace cws {
namespace {

constexpr int32_t kImpossible = -(1 << 30);  // below any real score, far from overflow

using Best = std::array<int32_t, 4>;  // of each tag, the score of the best path to it

// Goes on by one character, and returns its back-pointers.
uint8_t step(const int16_t* transitions, const int16_t* row, Best& best) {
    const Best from = best;
    unsigned bits = 0;
    for (const Tag tag : {S, B, M, E}) {
        const int low = kBefore[tag][0], high = kBefore[tag][1];
        const int32_t lower = from[size_t(low)] + transitions[4 * low + tag];
        const int32_t higher = from[size_t(high)] + transitions[4 * high + tag];
        bits |= unsigned(higher > lower) << tag;
        best[tag] = std::max(lower, higher) + row[tag];
    }
    return uint8_t(bits);
}

Best begin(const ChainScores& scores, const int16_t* row) {
    return {scores.start[S] + row[S], scores.start[B] + row[B], kImpossible, kImpossible};
}

unsigned tag_before(unsigned tag, uint8_t back) { return kBefore[tag][back >> tag & 1]; }

unsigned tag_of(bool opens, bool closes) { return opens ? (closes ? S : B) : (closes ? E : M); }

// The last character up to `at` where the best paths to all tags of `at` have the same tag, and those tags as bits; or the
// first character.
std::pair<int, unsigned> common_tag(const uint8_t* back, int at) {
    unsigned tags = 15;
    for (; at > 0 && (tags & (tags - 1)); --at) {
        unsigned before = 0;
        for (const Tag tag : {S, B, M, E})
            if (tags >> tag & 1) before |= 1u << tag_before(tag, back[at]);
        tags = before;
    }
    return {at, tags};
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

int viterbi_word_ends_again(const ChainScores& scores, const int16_t* emissions, const int16_t* old, int first, int last,
                            int count, uint8_t* back, uint8_t* word_ends) {
    Best was, is;  // less what all paths have in common
    int at = 0;
    unsigned tags = 15;
    if (first > 0) std::tie(at, tags) = common_tag(back, first - 1);
    if (at == 0) {
        was = begin(scores, first > 0 ? emissions : old);
        is = begin(scores, emissions);
    } else {
        for (const Tag tag : {S, B, M, E}) was[tag] = tags >> tag & 1 ? 0 : kImpossible;
        is = was;
    }
    const int unchanged = at;
    const auto is_same = [&] {
        return is[S] - was[S] == is[B] - was[B] && is[S] - was[S] == is[M] - was[M] && is[S] - was[S] == is[E] - was[E];
    };
    while (at + 1 < count && (at <= last || !is_same())) {
        ++at;
        step(scores.transitions, at >= first && at <= last ? old + 4 * (at - first) : emissions + 4 * at, was);
        const uint8_t pointers = step(scores.transitions, emissions + 4 * at, is);
        if (at >= first) back[at] = pointers;
    }
    unsigned tag = tag_of(at == 0 || word_ends[at - 1], word_ends[at]);
    if (at + 1 == count) tag = is[E] + scores.end[E] > is[S] + scores.end[S] ? E : S;
    for (; at >= unchanged; --at) {
        word_ends[at] = tag == S || tag == E;
        if (at > 0) tag = tag_before(tag, back[at]);
    }
    return unchanged;
}

}  // namespace cws
