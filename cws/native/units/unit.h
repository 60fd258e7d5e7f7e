// What a unit is: a span of a text that no model may cut. cws/units/reference.py is the specification.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cws {

// In the order of TYPES in cws/units/reference.py.
enum class UnitType : uint8_t {
    kWord, kNumber, kDate, kTime, kLatin, kUrl, kEmail, kPath, kMention, kHashtag, kMarkup, kEmoji, kPunctuation
};

inline constexpr const char* kUnitTypeNames[] = {
    "word", "number", "date", "time", "latin", "url", "email", "path", "mention", "hashtag", "markup", "emoji",
    "punctuation"};

// Whether a token ends at both ends of such a unit; else the model decides.
inline bool is_cut(UnitType type) { return type >= UnitType::kUrl; }

// Characters begin to end - 1 of the text. A unit that is found has end > begin.
struct Unit {
    size_t begin, end;
    UnitType type;
};

}  // namespace cws
