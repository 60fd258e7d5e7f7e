// Finds the units of a text, which no model may cut, and where words must end; cws/units/reference.py is the specification.
//
// First the places are marked where a unit may begin (mark_places.h), then those are looked at from the left. Every finder
// is linear, and what fails is read a bounded number of times (see web.h), so all text is read in linear time.
#pragma once

#include <algorithm>

#include "base/labeler.h"
#include "units/latin.h"
#include "units/mark_places.h"
#include "units/markup.h"
#include "units/numbers.h"
#include "units/numerals.h"
#include "units/characters.h"
#include "units/unit.h"
#include "units/web.h"

namespace cws {

inline constexpr CharacterSet kScaleSet(kScales);
inline constexpr CharacterSet kBeforeNumber(U"第之初数几点", kNumerals);
inline constexpr CharacterSet kCounters(U"年月日号时点分秒多余几成倍度米元级型版式机车股线族世国克", kNumerals);

template <class Char>
class UnitScanner {
public:
    UnitScanner(const Char* text, size_t size) : text_{text, size}, web_(text_), numbers_(text_) {}

    // Calls visit(unit) for each unit, from the left; and sets boundaries[i], for the place after text[i]: kNoBoundary
    // inside a unit; kBoundary at the ends of a unit that is cut, beside a sentence mark, and at the end; else kFree. White
    // space is not looked at, except inside units.
    template <class Visit>
    void scan(uint8_t* boundaries, Visit visit);

private:
    static bool is_sentence_mark(uint32_t code) {
        if (code == '.') return true;  // not ．, which stands in names and after Chinese numerals
        code = fold_width(code);
        return code == 0x3001 || code == 0x3002 || code == ',' || code == '!' || code == '?' || code == ';' || code == ':';
    }

    // Whether the character ends everything but a number or a word: it is in no address, path, date or time.
    static bool ends_all(uint32_t code) {
        return is_plain_ideograph(code) || code == ' ' || code == '\n' || code == kNothing || code - 0x3001 < 0x11 || code == U'℃';
    }

    bool is_cut_before(const Unit& unit) const;
    bool is_cut_after(const Unit& unit) const;
    size_t plain_number_end(size_t at) const;
    bool find(size_t at, Unit& unit);
    bool find_at(size_t at, Unit& unit);
    bool find_mark(size_t at, Unit& unit);
    bool find_digits(size_t at, Unit& unit);
    bool find_signed(size_t at, Unit& unit);
    bool find_letters(size_t at, Unit& unit);
    bool find_numeral(size_t at, Unit& unit);
    bool find_cluster(size_t at, Unit& unit) const;
    bool take(size_t begin, size_t end, UnitType type, Unit& unit) const {
        if (!end) return false;
        unit = {begin, text_.with_extensions(end), type};
        return true;
    }

