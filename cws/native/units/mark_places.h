// The places of a text where a unit may begin. Of Chinese text these are few; the rest is passed over by loops without
// branches, which the compiler makes vectors of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "base/labeler.h"

namespace cws {

inline constexpr uint8_t kMarked = 4;  // beside the values of Boundary

// Each of these is 1 or 0, a sum of comparisons of which one at most is true: from `or`, GCC makes look-ups of bits that are
// no vectors.

// An ideograph that is in no unit but with what comes after it, or with numerals.
template <class Code>
Code is_plain_ideograph(Code code) {
    return Code(Code(code - 0x4E00) < Code(0x5200)) - Code(code == Code(U'万')) - Code(code == Code(U'亿')) -
           Code(code == Code(U'点'));
}

// 、 。 ！ ， ： ； ？
template <class Code>
Code is_wide_sentence_mark(Code code) {
    return Code(Code(code - 0x3001) < Code(2)) + Code(Code(code - 0xFF1A) < Code(2)) + Code(code == Code(0xFF01)) +
           Code(code == Code(0xFF0C)) + Code(code == Code(0xFF1F));
}

// Marks that are a unit only if the same mark or one that combines with them comes next: the above and – — ‘ ’ “ ” … 《 》
// 「 」 『 』 【 】 （ ）
template <class Code>
Code is_lone_mark(Code code) {
    return is_wide_sentence_mark(code) + Code(Code(code - 0x2010) < Code(0x18)) + Code(Code(code - 0x3008) < Code(10)) +
           Code(Code(code - 0xFF08) < Code(2));
}

// Sets each place after a character to kMarked where a unit may begin with the character, else to kBoundary beside a wide
// sentence mark, else to kFree.
template <class Char>
void mark_places(const Char* __restrict text, size_t size, uint8_t* __restrict places) {
    if constexpr (sizeof(Char) == 1) {
        std::memset(places, kMarked, size);
        return;
    }
    // In numbers as wide as the text's, so that vectors hold more of them.
    using Code = std::conditional_t<sizeof(Char) == 4, uint32_t, uint16_t>;
    enum : uint8_t { kOther = 1, kLone = 2, kSentence = 4, kRepeated = 8, kMayCombine = 16 };
    if (!size) return;
    const size_t last = size - 1;
    for (size_t i = 0; i < last; ++i) {
        const auto code = Code(text[i]), next = Code(text[i + 1]);
        const Code lone = is_lone_mark(code), other = Code(1 - lone - is_plain_ideograph(code));
        const Code may_combine = Code(other & Code(code >= Code(0x80)));
        places[i] = uint8_t(other * kOther + lone * kLone + is_wide_sentence_mark(code) * kSentence +
                            Code(code == next) * kRepeated + may_combine * kMayCombine);
    }
    places[last] = uint8_t(kOther | kMayCombine | is_wide_sentence_mark(Code(text[last])) * kSentence);
    for (size_t i = 0; i < last; ++i) {
        const uint8_t here = places[i], next = places[i + 1];
        const uint8_t is_marked = (here | (here >> 1 & (next >> 4 | here >> 3))) & 1;
        const uint8_t is_beside = (here | next) >> 2 & 1;
        places[i] = uint8_t(is_marked << 2 | (is_beside & ~is_marked));
    }
    places[last] = kMarked;
}

// The first marked place from `at`, or the end.
inline size_t next_marked(const uint8_t* places, size_t at, size_t size) {
    constexpr uint64_t kEight = 0x0101010101010101;
    for (; at + sizeof(kEight) <= size; at += sizeof(kEight)) {
        uint64_t eight;
        std::memcpy(&eight, places + at, sizeof(eight));
        eight &= kEight * kMarked;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        if (eight) return at + size_t(__builtin_ctzll(eight)) / 8;
#else
        if (eight) break;
#endif
    }
    while (at < size && !(places[at] & kMarked)) ++at;
    return at;
}

}  // namespace cws
