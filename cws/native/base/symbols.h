// What makes up the symbols of a lexicon: cws/lexicon/symbols.py is the specification.
#pragma once

#include <cstdint>
#include <string_view>

namespace cws {

inline uint32_t half_width(uint32_t code) { return code - 0xFF01 < 0x5E ? code - 0xFEE0 : code; }
inline bool is_digit(uint32_t code) { return half_width(code) - '0' < 10; }
inline bool is_latin(uint32_t code) { return (half_width(code) | 0x20) - 'a' < 26; }
inline bool is_numeral(uint32_t code) {
    constexpr std::u32string_view kNumerals = U"〇零一二两三四五六七八九十百千万亿";
    return kNumerals.find(char32_t(code)) != std::u32string_view::npos;
}
inline bool is_han(uint32_t code) {
    const auto within = [&](uint32_t first, uint32_t last) { return code - first <= last - first; };
    return within(0x4E00, 0x9FFF) || within(0x3005, 0x3007) || within(0x3400, 0x4DBF) || within(0xF900, 0xFAFF) ||
           within(0x2E80, 0x2FDF) || within(0x20000, 0x3FFFF);
}

}  // namespace cws