    UnitText<Char> text_;
    WebFinder<Char> web_;
    NumberFinder<Char> numbers_;
    size_t done_ = 0;             // the end of the last unit
    size_t numerals_checked_ = 0;  // the end of the last run of numerals that is no unit
};

// Whether a number or a Latin word begins a token after an ideograph, as in every standard but after a few of them.
template <class Char>
bool UnitScanner<Char>::is_cut_before(const Unit& unit) const {
    const uint32_t before = text_[unit.begin - 1];
    if (kind_of(before) != Kind::kHan) return false;
    switch (unit.type) {
        case UnitType::kNumber: case UnitType::kDate: case UnitType::kTime: return !kBeforeNumber.has(before);
        case UnitType::kLatin: return !is_one_of(before, U"拉阿甲素证歼小老型日");
        default: return false;
    }
}

// Whether a number or a Latin word ends a token before an ideograph: addresses, times and names of three letters and more,
// but before what counts, measures and classifies.
template <class Char>
bool UnitScanner<Char>::is_cut_after(const Unit& unit) const {
    const uint32_t after = text_[unit.end];
    if (kind_of(after) != Kind::kHan || kCounters.has(after)) return false;
    switch (unit.type) {
        case UnitType::kDate: case UnitType::kTime: return true;
        case UnitType::kLatin: return unit.end - unit.begin > 2;
        case UnitType::kNumber: {
            int dots = 0;
            for (size_t at = unit.begin; at < unit.end; ++at) {
                const uint32_t code = text_.folded(at);
                if (is_in(code, kDecimal) || code == ',') continue;
                const Kind kind = kind_of(text_[at]);
                dots += code == '.';
                if (kind != Kind::kDigit && kind != Kind::kHan && code != '.') return true;
            }
            return dots > 1;
        }
        default: return false;
    }
}

template <class Char>
template <class Visit>
void UnitScanner<Char>::scan(uint8_t* boundaries, Visit visit) {
    const size_t size = text_.size;
    for (size_t at = 0, marked = 0; at < size;) {
        at = next_marked(boundaries, at, marked);
        if (at >= marked) {
            marked = at + mark_places(text_.text + at, size - at, boundaries + at);
            continue;
        }
        Unit unit;
        if (const size_t end = is_in(text_.folded(at), kDecimal) ? plain_number_end(at) : 0) {
            unit = {at, end, UnitType::kNumber};
            if (at && is_cut_before(unit)) boundaries[at - 1] = kBoundary;
            for (; at + 1 < end; ++at) boundaries[at] = kNoBoundary;
            boundaries[end - 1] = is_wide_sentence_mark(text_[end]) ? kBoundary : kFree;
            at = done_ = end;
            visit(static_cast<const Unit&>(unit));
            continue;
        }
        const bool is_unit = find(at, unit);
        if (!is_unit) unit = {at, text_.cluster_end(at), UnitType::kWord};
        const bool is_mark = is_unit ? is_cut(unit.type) : is_sentence_mark(text_[at]);
        if (is_mark && unit.begin) boundaries[unit.begin - 1] = kBoundary;
        for (size_t place = unit.begin; place + 1 < unit.end; ++place) boundaries[place] = is_unit ? kNoBoundary : kFree;
        at = unit.end;
        boundaries[at - 1] = is_mark || is_wide_sentence_mark(text_[at]) ? kBoundary : kFree;
        if (!is_unit) continue;
        if (unit.begin && is_cut_before(unit)) boundaries[unit.begin - 1] = kBoundary;
        if (is_cut_after(unit)) boundaries[at - 1] = kBoundary;
        done_ = at;
        visit(static_cast<const Unit&>(unit));
    }
    if (size) boundaries[size - 1] = kBoundary;
}

// The end of digits from a first one, before an ideograph that does not count, or before a mark or blank that goes on with no number; 0 where
// there are none. These are most units of Chinese text, and no rule is asked for them but whether they begin a token.
template <class Char>
size_t UnitScanner<Char>::plain_number_end(size_t at) const {
    size_t end = at + 1;
    while (is_in(text_.folded(end), kDecimal)) ++end;
    return ends_all(text_[end]) && !kScaleSet.has(text_[end]) ? end : 0;
}

// The unit that begins at a marked place; or with the plain character before it, or with the numerals before it.
template <class Char>
bool UnitScanner<Char>::find(size_t at, Unit& unit) {
    if (at > done_ && is_plain_ideograph(text_[at - 1])) {
        if (text_.extends(at) || text_.is_script(at)) return find_cluster(at - 1, unit);
        if (is_in(text_.folded(at), kUpper) && take(at - 1, numbers_.plate(at - 1), UnitType::kNumber, unit)) return true;
    }
    return find_at(at, unit);
}

template <class Char>
bool UnitScanner<Char>::find_at(size_t at, Unit& unit) {
    const uint32_t code = text_[at];
    if (code == U'点' && is_plain_ideograph(text_[at + 1]) && !kNumeralSet.has(text_[at - 1])) return false;
    if (code < 0x80) {
        if (is_in(code, kDecimal)) return find_digits(at, unit);
        if (is_in(code, kAlpha)) return find_letters(at, unit);
        return find_mark(at, unit);
    }
    if (is_one_of(code, U"万亿点○")) return find_numeral(at, unit) || find_cluster(at, unit);
    switch (kind_of(code)) {
        case Kind::kDigit: return find_digits(at, unit);
        case Kind::kLetter: return find_letters(at, unit);
        case Kind::kMark: return find_mark(at, unit);
        default: return find_cluster(at, unit);
    }
}

template <class Char>
bool UnitScanner<Char>::find_digits(size_t at, Unit& unit) {
    // Of other numbers of Chinese text most are digits, or digits, a point and digits, and no letter or mark comes after them.
    const auto ends_number = [](uint32_t code) { return ends_all(code) || is_one_of(code, U"万亿％"); };
    const size_t digits = text_.digits_end(at);
    const uint32_t next = text_[digits];
    if (ends_number(next) || (next == '.' && ends_number(text_[text_.digits_end(digits + 1)])))
        return find_signed(at, unit) || find_cluster(at, unit);
    if (take(at, web_.url(at), UnitType::kUrl, unit)) return true;
    if (take(at, web_.email(at), UnitType::kEmail, unit)) return true;
    if (take(at, numbers_.date(at), UnitType::kDate, unit)) return true;
    if (take(at, numbers_.time(at), UnitType::kTime, unit)) return true;
    if (take(at, numbers_.address(at), UnitType::kNumber, unit)) return true;
    return find_signed(at, unit) || find_cluster(at, unit);
}

template <class Char>
bool UnitScanner<Char>::find_letters(size_t at, Unit& unit) {
    const size_t end = text_.run_in(at, kAlnum);
    if (end > at && text_[at] != 'Q' && ends_all(text_[end])) return take(at, end, UnitType::kLatin, unit);
    if (take(at, web_.url(at), UnitType::kUrl, unit)) return true;
    if (take(at, web_.email(at), UnitType::kEmail, unit)) return true;
    if (take(at, web_.path(at), UnitType::kPath, unit)) return true;
    if (take(at, emoticon(text_, at), UnitType::kEmoji, unit)) return true;
    if (is_in(text_[at], kHex) && take(at, numbers_.address(at), UnitType::kNumber, unit)) return true;
    return take(at, latin(text_, at), UnitType::kLatin, unit);
}

template <class Char>
bool UnitScanner<Char>::find_mark(size_t at, Unit& unit) {
    // Of the other marks only signs and full-width @ and # begin anything longer.
    if (text_[at] >= 0x2000) {
        switch (text_.folded(at)) {
            case '+': case '-': case U'−': return find_signed(at, unit) || find_cluster(at, unit);
            case '@': return take(at, web_.mention(at), UnitType::kMention, unit) || find_cluster(at, unit);
            case '#': return take(at, web_.hashtag(at), UnitType::kHashtag, unit) || find_cluster(at, unit);
            default: return find_cluster(at, unit);
        }
    }
    switch (text_[at]) {
        case ' ': case '\n': case '\r': case '\t': return find_cluster(at, unit);
        case '_': case '"':
            if (take(at, web_.email(at), UnitType::kEmail, unit)) return true;
            break;
        case ':':
            if (take(at, emoticon(text_, at), UnitType::kEmoji, unit)) return true;
            return take(at, numbers_.address(at), UnitType::kNumber, unit) || find_cluster(at, unit);
        case '(':
            return take(at, numbers_.area_code_end(at), UnitType::kNumber, unit) || find_cluster(at, unit);
        case ',': case ')': case '[': case ']': case '!': case '?': case '}': case '\'': case '`': case '|':
            return find_cluster(at, unit);
        default: break;
    }
    if (take(at, web_.path(at), UnitType::kPath, unit)) return true;
    if (take(at, markup(text_, at), UnitType::kMarkup, unit)) return true;
    if (take(at, emoticon(text_, at), UnitType::kEmoji, unit)) return true;
    if (take(at, web_.mention(at), UnitType::kMention, unit)) return true;
    if (take(at, web_.hashtag(at), UnitType::kHashtag, unit)) return true;
    if (is_one_of(text_.folded(at), U"+-−±") && find_signed(at, unit)) return true;
    return take(at, latin(text_, at), UnitType::kLatin, unit) || find_cluster(at, unit);
}

// The number or word that begins with a digit or a sign.
template <class Char>
bool UnitScanner<Char>::find_signed(size_t at, Unit& unit) {
    const size_t end = numbers_.number_end(at);
    if (!end) return false;
    if (!numbers_.goes_on_with_letters(end)) return take(at, end, UnitType::kNumber, unit);
    // The model decides whether 5mm is one word; 4K and the commit 048029d are.
    const bool is_commit = end >= at + 6 && text_.run_in(at, kDecimal) == end && is_in(text_[end], kHex);
    const bool is_name = !text_.is_letter(end + 1) && (text_[end] == 'K' || is_commit);
    if (!is_name && numbers_.measure_end(end)) return take(at, end, UnitType::kNumber, unit);
    return take(at, word_end(text_, at, end), UnitType::kLatin, unit);
}

// The number in Chinese numerals that the character at `at` is part of. Of a run of numerals the first that can begin a
// number decides for all of it.
template <class Char>
bool UnitScanner<Char>::find_numeral(size_t at, Unit& unit) {
    const size_t floor = std::max(done_, numerals_checked_);
    size_t begin = at;
    while (begin > floor && kNumeralSet.has(text_[begin - 1])) --begin;
    if (begin > floor && text_[begin - 1] == U'数' && take(begin - 1, numeral(text_, begin - 1), UnitType::kNumber, unit))
        return true;
    while (begin <= at && is_one_of(text_[begin], kTenThousands)) ++begin;
    if (begin <= at && take(begin, numeral(text_, begin), UnitType::kNumber, unit)) return true;
    numerals_checked_ = std::max(numerals_checked_, begin <= at ? text_.run_of(begin, kNumeralSet) : begin);
    return false;
}

// Where only characters are looked at: emoji, grapheme clusters, superscripts, runs of one mark.
template <class Char>
bool UnitScanner<Char>::find_cluster(size_t at, Unit& unit) const {
    const uint32_t code = text_[at];
    if (is_plain_ideograph(text_[at + 1]) && unicode_property(code) == uint16_t(Kind::kMark)) return false;  // as most
    size_t end = text_.cluster_end(at);
    for (size_t place = at + 1; place < end; ++place)
        if (kind_of(text_[place]) == Kind::kSpace) end = place;  // the segmenter's, whatever combines with it
    if (is_emoji(code)) return take(at, end, UnitType::kEmoji, unit);
    for (size_t place = at + 1; place < end; ++place)
        if (text_[place] == 0x20E3) return take(at, end, UnitType::kEmoji, unit);
    if (text_.is_script(at)) return take(at, text_.scripts_end(end), UnitType::kNumber, unit);
    const Kind kind = kind_of(code);
    const bool is_base = kind == Kind::kHan || kind == Kind::kOtherLetter || code == ')' || code == ']' || code == U'）';
    if (is_base && text_.is_script(end)) return take(at, text_.scripts_end(end), UnitType::kWord, unit);
    if (end > at + 1) {
        if (kind == Kind::kSpace) return false;
        unit = {at, end, kind == Kind::kMark ? UnitType::kPunctuation : UnitType::kWord};
        return true;
    }
    const bool is_placeholder = is_one_of(code, U"○◯×□");  // they stand for characters: 二○○二年, 李××
    return take(at, run_of_one_mark(text_, at), is_placeholder ? UnitType::kWord : UnitType::kPunctuation, unit);
}

}  // namespace cws
