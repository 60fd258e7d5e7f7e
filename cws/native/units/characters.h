// A text as the finders of units see it; the twin of cws/units/characters.py.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "units/unicode.h"

namespace cws {

// Sets of ASCII characters, a bit each.
enum AsciiSet : uint32_t {
    kDecimal = 1, kUpper = 2, kLower = 4, kHex = 8, kUrlSet = 16, kSchemeSet = 32, kHostSet = 64, kAtextSet = 128,
    kPathSet = 256, kNameSet = 512, kAttributeSet = 1024, kOddInPath = 2048, kPlainPath = 4096,
    kAlpha = kUpper | kLower, kAlnum = kAlpha | kDecimal
};

inline constexpr std::array<uint32_t, 128> kAsciiSets = [] {
    std::array<uint32_t, 128> sets{};
    const auto add = [&](std::string_view characters, uint32_t bits) {
        for (const char one : characters) sets[size_t(one)] |= bits;
    };
    constexpr uint32_t kAll = kUrlSet | kSchemeSet | kHostSet | kAtextSet | kPathSet | kNameSet | kAttributeSet;
    add("0123456789", kAll | kDecimal | kHex | kPlainPath);
    add("ABCDEFGHIJKLMNOPQRSTUVWXYZ", kAll | kUpper);
    add("abcdefghijklmnopqrstuvwxyz", kAll | kLower | kPlainPath);
    add("ABCDEFabcdef", kHex);
    add("-._~:/?#[]@!$&'()*+,;=%{}", kUrlSet);
    add("+-.", kSchemeSet);
    add("-.", kHostSet);
    add("!#$%&'*+-/=?^_`{|}~.", kAtextSet);
    add("_.-+~@%=#&$*?/\\", kPathSet);
    add("+~@%=#&$*?", kOddInPath);
    add("_.-/", kPlainPath);
    add("_:.-", kNameSet);
    add("_:.-=/ \t%#@?!,;+&", kAttributeSet);
    return sets;
}();

inline bool is_in(uint32_t code, uint32_t sets) { return code < 128 && (kAsciiSets[code] & sets); }

// Whether the character is one of these; the characters of a literal are code points.
inline bool is_one_of(uint32_t code, std::u32string_view characters) {
    return code != kNothing && characters.find(char32_t(code)) != std::u32string_view::npos;
}

// Characters of the BMP, a bit each: asking takes as long for forty as for two.
class CharacterSet {
public:
    constexpr explicit CharacterSet(std::u32string_view characters, std::u32string_view others = {}) {
        for (const char32_t code : characters) bits_[code / 64] |= uint64_t(1) << code % 64;
        for (const char32_t code : others) bits_[code / 64] |= uint64_t(1) << code % 64;
    }
    constexpr bool has(uint32_t code) const { return code < 0x10000 && (bits_[code / 64] >> code % 64 & 1); }

private:
    std::array<uint64_t, 0x10000 / 64> bits_{};
};

inline uint32_t fold_width(uint32_t code) { return code - 0xFF01 <= 0x5D ? code - 0xFEE0 : code; }

inline constexpr size_t kNoLimit = ~size_t(0);

// May be asked for places beyond the ends, before the first too: there is kNothing.
template <class Char>
struct UnitText {
    const Char* text;
    size_t size;

    uint32_t operator[](size_t at) const { return at < size ? uint32_t(text[at]) : kNothing; }
    uint32_t folded(size_t at) const { return fold_width((*this)[at]); }
    Kind kind(size_t at) const { return kind_of((*this)[at]); }
    Break break_at(size_t at) const { return break_of((*this)[at]); }

    bool starts(size_t at, std::u32string_view piece) const {
        if (at > size || piece.size() > size - at) return false;
        for (size_t i = 0; i < piece.size(); ++i)
            if (uint32_t(text[at + i]) != piece[i]) return false;
        return true;
    }

