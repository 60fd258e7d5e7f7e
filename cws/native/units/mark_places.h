// The places of a text where a unit may begin. Of Chinese text these are few; the rest is passed over by loops without
// branches, which the compiler makes vectors of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/labeler.h"

namespace cws {

inline constexpr uint8_t kMarked = 4;  // beside the values of Boundary in base/labeler.h

// Each of these is 1 or 0 of a character by its two bytes, a sum of comparisons of which one at most is true: from `or`, GCC
// makes look-ups of bits that are no vectors.

inline constexpr uint8_t is_equal(uint8_t byte, uint8_t other) { return byte == other; }
inline constexpr uint8_t is_among(uint8_t byte, uint8_t first, uint8_t count) { return uint8_t(byte - first) < count; }

// An ideograph that is in no unit but with what comes after it, or with numerals.
inline uint8_t is_plain_ideograph(uint8_t high, uint8_t low) {
    const uint8_t is_numeral = (is_equal(high, 0x4E) & (is_equal(low, 0x07) + is_equal(low, 0xBF))) +  // 万 亿
                               (is_equal(high, 0x70) & is_equal(low, 0xB9));                            // 点
    return is_among(high, 0x4E, 0x52) - is_numeral;
}

// 、 。 ！ ， ： ； ？
inline uint8_t is_wide_sentence_mark(uint8_t high, uint8_t low) {
    return (is_equal(high, 0x30) & is_among(low, 0x01, 2)) +
           (is_equal(high, 0xFF) & (is_equal(low, 0x01) + is_equal(low, 0x0C) + is_among(low, 0x1A, 2) + is_equal(low, 0x1F)));
}

// Marks that are a unit only if the same mark or one that combines with them comes next: the above and – — ‘ ’ “ ” … 《 》
// 「 」 『 』 【 】 （ ）
inline uint8_t is_other_lone_mark(uint8_t high, uint8_t low) {
    return (is_equal(high, 0x20) & is_among(low, 0x10, 0x18)) + (is_equal(high, 0x30) & is_among(low, 0x08, 10)) +
           (is_equal(high, 0xFF) & is_among(low, 0x08, 2));
}

inline bool is_plain_ideograph(uint32_t code) {
    return code <= 0xFFFF && is_plain_ideograph(uint8_t(code >> 8), uint8_t(code));
}
inline bool is_wide_sentence_mark(uint32_t code) {
    return code <= 0xFFFF && is_wide_sentence_mark(uint8_t(code >> 8), uint8_t(code));
}

// So many characters are marked at a time: when those places are looked at, their text is still in the nearest cache.
inline constexpr size_t kMarkedAtOnce = 1024;

// Sets each place after one of the first characters of a text, and kBoundary there beside a wide sentence mark, kMarked where
// a unit may begin with the character. Returns how many characters.
size_t mark_places(const uint8_t* text, size_t size, uint8_t* places);
size_t mark_places(const uint16_t* text, size_t size, uint8_t* places);
size_t mark_places(const uint32_t* text, size_t size, uint8_t* places);

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
