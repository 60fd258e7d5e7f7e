// Kinds and grapheme breaks of code points, looked up in constant time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "units/unicode_ranges.h"

namespace cws {

// In the order of KINDS and BREAKS in cws/units/unicode_ranges.py; kNoKind is beyond the ends of a text.
enum class Kind : uint8_t { kOther, kSpace, kDigit, kLetter, kHan, kOtherLetter, kMark, kScript, kNoKind };
enum class Break : uint8_t {
    kOther, kCr, kLf, kControl, kExtend, kZwj, kRegionalIndicator, kPrepend, kSpacingMark, kL, kV, kT, kHangul, kLv, kLvt
};

inline constexpr uint32_t kNothing = 0xFFFFFFFF;  // stands for the character beyond an end of a text
inline constexpr uint32_t kFlatEnd = 0x20000;     // code points below have a place each in a table

// Kind | break << 3 | Emoji << 7 | Extended_Pictographic << 8.
inline uint16_t search_property(uint32_t code) {
    const auto after = std::upper_bound(std::begin(kUnicodeRanges), std::end(kUnicodeRanges), code << 9 | 511);
    return uint16_t(after[-1] & 511);
}

inline const std::array<uint16_t, kFlatEnd>& flat_properties() {
    static const std::array<uint16_t, kFlatEnd> table = [] {
        std::array<uint16_t, kFlatEnd> properties{};
        for (size_t i = 0; i < std::size(kUnicodeRanges); ++i) {
            const uint32_t begin = kUnicodeRanges[i] >> 9;
            const uint32_t end = i + 1 < std::size(kUnicodeRanges) ? kUnicodeRanges[i + 1] >> 9 : kFlatEnd;
            for (uint32_t code = begin; code < std::min(end, kFlatEnd); ++code)
                properties[code] = uint16_t(kUnicodeRanges[i] & 511);
        }
        return properties;
    }();
    return table;
}

inline uint16_t unicode_property(uint32_t code) {
    if (code - 0x4E00 < 0x5200) return uint16_t(Kind::kHan);  // most of a text; their part of the table stays out of the cache
    if (code < kFlatEnd) return flat_properties()[code];
    return code < 0x110000 ? search_property(code) : uint16_t(0);
}

inline Kind kind_of(uint32_t code) {
    return code == kNothing ? Kind::kNoKind : Kind(unicode_property(code) & 7);
}

inline Break break_of(uint32_t code) {
    if (code == kNothing) return Break::kOther;
    const auto found = Break(unicode_property(code) >> 3 & 15);
    if (found != Break::kHangul) return found;
    return (code - 0xAC00) % 28 ? Break::kLvt : Break::kLv;
}

inline bool is_emoji(uint32_t code) { return code >= 0x80 && code != kNothing && (unicode_property(code) & 128); }
inline bool is_pictograph(uint32_t code) { return code != kNothing && (unicode_property(code) & 256); }

inline bool extends(Break found) {
    return found == Break::kExtend || found == Break::kZwj || found == Break::kSpacingMark;
}

// The rules of UAX #29 that look at two characters: GB3 to GB9b.
inline bool is_joined(Break before, Break after) {
    const auto is_control = [](Break one) { return one == Break::kCr || one == Break::kLf || one == Break::kControl; };
    if (is_control(before) || is_control(after)) return before == Break::kCr && after == Break::kLf;
    if (extends(after) || before == Break::kPrepend) return true;
    if (before == Break::kL)
        return after == Break::kL || after == Break::kV || after == Break::kLv || after == Break::kLvt;
    if (before == Break::kLv || before == Break::kV) return after == Break::kV || after == Break::kT;
    return (before == Break::kLvt || before == Break::kT) && after == Break::kT;
}

}  // namespace cws
