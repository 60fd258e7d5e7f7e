// Words of letters, identifiers and names; the twin of cws/units/reference_latin.py.
// Each function gives the end, or 0 for none.
#pragma once

#include "units/characters.h"

namespace cws {

// After ’, which is a quotation mark too.
inline constexpr std::string_view kContractions[] = {"s", "t", "d", "m", "re", "ve", "ll", "em",
                                                     "S", "T", "D", "M", "RE", "VE", "LL"};

// p.49, No.5, Fig.3, not v1.2: the dot belongs to the letters, and the model decides whether the number does.
template <class Char>
bool is_abbreviation(const UnitText<Char>& text, size_t begin, size_t end) {
    const uint32_t first = text.folded(begin);
    if (!text.is_digit(end + 1) || end - begin > 4 || first == 'v' || first == 'V') return false;
    for (size_t at = begin; at < end; ++at)
        if (!text.is_letter(at)) return false;
    return true;
}

// Where the word goes on after a dot, a hyphen, an apostrophe, & or ::; 0 where it does not.
template <class Char>
size_t joint(const UnitText<Char>& text, size_t begin, size_t end) {
    const uint32_t mark = text.folded(end);
    const size_t after = end + 1;
    if (mark == '.' && is_abbreviation(text, begin, end)) return 0;
    if (mark == '.' || mark == '-' || mark == 0x2010 || mark == 0x2011) {
        const bool has_word = text.is_latin(end - 1) || text.is_script(end - 1) || text.extends(end - 1);
        const bool is_private = mark == '.' && text[after] == '_' && text.is_latin(after + 1);  // self._name
        return has_word && (text.is_letter(after) || text.is_digit(after) || is_private) ? after : 0;
    }
    if (mark == '\'') return text.is_letter(end - 1) && text.is_letter(after) ? after : 0;
    if (mark == 0x2019 && text.is_letter(end - 1)) {
        const size_t rest = text.run(after, [&](size_t place) { return text.is_letter(place); }, 3);
        const bool is_first = end - 1 == begin && rest > after;  // O’Neill
        return is_first || text.is_word_of(after, rest, kContractions) ? after : 0;
    }
    if (mark == '&') return is_in(text.folded(end - 1), kUpper) && is_in(text.folded(after), kUpper) ? after : 0;
    if (mark == '+' && (text[begin] == 'v' || text[begin] == 'V')) {  // v1.2.3+build
        const size_t major = text.digits_end(begin + 1, 5);
        const bool is_version = major > begin + 1 && text[major] == '.' && text.is_latin(end - 1);
        return is_version && is_in(text[after], kAlnum) ? after : 0;
    }
    if (text[end] == ':' && text[after] == ':' && text.is_latin(end - 1))
        return text.is_letter(end + 2) || text[end + 2] == '_' ? end + 2 : 0;
    return 0;
}

// With ++ (C++, C++11), the # of C#, the dot of p.49 and the last one of U.S.
template <class Char>
size_t with_suffix(const UnitText<Char>& text, size_t begin, size_t end) {
    if (text.folded(end) == '.' && is_abbreviation(text, begin, end)) return end + 1;
    if (text[end] == '+' && text[end + 1] == '+' && text.is_latin(end - 1) && !text.is_letter(end + 2) &&
        text[end + 2] != '+') {
        const size_t digits = text.decimals_end(end + 2, 2);
        const bool is_draft = digits > end + 2 && is_in(text[digits], kLower) && !text.is_latin(digits + 1);  // C++0x
        return is_draft ? digits + 1 : digits;
    }
    if (text.folded(end) == '#' && end == begin + 1 && is_one_of(text.folded(begin), U"CFJQ"))
        return text.folded(end + 1) != '#' ? end + 1 : end;
    if (text[end] != '.' || end - begin <= 2 || text.is_latin(end + 1) || text[end + 1] == '.' || (end - begin) % 2 == 0)
        return end;
    for (size_t at = begin; at < end; ++at)
        if (!((at - begin) % 2 ? text[at] == '.' : text.is_letter(at))) return end;
    return end + 1;
}

// The end of a word that begins at `begin`; what stands before `at` is known to belong.
template <class Char>
size_t word_end(const UnitText<Char>& text, size_t begin, size_t at) {
    const auto belongs = [&](size_t place) {
        return text.is_letter(place) || text.is_digit(place) || text.is_script(place) || text[place] == '_' ||
               (text.extends(place) && place > at);
    };
    size_t end = text.run(at, belongs);
    while (const size_t joined = joint(text, begin, end)) end = text.run(joined, belongs);
    return with_suffix(text, begin, end);
}

// .NET, .bashrc, .iso; not a full stop before a word: …。.The, .pH
template <class Char>
bool is_dotted_name(const UnitText<Char>& text, size_t at) {
    if (text.is_latin(at - 1) || text.is_script(at - 1) || text.extends(at - 1)) return false;
    if (is_one_of(text[at - 1], U".)]}%‰℃°\"'”’>/\\")) return false;
    if (text.starts(at, U".NET")) return true;
    const size_t end = text.run(at + 1, [&](size_t place) {
        return is_in(text[place], kLower) || text.is_decimal(place) || text[place] == '_';
    });
    return is_in(text[at + 1], kLower) && end > at + 2 && !text.is_letter(end);
}

// --help
template <class Char>
size_t option_end(const UnitText<Char>& text, size_t at) {
    const Kind before = text.kind(at - 1);
    const bool is_apart = before == Kind::kNoKind || before == Kind::kSpace || is_one_of(text[at - 1], U"`\"'([{（“「【《、，：；。|=");
    if (!is_apart || !is_in(text[at + 2], kLower) || !is_in(text[at + 3], kLower)) return 0;
    size_t end = text.run(at + 2, [&](size_t place) {
        return is_in(text[place], kAlnum) || text[place] == '_' || text[place] == '-';
    });
    while (text[end - 1] == '-') --end;
    return end;
}

// Words that begin with a letter, a low line or a mark; those that begin with digits begin as numbers.
template <class Char>
size_t latin(const UnitText<Char>& text, size_t at) {
    if (text.is_letter(at)) return word_end(text, at, at);
    switch (text[at]) {
        case '_': {
            if (!text.is_latin(at + 1)) return 0;
            const size_t end = word_end(text, at, at);
            for (size_t place = at; place < end; ++place)
                if (text.is_latin(place) && text[place] != '_') return end;
            return 0;
        }
        case '.': return is_dotted_name(text, at) ? word_end(text, at + 1, at + 1) : 0;
        case 0xB0: {
            const bool is_scale = text[at + 1] == 'C' || text[at + 1] == 'F';
            return is_scale && !text.is_latin(at + 2) ? at + 2 : 0;
        }
        case '-': return text[at + 1] == '-' ? option_end(text, at) : 0;
        default: return 0;
    }
}

}  // namespace cws
