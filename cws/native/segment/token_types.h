// What the tokens of a text are: words, numbers, addresses, punctuation.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/characters.h"
#include "units/numerals.h"
#include "units/unicode.h"
#include "units/units.h"

namespace cws {

// Unit types, and white space, which is no unit.
enum class TokenType : uint8_t {
    kWord, kNumber, kDate, kTime, kLatin, kUrl, kEmail, kPath, kMention, kHashtag, kMarkup, kEmoji, kPunctuation, kSpace
};

inline const char* name_of(TokenType type) {
    return type == TokenType::kSpace ? "space" : kUnitTypeNames[size_t(type)];
}

// The types of the tokens of one text, asked for from the left.
template <class Char>
class TokenTypes {
public:
    TokenTypes(const Char* text, size_t size) : text_(text) {
        places_.resize(size);
        find_boundaries(text, size, places_.data(), &units_);
    }

    TokenType of(size_t begin, size_t end) {
        while (next_ < units_.size() && units_[next_].end <= begin) ++next_;
        const bool has_unit = next_ < units_.size() && units_[next_].begin < end;
        if (has_unit && units_[next_].begin == begin && units_[next_].end == end) return TokenType(units_[next_].type);
        if (has_unit && units_[next_].begin == begin) return with_measure(units_[next_], end);
        return of_characters(begin, end);
    }

private:
    // A number, date or time with the characters after it that a standard joins to it: 1998年, 12点, 3万.
    TokenType with_measure(const Unit& unit, size_t end) const {
        const auto last = char32_t(text_[end - 1]);
        const auto ends_in = [&](std::u32string_view measures) { return measures.find(last) != measures.npos; };
        if (unit.type == UnitType::kDate || unit.type == UnitType::kTime) return TokenType(unit.type);
        if (unit.type == UnitType::kNumber) {
            if (ends_in(U"年月日号")) return TokenType::kDate;
            if (ends_in(U"时点分秒")) return TokenType::kTime;
            if (ends_in(U"十百千万亿％%")) return TokenType::kNumber;
        }
        return of_characters(unit.begin, end);
    }

    TokenType of_characters(size_t begin, size_t end) const {
        bool is_space = true, is_mark = true, is_number = true, is_latin = true;
        for (size_t at = begin; at < end; ++at) {
            const auto code = uint32_t(text_[at]);
            const Kind kind = kind_of(code);
            const bool is_numeral = kNumerals.find(char32_t(code)) != kNumerals.npos;
            is_space &= is_separator(code);
            is_mark &= kind == Kind::kMark || kind == Kind::kOther || kind == Kind::kScript || kind == Kind::kSpace;
            is_number &= kind == Kind::kDigit || is_numeral;
            is_latin &= kind == Kind::kLetter || kind == Kind::kDigit;
        }
        return is_space    ? TokenType::kSpace
               : is_mark   ? TokenType::kPunctuation
               : is_number ? TokenType::kNumber
               : is_latin  ? TokenType::kLatin
                           : TokenType::kWord;
    }

    const Char* text_;
    std::vector<uint8_t> places_;
    std::vector<Unit> units_;
    size_t next_ = 0;  // the first unit that ends after the last token
};

}  // namespace cws
