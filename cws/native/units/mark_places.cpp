#include "units/mark_places.h"

#include <algorithm>

#include "base/cpu_dispatch.h"

namespace cws {
namespace {

// Texts are short, so all is in blocks of one size: vectors without a remainder. A sentence of 80 characters has three.
constexpr size_t kStep = 32;
// What is known of characters by themselves: each 1 or 0.
struct Looks {
    uint8_t begins[kMarkedAtOnce + kStep];  // a unit may begin with it, whatever comes next, or with its like if that comes next
    uint8_t lone[kMarkedAtOnce + kStep];
    uint8_t combines[kMarkedAtOnce + kStep];  // may be part of a unit with a lone mark before it
    uint8_t sentence[kMarkedAtOnce + kStep];
};

// The upper byte of a code; beyond the BMP another of which all characters are neither ideographs nor marks.
inline uint8_t upper(uint16_t code) { return uint8_t(code >> 8); }
inline uint8_t upper(uint32_t code) { return code > 0xFFFF ? uint8_t(0xFE) : uint8_t(code >> 8); }

// Looks at a block; text[kStep] is read. Bytes are compared, not codes, so that vectors hold more of them.
template <class Code>
inline __attribute__((always_inline)) void look(const Code* __restrict text, size_t at, Looks& __restrict looks) {
    for (size_t i = 0; i < kStep; ++i) {
        const uint8_t high = upper(text[i]), low = uint8_t(text[i]);
        const uint8_t sentence = is_wide_sentence_mark(high, low), lone = sentence + is_other_lone_mark(high, low);
        const uint8_t other = 1 - lone - is_plain_ideograph(high, low);
        const uint8_t beyond_ascii = std::min(uint8_t(high | (low & 0x80)), uint8_t(1));
        looks.begins[at + i] = other + (lone & uint8_t(text[i] == text[i + 1]));
        looks.lone[at + i] = lone;
        looks.combines[at + i] = other & beyond_ascii;
        looks.sentence[at + i] = sentence;
    }
}

// The places of a block.
inline __attribute__((always_inline)) void decide(const Looks& __restrict looks, size_t at, uint8_t* __restrict places) {
    for (size_t i = at; i < at + kStep; ++i) {
        const uint8_t is_marked = looks.begins[i] | (looks.lone[i] & looks.combines[i + 1]);
        const uint8_t is_beside = looks.sentence[i] | looks.sentence[i + 1];
        places[i - at] = uint8_t(is_marked * kMarked + is_beside * kBoundary);
    }
}

// All is looked at before any is decided on: what was stored a moment ago is slow to read from one byte further on.
template <class Code>
inline __attribute__((always_inline)) size_t mark(const Code* text, size_t size, uint8_t* places) {
    const size_t count = std::min(size, kMarkedAtOnce);
    Looks looks;
    size_t at = 0;
    for (; at < std::min(size, count + 1) && at + kStep < size; at += kStep) look(text + at, at, looks);
    if (at < size && at <= count) {  // the last block of the text
        Code padded[kStep + 1];
        std::fill_n(padded, kStep + 1, Code(0x4E00));
        std::copy(text + at, text + size, padded);
        look(padded, at, looks);
    }
    if (count == size) looks.combines[size] = looks.sentence[size] = 0;
    for (at = 0; at + kStep <= count; at += kStep) decide(looks, at, places + at);
    if (at < count) {
        uint8_t block[kStep];
        decide(looks, at, block);
        std::copy_n(block, count - at, places + at);
    }
    return count;
}

}  // namespace

size_t mark_places(const uint8_t*, size_t size, uint8_t* places) {
    const size_t count = std::min(size, kMarkedAtOnce);
    if (count) std::memset(places, kMarked, count);  // Latin-1 has nothing else
    return count;
}

CWS_CPU_DISPATCH size_t mark_places(const uint16_t* text, size_t size, uint8_t* places) { return mark(text, size, places); }

CWS_CPU_DISPATCH size_t mark_places(const uint32_t* text, size_t size, uint8_t* places) { return mark(text, size, places); }

}  // namespace cws
