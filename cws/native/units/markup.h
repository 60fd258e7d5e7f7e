// Tags, entities, placeholders, emoticons and runs of one mark; the twin of cws/units/reference_markup.py.
// Each function gives the end, or 0 for none.
#pragma once

#include "units/characters.h"

namespace cws {

// After a letter only these are tags: List<String> and vector<int> are generics.
inline constexpr std::string_view kMarkupNames[] = {
    "a", "abbr", "b", "blockquote", "body", "br", "center", "code", "dd", "del", "div", "dl", "dt", "em", "font", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "i", "iframe", "img", "input", "ins", "kbd",
    "label", "li", "link", "mark", "meta", "nav", "ol", "option", "p", "pre", "s", "script", "section", "select", "small",
    "span", "strong", "style", "sub", "sup", "table", "tbody", "td", "textarea", "tfoot", "th", "thead", "title", "tr", "u",
    "ul", "var", "video"};
inline constexpr std::u32string_view kEmoticons[] = {
    U"^_^", U"^-^", U"^o^", U"^O^", U">_<", U"-_-", U"=_=", U"@_@", U"*_*", U"T_T",
    U"QAQ", U"o_O", U"O_o", U":-)", U":-(", U";-)", U":-D", U":-P", U":)", U";)"};
inline constexpr size_t kLongestTemplate = 100;
inline constexpr size_t kLongestName = 64, kLongestAttributes = 900;  // of a tag with blanks: see kLongestWithBlanks

// The end of the attributes of a tag and of the tag: they have a value, or a slash ends them. No URL is inside.
template <class Char>
size_t attributes_end(const UnitText<Char>& text, size_t at) {
    uint32_t quote = 0;
    bool has_value = false;
    for (const size_t limit = std::min(text.size, at + kLongestAttributes); at < limit; ++at) {
        const uint32_t code = text[at];
        if (code == '<' || code == '\n' || code == '\r' || text.starts(at, U"://")) return 0;
        if (quote)
            quote = code == quote ? 0 : quote;
        else if (code == '"' || code == '\'')
            quote = code;
        else if (code == '>')
            return has_value || text[at - 1] == '/' || text[at - 1] == '?' ? at + 1 : 0;
        else if (!is_in(code, kAttributeSet))
            return 0;
        has_value = has_value || (code == '=' && !quote);
    }
    return 0;
}

template <class Char>
size_t tag_end(const UnitText<Char>& text, size_t at) {
    if (text.starts(at, U"<!--")) return at + 4;
    const size_t begin = is_one_of(text[at + 1], U"/!?") ? at + 2 : at + 1;
    if (!is_in(text[begin], kAlpha)) return 0;
    const size_t name = text.run_in(begin, kNameSet);
    const bool has_attributes = (text[name] == ' ' || text[name] == '\t') && name - begin <= kLongestName;
    size_t end = 0;
    if (has_attributes)
        end = attributes_end(text, name);
    else if (text[name] == '/' && text[name + 1] == '>')
        end = name + 2;
    else if (text[name] == '>')
        end = name + 1;
    const bool after_word = text.is_letter(at - 1) || text[at - 1] == '_';
    const bool is_tag = has_attributes || begin == at + 2 || text.is_word_of(begin, name, kMarkupNames, true);
    return after_word && !is_tag ? 0 : end;
}

// &nbsp; &#183; &#xB7;
template <class Char>
size_t entity_end(const UnitText<Char>& text, size_t at) {
    size_t begin = at + 1, end;
    if (text[begin] == '#') {
        const bool is_hex = text[at + 2] == 'x' || text[at + 2] == 'X';
        begin = is_hex ? at + 3 : at + 2;
        end = text.run_in(begin, is_hex ? kHex : kDecimal, 8);
    } else {
        end = is_in(text[begin], kDecimal) ? begin : text.run_in(begin, kAlnum, 10);
    }
    return end > begin && text[end] == ';' ? end + 1 : 0;
}

// %s, %5.2f, %-3d, %1$s, %(name)s; not after a number or word, and not before a letter or digit.
template <class Char>
size_t format_end(const UnitText<Char>& text, size_t at) {
    if (text.is_latin(at - 1) || text[at - 1] == ')' || text[at - 1] == '%') return 0;
    size_t end = at + 1;
    if (text[end] == '(') {
        end = text.run_in(end + 1, kNameSet);
        if (text[end] != ')') return 0;
        ++end;
    }
    end = text.run_of(end, U"-+0#", 4);
    end = text.run_in(end, kDecimal, 4);
    if (text[end] == '$') ++end;
    if (text[end] == '.') end = text.run_in(end + 1, kDecimal, 4);
    end = text.run_of(end, U"hlzL", 2);
    return is_one_of(text[end], U"sdifxXcegoupr") && !text.is_latin(end + 1) ? end + 1 : 0;
}

template <class Char>
size_t template_end(const UnitText<Char>& text, size_t at) {
    const uint32_t closing = text[at + 1] == '{' ? '}' : '%';
    size_t end = at + 2;
    bool has_blank = false;
    for (; end < text.size && !is_one_of(text[end], U"{}%\n\r"); ++end) {
        if (has_blank && end - at > kLongestTemplate) break;
        has_blank = has_blank || text.kind(end) == Kind::kSpace;
    }
    return end > at + 2 && text[end] == closing && text[end + 1] == '}' ? end + 2 : 0;
}

// {{x}}, {% x %}, ${x}, #{x}, %{x}, {x}; the last not where it may be an argument or a set: f{x}, -{x}-.
template <class Char>
size_t named_end(const UnitText<Char>& text, size_t at) {
    if (text[at] != '{') {
        if (text[at + 1] != '{') return 0;
        const size_t end = text.run_in(at + 2, kNameSet);
        return text[end] == '}' && end > at + 2 ? end + 1 : 0;
    }
    if (text[at + 1] == '{' || text[at + 1] == '%') return template_end(text, at);
    const size_t end = text.run_in(at + 1, kNameSet);
    if (text[end] != '}' || end == at + 1 || text[end + 1] == '-' || text[end + 1] == '}') return 0;
    return text.is_latin(at - 1) || is_one_of(text[at - 1], U"-\\})]^{$") ? 0 : end + 1;
}

template <class Char>
size_t markup(const UnitText<Char>& text, size_t at) {
    switch (text[at]) {
        case '<': return tag_end(text, at);
        case '-': return text[at - 1] != '-' && text.starts(at, U"-->") ? at + 3 : 0;
        case '&': return entity_end(text, at);
        case '%': {
            const size_t end = format_end(text, at);
            return end ? end : named_end(text, at);
        }
        case '$': case '#': case '{': return named_end(text, at);
        default: return 0;
    }
}

template <class Char>
size_t emoticon(const UnitText<Char>& text, size_t at) {
    if (!is_one_of(text[at], U"^>-=@*TQoO:;") || (text.is_latin(at) && text.is_latin(at - 1))) return 0;
    for (const std::u32string_view face : kEmoticons) {
        const size_t end = at + face.size();
        if (text.starts(at, face) && !(text.is_latin(end - 1) && text.is_latin(end))) return end;
    }
    return 0;
}

template <class Char>
size_t run_of_one_mark(const UnitText<Char>& text, size_t at) {
    const uint32_t code = text[at];
    if (text[at + 1] != code || text.kind(at) != Kind::kMark || is_emoji(code)) return 0;
    const size_t end = text.run(at, [&](size_t place) { return text[place] == code && !text.extends(place + 1); });
    return end > at + 1 ? end : 0;
}

}  // namespace cws
