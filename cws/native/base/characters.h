// Characters as models see them: a class for each code point, from the model's own table.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cws {

// Class 0 stands for the edge of a text. Classes 1 to 8 are characters the model has not met, by type (text.py has the
// types); characters it knows follow.
inline constexpr uint16_t kEdge = 0;
inline constexpr uint16_t kUnknown = 1;
inline constexpr int kTypes = 8;
enum Type : uint8_t { kOther, kHanzi, kDigit, kLetter, kNumeral, kPunctuation, kSpace, kKanaHangul };
inline constexpr uint16_t kSeparator = kUnknown + kSpace;  // white space and control characters: never inside a word

inline constexpr size_t kBmp = 0x10000;

// classes: kBmp entries. Beyond the BMP everything is unknown: ideographs of planes 2 and 3, and symbols.
inline uint16_t class_of(const uint16_t* classes, uint32_t code) {
    if (code < kBmp) return classes[code];
    return kUnknown + (code >= 0x20000 && code < 0x40000 ? kHanzi : kPunctuation);
}

// As str.isspace.
inline bool is_white_space(uint32_t code) {
    if (code < 0x80) return code == ' ' || code - 9 < 5 || code - 0x1C < 4;
    return code == 0x85 || code == 0xA0 || code == 0x1680 || code - 0x2000 < 11 || code == 0x2028 || code == 0x2029 ||
           code == 0x202F || code == 0x205F || code == 0x3000;
}

// What no word holds, for models without a table of types: white space and control characters.
inline bool is_separator(uint32_t code) { return code < 0x20 || code - 0x7F < 0x21 || is_white_space(code); }

// Letters and digits that are written in runs: Latin, Greek, Cyrillic, ASCII and full-width digits. An entry of a user
// dictionary never takes a part of a run.
inline bool is_run_character(uint32_t code) {
    const auto within = [&](uint32_t first, uint32_t last) { return code - first <= last - first; };
    if (code >= 0x2E80) {
        if (!within(0xFF10, 0xFF5A)) return false;
        code -= 0xFEE0;
    }
    if (code < 0x80) return within('0', '9') || within('a', 'z') || within('A', 'Z');
    return (within(0xC0, 0x24F) && code != 0xD7 && code != 0xF7) || within(0x370, 0x52F) || within(0x1E00, 0x1FFF);
}

// Whether the place before text[at] lies inside a run.
template <class Char>
bool is_inside_run(const Char* text, size_t size, size_t at) {
    return at > 0 && at < size && is_run_character(uint32_t(text[at - 1])) && is_run_character(uint32_t(text[at]));
}

}  // namespace cws
