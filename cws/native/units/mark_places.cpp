#include "units/mark_places.h"

#include <algorithm>

#include "base/cpu_dispatch.h"

namespace cws {
namespace {

enum : uint8_t { kOther = 1, kLone = 2, kSentence = 4, kRepeated = 8, kMayCombine = 16 };

// Texts are short, so all is in blocks of one size: vectors without a remainder. A sentence of 80 characters has three.
constexpr size_t kStep = 32;

// What is known of each character of a block by itself, and by the one after it; text[kStep] is read. All in numbers as
// wide as the text's, so that vectors hold more of them.
template <class Code>
inline __attribute__((always_inline)) void look(const Code* __restrict text, uint8_t* __restrict bits) {
    for (size_t i = 0; i < kStep; ++i) {
        const Code code = text[i], next = text[i + 1];
        const Code lone = is_lone_mark(code), other = Code(1 - lone - is_plain_ideograph(code));
        const Code may_combine = Code(other & Code(code >= Code(0x80)));
        bits[i] = uint8_t(other * kOther + lone * kLone + is_wide_sentence_mark(code) * kSentence +
                          Code(code == next) * kRepeated + may_combine * kMayCombine);
    }
}

// The places of a block; bits[kStep] is read.
inline __attribute__((always_inline)) void decide(const uint8_t* __restrict bits, uint8_t* __restrict places) {
    for (size_t i = 0; i < kStep; ++i) {
        const uint8_t here = bits[i], next = bits[i + 1];
        const uint8_t is_marked = (here | (here >> 1 & (next >> 4 | here >> 3))) & 1;
        const uint8_t is_beside = (here | next) >> 2 & 1;
        places[i] = uint8_t(is_marked << 2 | (is_beside & ~is_marked));
    }
}

// From the last block to the first, because a place depends on the character after it.
template <class Code>
inline __attribute__((always_inline)) void mark(const Code* text, size_t size, uint8_t* places) {
    if (!size) return;
    const size_t last = size - 1;
    size_t begin = last / kStep * kStep;
    Code padded[kStep + 1];
    std::fill_n(padded, kStep + 1, Code(0x4E00));
    std::copy(text + begin, text + size, padded);
    uint8_t bits[kStep + 1], block[kStep];
    look(padded, bits);
    bits[kStep] = 0;
    decide(bits, block);
    std::copy_n(block, size - begin, places + begin);
    while (begin > 0) {
        begin -= kStep;
        bits[kStep] = bits[0];
        look(text + begin, bits);
        decide(bits, places + begin);
    }
}

}  // namespace

void mark_places(const uint8_t*, size_t size, uint8_t* places) {
    if (size) std::memset(places, kMarked, size);  // Latin-1 has nothing else
}

CWS_CPU_DISPATCH void mark_places(const uint16_t* text, size_t size, uint8_t* places) { mark(text, size, places); }

CWS_CPU_DISPATCH void mark_places(const uint32_t* text, size_t size, uint8_t* places) { mark(text, size, places); }

}  // namespace cws
