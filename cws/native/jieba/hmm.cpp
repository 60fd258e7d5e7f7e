#include "jieba/hmm.h"

namespace cws {

JiebaHmm::JiebaHmm() {
    start.fill(kJiebaMinimum);
    transitions.fill(start);
    emissions.assign(kCharacters, start);
}

void JiebaHmm::decode(const uint32_t* codes, size_t count, std::vector<uint8_t>& back, uint8_t* states) const {
    if (back.size() < count) back.resize(count);
    const Row& first = emissions[codes[0] - kFirst];
    double b = start[kB] + first[kB], e = start[kE] + first[kE], m = start[kM] + first[kM], s = start[kS] + first[kS];
    // Each state has two predecessors: E and S before B and S, B and M before M and E. A bit of `back` tells which.
    const double eb = transitions[kE][kB], sb = transitions[kS][kB], es = transitions[kE][kS], ss = transitions[kS][kS];
    const double be = transitions[kB][kE], me = transitions[kM][kE], bm = transitions[kB][kM], mm = transitions[kM][kM];
    for (size_t i = 1; i < count; ++i) {
        const Row& row = emissions[codes[i] - kFirst];
        const double b0 = e + eb + row[kB], b1 = s + sb + row[kB];
        const double s0 = e + es + row[kS], s1 = s + ss + row[kS];
        const double e0 = b + be + row[kE], e1 = m + me + row[kE];
        const double m0 = b + bm + row[kM], m1 = m + mm + row[kM];
        const unsigned from_b = b1 >= b0, from_e = e1 >= e0, from_m = m1 >= m0, from_s = s1 >= s0;
        back[i] = uint8_t(from_b << kB | from_e << kE | from_m << kM | from_s << kS);
        b = from_b ? b1 : b0;
        e = from_e ? e1 : e0;
        m = from_m ? m1 : m0;
        s = from_s ? s1 : s0;
    }
    unsigned state = s >= e ? kS : kE;
    for (size_t i = count - 1;; --i) {
        states[i] = uint8_t(state);
        if (i == 0) break;
        const unsigned second = back[i] >> state & 1;
        state = state == kB || state == kS ? (second ? kS : kE) : (second ? kM : kB);
    }
}

}  // namespace cws
