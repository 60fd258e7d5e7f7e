// Dates, times, addresses of machines and numbers in digits; the twin of cws/units/reference_numbers.py.
// Each function gives the end, or 0 for none.
#pragma once

#include "units/characters.h"
#include "units/web.h"

namespace cws {

inline constexpr std::string_view kPreReleases[] = {"rc", "alpha", "beta", "dev", "pre", "preview", "snapshot",
                                                    "release", "final", "stable", "lts", "post"};

template <class Char>
class NumberFinder {
public:
    explicit NumberFinder(const UnitText<Char>& text) : text_(text) {}

    size_t date(size_t at) const;
    size_t time(size_t at) const;
    size_t address(size_t at) const;
    size_t plate(size_t at) const;
    size_t area_code_end(size_t at) const;
    // The end of a number, whatever comes after it.
    size_t number_end(size_t at) const;
    // Whether a number that ends here is the beginning of a word like 5G.
    bool goes_on_with_letters(size_t end) const;
    // The end of the unit of measurement after a number, for which the above holds.
    size_t measure_end(size_t end) const;

private:
    int value(size_t begin, size_t end) const {
        int sum = begin == end ? -1 : 0;
        for (size_t at = begin; at < end; ++at) sum = sum * 10 + int(text_.folded(at) - '0');
        return sum;
    }
    size_t clock_after_date(size_t end) const;
    size_t ipv4_end(size_t at) const;
    size_t ipv6_end(size_t at) const;
    template <size_t kGroups>
    size_t groups_end(size_t at, const size_t (&lengths)[kGroups], uint32_t separator) const;
    bool is_sign(size_t at) const;
    size_t grouped_end(size_t begin, size_t digits) const;
    size_t telephone_end(size_t at, size_t begin, size_t digits) const;
    size_t fraction_end(size_t begin, size_t digits) const;
    size_t dotted_end(size_t digits) const;
    size_t version_end(size_t digits, size_t end) const;
    size_t exponent_end(size_t end) const;
    size_t ten_thousands_end(size_t end) const;

