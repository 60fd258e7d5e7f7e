#include "chain/sbme.h"

#include <algorithm>

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

}  // namespace cws
