// The places of a text where a unit may begin. Of Chinese text these are few; the rest is passed over by loops without
// branches, which the compiler makes vectors of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace cws {

inline constexpr uint8_t kMarked = 4;  // beside the values of Boundary in base/labeler.h

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
void mark_places(const uint8_t* text, size_t size, uint8_t* places);
void mark_places(const uint16_t* text, size_t size, uint8_t* places);
void mark_places(const uint32_t* text, size_t size, uint8_t* places);

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
