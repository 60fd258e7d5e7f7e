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

}  // namespace cws