    bool extends(size_t at) const {
        const uint32_t code = (*this)[at];
        return code >= 0x300 && cws::extends(break_of(code));
    }
    bool is_letter(size_t at) const {
        const uint32_t code = (*this)[at];
        return code < 128 ? is_in(code, kAlpha) : kind_of(code) == Kind::kLetter;
    }
    bool is_digit(size_t at) const {
        const uint32_t code = (*this)[at];
        return (code < 128 ? is_in(code, kDecimal) : kind_of(code) == Kind::kDigit) && !extends(at + 1);
    }
    bool is_decimal(size_t at) const { return is_in(folded(at), kDecimal) && !extends(at + 1); }
    bool is_script(size_t at) const {
        const uint32_t code = (*this)[at];
        return code >= 128 && kind_of(code) == Kind::kScript;
    }
    bool is_latin(size_t at) const {
        const uint32_t code = (*this)[at];
        if (code < 128) return is_in(code, kAlnum) || code == '_';
        const Kind kind = kind_of(code);
        return kind == Kind::kLetter || kind == Kind::kDigit;
    }
    // A letter of ASCII or of what the full-width forms stand for: what may stand in an address.
    bool is_address_letter(size_t at) const { return (*this)[at] < 0xFF00 && is_letter(at); }
    bool is_name_character(size_t at) const {
        const Kind kind = this->kind(at);
        return kind == Kind::kLetter || kind == Kind::kDigit || kind == Kind::kHan || kind == Kind::kOtherLetter;
    }

    // The end of the characters from `at` that belong, at most so many.
    template <class Belongs>
    size_t run(size_t at, Belongs belongs, size_t limit = kNoLimit) const {
        size_t end = at;
        while (end < size && end - at < limit && belongs(end)) ++end;
        return end;
    }
    size_t run_in(size_t at, uint32_t sets, size_t limit = kNoLimit) const {
        return run(at, [&](size_t place) { return is_in(uint32_t(text[place]), sets); }, limit);
    }
    size_t run_of(size_t at, std::u32string_view characters, size_t limit = kNoLimit) const {
        return run(at, [&](size_t place) { return is_one_of(uint32_t(text[place]), characters); }, limit);
    }
    size_t run_of(size_t at, const CharacterSet& characters) const {
        return run(at, [&](size_t place) { return characters.has(uint32_t(text[place])); });
    }
    size_t digits_end(size_t at, size_t limit = kNoLimit) const {
        return run(at, [&](size_t place) { return is_digit(place); }, limit);
    }
    size_t decimals_end(size_t at, size_t limit) const {
        return run(at, [&](size_t place) { return is_decimal(place); }, limit);
    }
    size_t scripts_end(size_t at) const {
        return run(at, [&](size_t place) { return is_script(place); });
    }

    // Whether characters begin to end - 1 are one of these; their ASCII letters made small where is_folded.
    template <class Words>
    bool is_word_of(size_t begin, size_t end, const Words& words, bool is_folded = false) const {
        std::array<char, 16> piece{};
        if (begin >= end || end - begin > piece.size()) return false;
        for (size_t i = begin; i < end; ++i) {
            uint32_t code = (*this)[i];
            if (code == 0x3BC || code == 0xB5) code = 1;  // μ and µ
            if (code >= 128) return false;
            piece[i - begin] = char(is_folded && is_in(code, kUpper) ? code + 32 : code);
        }
        const std::string_view word(piece.data(), end - begin);
        return std::find(std::begin(words), std::end(words), word) != std::end(words);
    }

    // The end of the extended grapheme cluster (UAX #29) that begins here.
    size_t cluster_end(size_t at) const {
        size_t end = at + 1;
        if (end >= size || ((*this)[at] < 0x300 && (*this)[end] < 0x300 && (*this)[at] != '\r')) return end;
        bool pictograph = is_pictograph((*this)[at]);  // whether the cluster so far is a pictograph and its extensions
        Break before = break_at(at);
        size_t flags = before == Break::kRegionalIndicator;
        for (; end < size; ++end) {
            const Break after = break_at(end);
            const bool is_pair = before == Break::kRegionalIndicator && after == before && flags % 2;
            const bool is_zwj_sequence = before == Break::kZwj && pictograph && is_pictograph((*this)[end]);
            if (!is_joined(before, after) && !is_pair && !is_zwj_sequence) break;
            flags = after == Break::kRegionalIndicator ? flags + 1 : 0;
            const bool goes_on = after == Break::kExtend || after == Break::kZwj;
            pictograph = (goes_on && pictograph) || is_pictograph((*this)[end]);
            before = after;
        }
        return end;
    }

    // The end of a unit, with what belongs to its last character.
    size_t with_extensions(size_t end) const {
        if (end < size && uint32_t(text[end]) < 0x300 && uint32_t(text[end - 1]) < 0x300) return end;
        if (break_at(end - 1) == Break::kPrepend) return cluster_end(end - 1);
        return run(end, [&](size_t place) { return extends(place); });
    }
};

}  // namespace cws
