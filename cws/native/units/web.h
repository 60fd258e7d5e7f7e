// URLs, e-mail addresses, paths, mentions and hashtags; the twin of cws/units/reference_web.py.
//
// Each function gives the end, or 0 for none. What a run of characters says does not depend on where in the run one asks, so
// the last run of each set is kept: however often a run fails to be an address, it is read once.
#pragma once

#include "units/characters.h"

namespace cws {

inline constexpr std::string_view kBareSchemes[] = {"mailto", "tel", "urn", "news", "sms",
                                                    "sip", "sips", "xmpp", "magnet", "doi"};
inline constexpr std::string_view kDomains[] = {"com", "cn", "net", "org", "edu", "gov", "info"};
inline constexpr std::string_view kDomainsBeforeSlash[] = {
    "io", "me", "cc", "tv", "co", "jp", "uk", "de", "fr", "ru", "tw", "hk", "kr", "us", "eu", "top",
    "xyz", "vip", "club", "site", "online", "tech", "dev", "app", "ai", "la", "so", "in", "gl", "be", "ly"};
inline constexpr std::string_view kRoots[] = {"bin", "boot", "data", "dev", "etc", "home", "lib", "lib64", "media",
                                              "mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp",
                                              "usr", "var", "www"};
// Units of measurement; \1 is μ.
inline constexpr std::string_view kMeasures[] = {
    "g", "kg", "mg", "ug", "\1g", "ng", "pg", "t", "m", "km", "dm", "cm", "mm", "nm", "\1m", "um", "s", "ms", "ns", "\1s",
    "min", "h", "hr", "d", "l", "L", "dl", "dL", "ml", "mL", "\1l", "\1L", "mol", "mmol", "V", "kV", "mV", "W", "kW", "MW",
    "GW", "kWh", "A", "mA", "K", "Hz", "kHz", "MHz", "GHz", "THz", "HZ", "Pa", "kPa", "MPa", "KPa", "J", "kJ", "MJ", "N",
    "kN", "B", "KB", "MB", "GB", "TB", "PB", "kB", "Kb", "Mb", "Gb", "kb", "bit", "bps", "kbps", "Mbps", "Gbps", "px", "pt",
    "em", "rem", "dpi", "fps", "rpm", "dB", "eV", "keV", "MeV", "GeV", "cal", "kcal", "ha", "hm", "oz", "lb", "ft", "bp",
    "kDa", "Da", "ppm"};
inline constexpr size_t kLongestScheme = 64;
inline constexpr size_t kLongestTopic = 40;

// Where the rest of a URL begins that has its scheme here.
template <class Char>
size_t scheme_end(const UnitText<Char>& text, size_t at) {
    if (!is_in(text[at], kAlpha)) return 0;
    const size_t end = text.run_in(at, kSchemeSet, kLongestScheme);
    if (text[end] != ':') return 0;
    if (text[end + 1] == '/' && text[end + 2] == '/') return end + 3;
    const bool is_body = is_in(text[end + 1], kAlnum) || text[end + 1] == '+' || text[end + 1] == '?';
    return is_body && text.is_word_of(at, end, kBareSchemes, true) ? end + 1 : 0;
}

template <class Char>
class WebFinder {
public:
    explicit WebFinder(const UnitText<Char>& text) : text_(text) {}

    size_t url(size_t at);
    size_t email(size_t at);
    size_t path(size_t at);
    size_t mention(size_t at) const {
        return text_.folded(at) == '@' && text_[at - 1] != '\\' ? name_end(at + 1) : 0;
    }
    size_t hashtag(size_t at) const;

private:
    // A run of the characters of host names: its last label, and where it ends without dots and hyphens.
    struct Host {
        size_t run_end = 0, end = 0, dot = kNoLimit;
        bool is_domain = false, is_domain_before_slash = false;
    };
    // A run of the characters of paths: the last places of what would make it no relative path. Places are from 1; 0: none.
    struct Run {
        size_t end = 0, odd = 0, not_plain = 0, slash = 0, separator = 0, separator_before = 0, measure = 0;
        bool is_file = false;
    };