    UnitText<Char> text_;
};

// 2024-01-02, 2024/1/2, 2024.01.02, 2024-01, 31/12/2024, with T and a time after it.
template <class Char>
size_t NumberFinder<Char>::date(size_t at) const {
    const auto is_separator = [](uint32_t code) { return code == '-' || code == '/' || code == '.'; };
    const size_t first = text_.decimals_end(at, 5);
    const uint32_t separator = text_.folded(first);
    if (first == at || !is_separator(separator) || is_separator(text_.folded(at - 1))) return 0;
    const size_t second = text_.decimals_end(first + 1, 3);
    const size_t third = text_.folded(second) == separator ? text_.decimals_end(second + 1, 5) : second;
    const bool has_third = third > second + 1;
    const size_t end = has_third ? third : second;
    if (end == first + 1 || (is_separator(text_.folded(end)) && text_.is_decimal(end + 1))) return 0;
    const size_t a_length = first - at, b_length = second - first - 1, c_length = has_third ? third - second - 1 : 0;
    const int a = value(at, first), b = value(first + 1, second), c = has_third ? value(second + 1, third) : -1;
    const auto within = [](int value, int low, int high) { return low <= value && value <= high; };
    if (a_length == 4) {
        const bool is_day = within(int(c_length), 1, 2) && within(c, 1, 31) && within(int(b_length), 1, 2);
        const bool is_month = c_length == 0 && b_length == 2 && separator != '.';
        if (!within(a, 1000, 2999) || !within(b, 1, 12) || !(is_day || is_month)) return 0;
        return c_length ? clock_after_date(end) : end;
    }
    const bool is_order = (within(a, 1, 12) && within(b, 1, 31)) || (within(a, 1, 31) && within(b, 1, 12));
    const bool is_date = a_length <= 2 && within(int(b_length), 1, 2) && c_length == 4 && within(c, 1000, 2999);
    return is_date && is_order && separator != '.' ? end : 0;
}

// The end of T10:20:30Z or T10:20:30+08:00 after a date.
template <class Char>
size_t NumberFinder<Char>::clock_after_date(size_t end) const {
    const size_t clock = text_[end] == 'T' ? time(end + 1) : 0;
    if (!clock) return end;
    if (text_[clock] == 'Z') return clock + 1;
    if (text_[clock] != '+' && text_[clock] != '-') return clock;
    const size_t zone = text_.decimals_end(clock + 1, 2);
    if (zone != clock + 3) return clock;
    const size_t minutes = text_[zone] == ':' ? zone + 1 : zone;
    return text_.decimals_end(minutes, 2) == minutes + 2 ? minutes + 2 : clock;
}

// 3:30, 09:00:00, 23:59:59.5, 3：30, 3:30pm; not the end of 100:30:20.
template <class Char>
size_t NumberFinder<Char>::time(size_t at) const {
    const size_t hours = text_.decimals_end(at, 3);
    if (hours == at || hours - at > 2 || value(at, hours) > 24 || text_.folded(hours) != ':') return 0;
    if (text_.folded(at - 1) == ':' && text_.is_decimal(at - 2)) return 0;
    const size_t minutes = text_.decimals_end(hours + 1, 3);
    size_t end = minutes;
    if (minutes - hours != 3 || value(hours + 1, minutes) > 59) return 0;
    if (text_.folded(minutes) == ':' && text_.is_decimal(minutes + 1)) {
        end = text_.decimals_end(minutes + 1, 3);
        if (end - minutes != 3 || value(minutes + 1, end) > 60) return 0;
        if (text_[end] == '.' && text_.is_decimal(end + 1))
            end = text_.decimals_end(end + 1, kNoLimit);
        else if (text_[end] == ',' && text_.decimals_end(end + 1, 4) == end + 4 && text_[end + 4] != ':')
            end += 4;  // milliseconds of a log
    }
    if (text_.folded(end) == ':' && text_.is_decimal(end + 1)) return 0;
    const bool is_noon = text_.starts(end, U"am") || text_.starts(end, U"pm") || text_.starts(end, U"AM") ||
                         text_.starts(end, U"PM");
    return is_noon && !text_.is_latin(end + 2) ? end + 2 : end;
}

template <class Char>
size_t NumberFinder<Char>::address(size_t at) const {
    if (const size_t end = ipv4_end(at)) return end;
    if (!is_in(text_[at], kHex) && text_[at] != ':') return 0;
    if (const size_t end = ipv6_end(at)) return end;
    if (const size_t end = groups_end(at, {8, 4, 4, 4, 12}, '-')) return end;
    if (const size_t end = groups_end(at, {2, 2, 2, 2, 2, 2}, ':')) return end;
    return groups_end(at, {2, 2, 2, 2, 2, 2}, '-');
}

template <class Char>
size_t NumberFinder<Char>::ipv4_end(size_t at) const {
    size_t end = at;
    for (int octet = 0; octet < 4; ++octet) {
        if (octet && text_.folded(end) != '.') return 0;
        const size_t begin = octet ? end + 1 : end;
        end = text_.decimals_end(begin, 4);
        if (end == begin || end - begin > 3 || value(begin, end) > 255) return 0;
    }
    if (text_.folded(end) == '.' && text_.is_decimal(end + 1)) return 0;
    const auto take = [&](uint32_t mark, size_t longest) {
        const size_t rest = text_.decimals_end(end + 1, longest + 1);
        if (text_[end] == mark && rest > end + 1 && rest - end - 1 <= longest) end = rest;
    };
    take(':', 5);
    take('/', 2);
    return end;
}

// Eight groups of hexadecimal digits, or fewer and one ::; with a digit, for a::b is a name of C++.
template <class Char>
size_t NumberFinder<Char>::ipv6_end(size_t at) const {
    constexpr size_t kLongest = 48;
    if (text_[at] == ':' && text_[at + 1] != ':') return 0;
    size_t end = text_.run(at, [&](size_t place) { return is_in(text_[place], kHex) || text_[place] == ':'; }, kLongest);
    if (end - at == kLongest) return 0;
    while (end > at && text_[end - 1] == ':') --end;
    int groups = 0, shortened = 0;
    bool has_colon = false, has_digit = false;
    for (size_t place = at; place < end;) {
        if (text_[place] == ':') {
            has_colon = true;
            const size_t colons = text_.run_of(place, U":", end - place) - place;
            if (colons > 2) return 0;
            shortened += colons == 2;
            place += colons;
            continue;
        }
        const size_t group = text_.run_in(place, kHex, end - place);
        if (group - place > 4) return 0;
        for (; place < group; ++place) has_digit = has_digit || is_in(text_[place], kDecimal);
        ++groups;
    }
    if (!has_colon || !has_digit || text_.is_latin(end) || text_.is_latin(at - 1)) return 0;
    return (shortened == 0 && groups == 8) || (shortened == 1 && groups >= 1 && groups <= 7) ? end : 0;
}

template <class Char>
template <size_t kGroups>
size_t NumberFinder<Char>::groups_end(size_t at, const size_t (&lengths)[kGroups], uint32_t separator) const {
    size_t end = at;
    for (size_t i = 0; i < kGroups; ++i) {
        if (i && text_[end] != separator) return 0;
        const size_t begin = i ? end + 1 : end;
        end = text_.run_in(begin, kHex, lengths[i]);
        if (end - begin != lengths[i]) return 0;
    }
    return text_.is_latin(end) || (text_[end] == separator && text_.is_latin(end + 1)) ? 0 : end;
}

// (010)12345678
template <class Char>
size_t NumberFinder<Char>::area_code_end(size_t at) const {
    if (text_[at + 1] != '0') return 0;
    const size_t area = text_.decimals_end(at + 1, 5), digits = area - at - 1;
    if (digits < 3 || digits > 4 || text_[area] != ')') return 0;
    const size_t begin = text_[area + 1] == '-' ? area + 2 : area + 1;
    const size_t end = text_.decimals_end(begin, 9);
    return end - begin == 7 || end - begin == 8 ? end : 0;
}

template <class Char>
bool NumberFinder<Char>::goes_on_with_letters(size_t end) const {
    if (!end || !(text_.is_digit(end - 1) || text_.is_script(end - 1))) return false;
    return (text_.is_letter(end) || (text_[end] == '_' && text_.is_latin(end + 1))) && !scheme_end(text_, end);
}

template <class Char>
size_t NumberFinder<Char>::measure_end(size_t end) const {
    const size_t letters = text_.run(end, [&](size_t place) { return text_.is_letter(place); }, 6);
    return !text_.is_latin(letters) && text_.is_word_of(end, letters, kMeasures) ? text_.scripts_end(letters) : 0;
}

template <class Char>
size_t NumberFinder<Char>::number_end(size_t at) const {
    const size_t begin = is_sign(at) ? at + 1 : at;
    const size_t digits = text_.digits_end(begin);
    if (digits == begin) return 0;
    size_t end = digits;
    if (!is_one_of(text_[digits], U"万亿％")) {  // most numbers that are asked about
        end = grouped_end(begin, digits);
        if (end == digits) {
            if (const size_t whole = telephone_end(at, begin, digits)) return whole;
            if (const size_t whole = fraction_end(begin, digits)) return whole;
            end = dotted_end(digits);
            if (const size_t whole = version_end(digits, end)) return whole;
        }
        end = text_.scripts_end(exponent_end(end));
    }
    end = ten_thousands_end(end);
    if (is_one_of(text_[end], U"%％‰‱")) return end + 1;
    const bool is_label = end == digits && digits - begin <= 4 && begin == at && text_.folded(end) == '#';
    return is_label && text_.folded(end + 1) != '#' ? end + 1 : end;
}

template <class Char>
bool NumberFinder<Char>::is_sign(size_t at) const {
    if (!is_one_of(text_.folded(at), U"+-−±") || !text_.is_digit(at + 1)) return false;
    if (text_.is_latin(at - 1) || text_.is_script(at - 1) || is_one_of(text_.folded(at - 1), U"+-−±)]}%‰")) return false;
    if (text_.folded(at) != '-' || text_.kind(at - 1) != Kind::kHan) return true;
    const bool is_counted = is_one_of(text_[at - 1], U"年月日号时点分秒元岁周页节章代里天斤度层级倍");
    const bool is_range = is_counted && (text_.kind(at - 2) == Kind::kDigit || text_.kind(at - 3) == Kind::kDigit);
    return !is_range && text_.folded(text_.digits_end(at + 1)) != '-';
}

// The end of 1,234,567.89 or 1'234'567.
template <class Char>
size_t NumberFinder<Char>::grouped_end(size_t begin, size_t digits) const {
    const uint32_t mark = text_[digits];
    if (digits - begin > 3 || (mark != ',' && mark != '\'')) return digits;
    size_t end = digits;
    while (text_[end] == mark && text_.digits_end(end + 1, 4) == end + 4) end += 4;
    if (end > digits && text_.folded(end) == '.' && text_.is_digit(end + 1)) end = text_.digits_end(end + 1);
    return end;
}

// The end of digits with hyphens that are no range: an area code, +86-10-12345678, three groups and more.
template <class Char>
size_t NumberFinder<Char>::telephone_end(size_t at, size_t begin, size_t digits) const {
    size_t end = digits;
    int groups = 1;
    for (; text_.folded(end) == '-' && text_.is_digit(end + 1); ++groups) end = text_.digits_end(end + 1);
    if (groups == 1) return 0;
    const size_t first = digits - begin, second = end - digits - 1;
    const uint32_t digit = text_.folded(begin);
    const bool is_area = digit == '0' && (first == 3 || first == 4) && (second == 7 || second == 8);
    const bool is_free =
        first == 3 && (digit == '4' || digit == '8') && text_.starts(begin + 1, U"00") && second == 7;
    const bool has_plus = begin > at && text_.folded(at) == '+';
    return groups > 2 || is_area || is_free || has_plus ? end : 0;
}

// The end of 1/2 or 24/7; of 1/2/3 it is none.
template <class Char>
size_t NumberFinder<Char>::fraction_end(size_t begin, size_t digits) const {
    if (text_.folded(digits) != '/' || digits - begin > 2 || text_.folded(begin - 1) == '/') return 0;
    const size_t end = text_.digits_end(digits + 1, 5), length = end - digits - 1;
    if (length < 1 || length > 2 || text_.folded(end) == '/' || text_.is_latin(end)) return 0;
    return text_.folded(end) == '.' && text_.is_digit(end + 1) ? 0 : end;
}

// The end of 3.14, of 3·14 as newspapers write it, of 1.2.3, 2.x, and of 1∶2.
template <class Char>
size_t NumberFinder<Char>::dotted_end(size_t digits) const {
    const auto has_digits_after = [&](size_t end) { return text_.folded(end) == '.' && text_.is_digit(end + 1); };
    size_t end = digits;
    while (has_digits_after(end)) end = text_.digits_end(end + 1);
    if (text_[end] == '.' && (text_[end + 1] == 'x' || text_[end + 1] == 'X') && !text_.is_latin(end + 2)) return end + 2;
    if (end == digits && text_[end] == 0xB7 && text_.is_digit(end + 1)) {
        const size_t fraction = text_.digits_end(end + 1);
        if (!(text_[fraction] == 0xB7 && text_.is_digit(fraction + 1))) end = fraction;
    }
    while (text_[end] == 0x2236 && text_.is_digit(end + 1)) {
        end = text_.digits_end(end + 1);
        if (has_digits_after(end)) end = text_.digits_end(end + 1);
    }
    return end;
}

// The end of 1.2.3-rc1, 1.2.3-4, 1.2.3+build and 1.2-beta; 0 if nothing of the kind follows.
template <class Char>
size_t NumberFinder<Char>::version_end(size_t digits, size_t end) const {
    if ((text_[end] != '-' && text_[end] != '+') || !text_.is_digit(end - 1)) return 0;
    int numbers = 1;
    for (size_t place = digits; place < end; ++place) numbers += text_.folded(place) == '.';
    if (numbers < 2) return 0;
    if (numbers == 2) {
        size_t letters = text_.run(end + 1, [&](size_t place) { return text_.is_letter(place); }, 10);
        if (!text_.is_word_of(end + 1, letters, kPreReleases, true)) return 0;
        if ((text_[letters] == '.' || text_[letters] == '-') && text_.is_digit(letters + 1)) ++letters;
        const size_t last = text_.digits_end(letters);
        return text_.is_latin(last) ? 0 : last;
    }
    size_t last = text_.run_in(end + 1, kSchemeSet);
    while (is_one_of(text_[last - 1], U".-+")) --last;
    return last > end ? last : 0;
}

template <class Char>
size_t NumberFinder<Char>::exponent_end(size_t end) const {
    const uint32_t letter = text_.folded(end);
    if ((letter != 'e' && letter != 'E') || !is_one_of(text_.folded(end + 1), U"+-−") || !text_.is_digit(end + 2)) return end;
    const size_t last = text_.digits_end(end + 2);
    return text_.is_letter(last) ? end : last;
}

// The end of 35万, 5千万, 1亿7千5百万; `end` if there is none of it.
template <class Char>
size_t NumberFinder<Char>::ten_thousands_end(size_t end) const {
    size_t scale = text_.run_of(end, U"十百千");
    size_t large = text_.run_of(scale, U"万亿");
    while (large > scale) {
        end = large;
        scale = text_.digits_end(end);
        large = scale > end ? text_.run_of(scale, U"十百千万亿") : scale;
    }
    return end;
}

// Of a vehicle: 京A12345, 粤B·12345, 沪AD12345.
template <class Char>
size_t NumberFinder<Char>::plate(size_t at) const {
    if (!is_one_of(text_[at], U"京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领")) return 0;
    if (!is_in(text_.folded(at + 1), kUpper)) return 0;
    const size_t begin = text_[at + 2] == 0xB7 || text_[at + 2] == 0x2022 ? at + 3 : at + 2;
    const auto belongs = [&](size_t place) { return is_in(text_.folded(place), kUpper) || text_.is_decimal(place); };
    const size_t end = text_.run(begin, belongs, 7);
    int digits = 0;
    for (size_t place = begin; place < end; ++place) digits += text_.is_decimal(place);
    return (end - begin == 5 || end - begin == 6) && digits >= 3 && !text_.is_latin(end) ? end : 0;
}

}  // namespace cws
