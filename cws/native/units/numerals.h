// Numbers in Chinese numerals; the twin of numeral() in cws/units/reference_numbers.py.
#pragma once

#include "units/characters.h"

namespace cws {

inline constexpr std::u32string_view kNumerals = U"零〇○一二三四五六七八九两几十百千万亿";
inline constexpr CharacterSet kNumeralSet(kNumerals);
inline constexpr std::u32string_view kFractionDigits = U"零〇○一二三四五六七八九";
inline constexpr std::u32string_view kCounting = U"零〇○一二三四五六七八九两几";
inline constexpr std::u32string_view kScales = U"十百千";
inline constexpr std::u32string_view kTenThousands = U"万亿";
inline constexpr std::u32string_view kKiloUnits = U"瓦米克卡赫";  // 千瓦
// What a decimal fraction may stand before; 分, 刻, 钟 and 半 would make it a time.
inline constexpr std::u32string_view kDecimalUnits[] = {
    U"%", U"％", U"‰", U"个百分点", U"米", U"公里", U"千米", U"厘米", U"毫米", U"微米", U"纳米", U"公斤", U"千克", U"毫克", U"克",
    U"斤", U"吨", U"升", U"毫升", U"元", U"美元", U"欧元", U"港元", U"日元", U"英镑", U"倍", U"度", U"级", U"折", U"成", U"平方",
    U"立方", U"亩", U"公顷", U"英里", U"英尺", U"英寸", U"海里", U"里", U"寸", U"尺", U"伏", U"安", U"瓦", U"千瓦", U"赫", U"兆",
    U"小时", U"秒", U"毫秒", U"岁", U"摄氏度", U"百万", U"千万"};

// The end of 一点七八万亿 and 零点五米; 0 for a time, and for 一点一滴.
template <class Char>
size_t decimal_numeral_end(const UnitText<Char>& text, size_t at, size_t point) {
    if (text[point] != U'点' || text[point - 1] == U'几') return 0;
    const size_t end = text.run_of(point + 1, kFractionDigits);
    if (end == point + 1) return 0;
    if (is_one_of(text[end], kTenThousands)) return text.run_of(end, kTenThousands);
    if (is_one_of(text[end], U"分刻钟半十点")) return 0;
    const bool is_kilo = is_one_of(text[end + 1], kKiloUnits) || is_one_of(text[end + 1], kTenThousands);
    if (is_one_of(text[end], kScales) && !is_kilo) return 0;
    if (end - point > 2) return end;
    for (const std::u32string_view unit : kDecimalUnits)
        if (text.starts(end, unit)) return end;
    return at >= 3 && (text.starts(at - 3, U"百分之") || text.starts(at - 3, U"千分之")) ? end : 0;
}

// A number in Chinese numerals with 万 or 亿, or with 点 where it is a decimal point. `at` is where numerals begin.
template <class Char>
size_t numeral(const UnitText<Char>& text, size_t at) {
    if (text[at] == U'数') {
        const size_t scale = text.run_of(at + 1, kScales);
        const bool is_several = is_one_of(text[scale], kTenThousands) && !is_one_of(text[at - 1], U"人次总指件户函倍个分字页");
        return is_several ? text.run_of(scale, kTenThousands) : 0;
    }
    size_t end = text.run_of(at, kNumeralSet);
    if (end == at || is_one_of(text[at], kTenThousands)) return 0;
    if (const size_t whole = decimal_numeral_end(text, at, end)) return whole;
    if (end == at + 2 && (text[at] == U'百' || text[at] == U'千')) return 0;  // 千万 is an adverb too
    const auto follows_ten_thousand = [&] { return is_one_of(text[end - 2], kTenThousands); };
    if (is_one_of(text[end - 1], kCounting) && follows_ten_thousand()) --end;  // 一万一 may go on: 一万一天
    if (is_one_of(text[end - 1], kScales) && follows_ten_thousand() && is_one_of(text[end], kKiloUnits)) --end;  // 三万千瓦
    for (size_t place = at; place < end; ++place)
        if (is_one_of(text[place], kTenThousands)) return end;
    return 0;
}

}  // namespace cws