    size_t url_end(size_t begin) const;
    size_t domain_end(size_t at);
    size_t mail_domain_end(size_t begin) const;
    size_t path_run_end(size_t at) { return path_run(at).end; }
    const Run& path_run(size_t at);
    size_t path_end(size_t at, size_t end) const;
    size_t dot_path(size_t at);
    size_t absolute_path(size_t at);
    size_t relative_path(size_t at);
    bool has_extension(size_t begin, size_t end) const;
    size_t name_end(size_t at) const;
    size_t closed_hashtag(size_t at) const;
    bool is_measure(size_t begin, size_t end) const {
        return end - begin <= 5 && text_.is_word_of(begin, end, kMeasures);
    }

    UnitText<Char> text_;
    Host host_;
    Run run_;
    size_t atext_end_ = 0;
};

template <class Char>
size_t WebFinder<Char>::url(size_t at) {
    if (!is_in(text_[at], kAlnum)) return 0;
    if (const size_t begin = scheme_end(text_, at)) return url_end(begin);
    const auto is_w = [&](size_t place) { return text_[place] == 'w' || text_[place] == 'W'; };
    if (is_w(at) && is_w(at + 1) && is_w(at + 2) && text_[at + 3] == '.' && is_in(text_[at + 4], kAlnum))
        return url_end(at + 4);
    return domain_end(at);
}

template <class Char>
size_t WebFinder<Char>::url_end(size_t begin) const {
    int square = 0, curly = 0, round = 0;
    size_t end = begin;
    bool has_word = false;
    for (;; ++end) {
        const uint32_t code = text_[end];
        if (!is_in(code, kUrlSet) && !text_.is_address_letter(end)) break;
        if ((code == ']' && !square) || (code == '}' && !curly)) break;
        square += (code == '[') - (code == ']');
        curly += (code == '{') - (code == '}');
        round += (code == '(') - (code == ')');
        has_word = has_word || text_.is_latin(end);
    }
    for (; end > begin; --end) {
        const uint32_t last = text_[end - 1];
        if (last == ')' && round < 0)
            ++round;
        else if (!is_one_of(last, U".,;:!?'([{"))
            break;
    }
    return has_word ? end : 0;
}

template <class Char>
size_t WebFinder<Char>::domain_end(size_t at) {
    if (at >= host_.run_end) {
        host_ = Host();
        host_.run_end = host_.end = text_.run_in(at, kHostSet);
        while (text_[host_.end - 1] == '.' || text_[host_.end - 1] == '-') --host_.end;
        for (size_t place = host_.end; place-- > at && host_.dot == kNoLimit;)
            if (text_[place] == '.') host_.dot = place;
        if (host_.dot != kNoLimit) {
            host_.is_domain = text_.is_word_of(host_.dot + 1, host_.end, kDomains);
            host_.is_domain_before_slash =
                host_.is_domain || text_.is_word_of(host_.dot + 1, host_.end, kDomainsBeforeSlash);
        }
    }
    size_t end = host_.end;
    if (host_.dot == kNoLimit || host_.dot < at || text_[end] == '@' || text_.is_latin(end)) return 0;
    if (!is_in(text_[host_.dot - 1], kAlnum)) return 0;
    if (text_[end] == ':' && text_.is_decimal(end + 1)) end = text_.decimals_end(end + 1, 5);
    if (text_[end] == '/' && host_.is_domain_before_slash) {
        const size_t whole = url_end(end);
        return whole ? whole : end;
    }
    return host_.is_domain ? end : 0;
}

template <class Char>
size_t WebFinder<Char>::email(size_t at) {
    if (text_[at] == '"') {
        const auto is_quoted = [&](size_t place) { return text_[place] - '!' <= '~' - '!' && text_[place] != '"'; };
        const size_t end = text_.run(at + 1, is_quoted);
        return end > at + 1 && text_[end] == '"' && text_[end + 1] == '@' ? mail_domain_end(end + 2) : 0;
    }
    if (!text_.is_latin(at)) return 0;
    if (at >= atext_end_)
        atext_end_ = text_.run(at, [&](size_t place) {
            return is_in(text_[place], kAtextSet) || text_.is_address_letter(place);
        });
    const size_t end = atext_end_ > at ? atext_end_ : at;
    return text_[end] == '@' && end > at && text_[end - 1] != '.' ? mail_domain_end(end + 1) : 0;
}

template <class Char>
size_t WebFinder<Char>::mail_domain_end(size_t begin) const {
    if (text_[begin] == '[') {
        const size_t end = text_.run(begin + 1, [&](size_t place) {
            return text_[place] - '!' <= '~' - '!' && !is_one_of(text_[place], U"[]\\");
        });
        return text_[end] == ']' && end > begin + 1 ? end + 1 : 0;
    }
    size_t end = 0;
    while (is_in(text_[begin], kAlnum) || text_.is_address_letter(begin)) {
        end = text_.run(begin, [&](size_t place) {
            return is_in(text_[place], kAlnum) || text_[place] == '-' || text_.is_letter(place);
        });
        begin = text_[end] == '.' ? end + 1 : end;
    }
    while (end && text_[end - 1] == '-') --end;
    return end;
}

template <class Char>
size_t WebFinder<Char>::path(size_t at) {
    const uint32_t first = text_[at];
    if (is_in(first, kAlpha) && text_[at + 1] == ':' && (text_[at + 2] == '\\' || text_[at + 2] == '/'))
        return text_[at + 3] == '/' ? 0 : path_end(at, path_run_end(at + 2));
    if (is_in(first, kAlpha) || first == '_') return relative_path(at);
    if (first == '~') return text_[at + 1] == '/' ? path_end(at, path_run_end(at)) : 0;
    if (first == '.') return dot_path(at);
    if (first == '/') return absolute_path(at);
    if (first == '\\' && text_[at + 1] == '\\' && is_in(text_[at + 2], kAlnum)) {
        const size_t end = path_run_end(at + 2);
        for (size_t place = at + 2; place < end; ++place)
            if (text_[place] == '\\') return path_end(at, end);
        return 0;
    }
    if (first != '$' || !text_.is_latin(at + 1)) return 0;
    const size_t end = text_.run(at + 1, [&](size_t place) { return is_in(text_[place], kAlnum) || text_[place] == '_'; });
    return text_[end] == '/' ? path_end(at, path_run_end(end)) : 0;
}

template <class Char>
const typename WebFinder<Char>::Run& WebFinder<Char>::path_run(size_t at) {
    if (at < run_.end) return run_;
    run_ = Run();
    size_t place = at, name = at;
    const auto end_name = [&](size_t end) {
        if (name > at && is_measure(name, end)) run_.measure = name + 1;
    };
    for (; is_in(text_[place], kPathSet); ++place) {
        const uint32_t code = text_[place];
        if (is_in(code, kOddInPath)) run_.odd = place + 1;
        if (!is_in(code, kPlainPath)) run_.not_plain = place + 1;
        if (code == '/') run_.slash = place + 1;
        if (code != '/' && code != '\\') continue;
        end_name(place);
        run_.separator_before = run_.separator;
        run_.separator = place + 1;
        name = place + 1;
    }
    end_name(place);
    run_.end = place;
    size_t trimmed = place;
    while (trimmed > name && text_[trimmed - 1] == '.') --trimmed;
    run_.is_file = has_extension(name, trimmed);
    return run_;
}

template <class Char>
size_t WebFinder<Char>::path_end(size_t at, size_t end) const {
    size_t last = end;
    while (last > at && (text_[last - 1] == '.' || text_[last - 1] == '?')) --last;
    return text_[last - 1] == '/' || text_[last - 1] == '\\' ? std::min(end, last + 2) : last;
}

template <class Char>
size_t WebFinder<Char>::dot_path(size_t at) {
    if (text_.is_latin(at - 1) || text_[at - 1] == '.' || text_[at - 1] == ')') return 0;
    const size_t slash = text_[at + 1] == '.' ? at + 2 : at + 1;
    const uint32_t after = text_[slash + 1];
    if (text_[slash] == '/' && (is_in(after, kAlnum) || is_one_of(after, U"_.*~-"))) return path_end(at, path_run_end(at));
    return is_in(text_[at + 1], kLower) ? relative_path(at) : 0;
}

template <class Char>
size_t WebFinder<Char>::absolute_path(size_t at) {
    if (text_.is_latin(at - 1) || text_.is_script(at - 1) || is_one_of(text_[at - 1], U")]}%°℃/\\<")) return 0;
    if (!is_in(text_[at + 1], kAlnum) && !is_one_of(text_[at + 1], U"_.~$@")) return 0;
    const size_t end = path_run_end(at), begin = at + 1;
    const size_t name = text_.run(begin, [&](size_t place) { return place < end && text_[place] != '/'; });
    if (is_measure(begin, name)) return 0;
    const bool is_deep = name + 1 < end;
    const bool is_root = text_.is_word_of(begin, name, kRoots);
    const bool is_file = has_extension(begin, name) || (text_[begin] == '.' && name > begin + 1 && is_in(text_[begin + 1], kLower));
    const Kind before = text_.kind(at - 1);
    const bool is_apart =
        before != Kind::kHan && before != Kind::kOtherLetter && name > begin + 1 && is_in(text_[begin], kLower);
    return is_deep || is_root || is_file || is_apart ? path_end(at, end) : 0;
}

template <class Char>
size_t WebFinder<Char>::relative_path(size_t at) {
    const Run& run = path_run(at);
    if (run.odd > at || run.separator <= at) return 0;
    bool is_deep = run.separator_before > at && run.measure <= at && text_[at + 1] != '/' && text_[at + 1] != '\\';
    if (is_deep) {
        const size_t name =
            text_.run(at, [&](size_t place) { return text_[place] != '/' && text_[place] != '\\'; }, 6);
        is_deep = !is_measure(at, name);
    }
    const bool is_plain = run.not_plain <= at, is_windows = run.slash <= at;
    return run.is_file || (is_deep && (is_plain || is_windows)) ? path_end(at, run.end) : 0;
}

// Whether it ends in a dot and one to five small letters and digits, a letter first.
template <class Char>
bool WebFinder<Char>::has_extension(size_t begin, size_t end) const {
    size_t dot = end;
    while (dot > begin && end - dot < 6 && text_[dot - 1] != '.') --dot;
    if (dot <= begin + 1 || text_[dot - 1] != '.' || end == dot || end - dot > 5) return false;
    if (is_in(text_[begin], kDecimal) || !is_in(text_[dot], kLower)) return false;
    return text_.run_in(dot, kLower | kDecimal, end - dot) == end;
}

template <class Char>
size_t WebFinder<Char>::name_end(size_t at) const {
    bool has_word = false;
    const size_t end = text_.run(at, [&](size_t place) {
        if (text_.extends(place)) return place > at && (has_word = true);
        const bool is_word = text_.is_name_character(place);
        has_word = has_word || is_word;
        return is_word || text_[place] == '_' || text_[place] == '-';
    });
    return has_word ? end : 0;
}

template <class Char>
size_t WebFinder<Char>::hashtag(size_t at) const {
    if (text_.folded(at) != '#' || text_.folded(at + 1) == '#' || text_.folded(at - 1) == '#' || text_[at - 1] == '&')
        return 0;
    if (const size_t end = closed_hashtag(at)) return end;
    return text_.is_latin(at - 1) ? 0 : name_end(at + 1);
}

template <class Char>
size_t WebFinder<Char>::closed_hashtag(size_t at) const {
    const bool is_word = text_.is_name_character(at + 1) || text_[at + 1] == '_';
    if (text_.extends(at + 1) || !(is_word || is_one_of(text_[at + 1], U"《「『“‘【"))) return 0;
    size_t end = at + 1;
    bool is_mixed = false;
    for (; text_.folded(end) != '#'; ++end) {
        const uint32_t code = text_[end];
        is_mixed = is_mixed || is_one_of(code, U"。！？；：，、.!?;:,") || text_.kind(end) == Kind::kSpace;
        if (end >= text_.size || is_one_of(code, U"\n\r\v\f\x85\u2028\u2029<>={};\\\"")) return 0;
        if (is_mixed && end - at > kLongestTopic) return 0;
    }
    if (text_.is_latin(at - 1) && (is_mixed || text_.is_latin(end - 1))) return 0;
    if (is_mixed && (text_.is_latin(end + 1) || text_.kind(end - 1) == Kind::kSpace)) return 0;
    return end + 1;
}

}  // namespace cws
