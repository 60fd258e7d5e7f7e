#include "segment/format.h"

#include <cstdio>
#include <cstring>

#include "base/utf8.h"
#include "segment/token_types.h"

namespace cws {
namespace {

// Decodes as far as the bytes are valid; returns how many were.
size_t decode(const char* block, size_t size, std::vector<uint32_t>& codes) {
    codes.resize(size);  // a byte a character at most
    const auto* at = reinterpret_cast<const uint8_t*>(block);
    const auto* end = at + size;
    uint32_t* code = codes.data();
    while (at < end) {
        int length;
        const uint32_t decoded = decode_utf8(at, end, length);
        if (length == 0) break;
        *code++ = decoded;
        at += length;
    }
    codes.resize(size_t(code - codes.data()));
    return size_t(at - reinterpret_cast<const uint8_t*>(block));
}

inline size_t encoded_length(uint32_t code) { return 1 + (code >= 0x80) + (code >= 0x800) + (code >= 0x10000); }

void append_json_string(std::string& output, const char* text, size_t size) {
    output += '"';
    for (const char* at = text; at < text + size; ++at) {
        const auto byte = uint8_t(*at);
        if (byte == '"' || byte == '\\') output += '\\';
        if (byte < 0x20 || byte == 0x7F) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", byte);
            output += escape;
        } else {
            output += *at;
        }
    }
    output += '"';
}

// Writes words between a separator and line ends, for one format.
struct Writer {
    Format format;
    LinePosition& position;
    std::string& output;

    void begin_line() {
        if (format == Format::kJson) output += "{\"tokens\":[";
    }
    void word(const char* text, size_t bytes, int64_t characters, TokenType type) {
        const int64_t begin = position.column, end = begin + characters;
        const bool is_first = !position.has_words;
        switch (format) {
            case Format::kText:
                if (!is_first) output += ' ';
                output.append(text, bytes);
                break;
            case Format::kConll:
                output.append(text, bytes);
                output += '\t';
                output += name_of(type);
                output += '\n';
                break;
            case Format::kSpans:
                if (!is_first) output += ' ';
                output += std::to_string(begin) + '-' + std::to_string(end);
                break;
            case Format::kJson:
                output += is_first ? "{\"text\":" : ",{\"text\":";
                append_json_string(output, text, bytes);
                output += ",\"start\":" + std::to_string(begin) + ",\"end\":" + std::to_string(end) + ",\"type\":\"";
                output += name_of(type);
                output += "\"}";
        }
        position.has_words = true;
    }
    void end_line() {
        output += format == Format::kJson ? "]}\n" : "\n";
    }
};

// The text format again, without a branch for a word end; the same bytes as Writer makes.
void write_text(const char* text, const std::vector<uint32_t>& codes, const std::vector<uint8_t>& word_ends,
                const uint16_t* classes, LinePosition& position, std::string& output) {
    size_t bytes = 0;
    for (const uint32_t code : codes) bytes += encoded_length(code);
    const size_t begin = output.size();
    output.resize(begin + bytes + codes.size() + 4);
    char* to = output.data() + begin;
    const char* const text_end = text + bytes;
    bool space = position.has_words;  // due before the next word
    bool is_inside = false;           // a word, which may hold white space
    for (size_t i = 0; i < codes.size(); ++i) {
        const uint32_t code = codes[i];
        const size_t length = encoded_length(code);
        if (class_of(classes, code) == kSeparator) {
            position.column = code == '\n' ? 0 : position.column + 1;
            if (code == '\n') {
                *to++ = '\n';
                space = false;
            } else if (is_inside) {
                std::memcpy(to, text, length);
                to += length;
            }
        } else {
            *to = ' ';
            to += space;
            if (text_end - text >= 4) {
                std::memcpy(to, text, 4);
            } else {
                std::memcpy(to, text, length);
            }
            to += length;
            space = word_ends[i];
            is_inside = !space;
            ++position.column;
        }
        text += length;
    }
    position.has_words = space;
    output.resize(size_t(to - output.data()));
}

}  // namespace

int64_t Formatter::format(Format format, const char* block, size_t size, LinePosition position, bool is_last,
                          std::string& output, bool only_words) {
    const size_t valid = decode(block, size, codes_);
    if (valid < size) return int64_t(valid);
    word_ends_.resize(codes_.size());
    segmenter_.word_ends(codes_.data(), codes_.size(), dictionary_, word_ends_.data());
    if (format == Format::kText && !only_words) {
        write_text(block, codes_, word_ends_, classes_, position, output);
        if (is_last && position.column > 0) output += '\n';
        return kValid;
    }
    Writer writer{format, position, output};
    TokenTypes<uint32_t> types(codes_.data(), codes_.size());
    const char* word = block;
    const char* at = block;
    int64_t characters = 0;
    for (size_t i = 0; i < codes_.size(); ++i) {
        if (position.column == 0 && characters == 0) writer.begin_line();
        at += encoded_length(codes_[i]);
        ++characters;
        if (!word_ends_[i]) continue;
        const bool is_space = class_of(classes_, codes_[i]) == kSeparator;
        const TokenType type = types.of(i + 1 - size_t(characters), i + 1);
        const bool is_left_out = is_space || (only_words && type == TokenType::kPunctuation);
        if (!is_left_out) writer.word(word, size_t(at - word), characters, type);
        position.column += characters;
        if (codes_[i] == '\n') {
            writer.end_line();
            position = {};
        }
        word = at;
        characters = 0;
    }
    if (is_last && position.column > 0) writer.end_line();
    return kValid;
}

int64_t Formatter::word_ends(const char* block, size_t size, std::vector<uint32_t>& ends) {
    const size_t valid = decode(block, size, codes_);
    if (valid < size) return int64_t(valid);
    word_ends_.resize(codes_.size());
    segmenter_.word_ends(codes_.data(), codes_.size(), dictionary_, word_ends_.data());
    const size_t begin = ends.size();
    ends.resize(begin + codes_.size());
    uint32_t* to = ends.data() + begin;
    uint32_t at = 0;
    for (size_t i = 0; i < codes_.size(); ++i) {
        at += uint32_t(encoded_length(codes_[i]));
        *to = at;
        to += word_ends_[i];
    }
    ends.resize(size_t(to - ends.data()));
    return kValid;
}

// Whether an entry may lie across the place before codes_[at], or begin there where a run of letters forbids it.
bool Formatter::is_torn(size_t at, size_t reach, size_t next_reach) const {
    return reach > at || (next_reach > at && is_inside_run(codes_.data(), codes_.size(), at));
}

size_t Formatter::whole_sequences(const char* block, size_t size, LinePosition& position) {
    const size_t valid = decode(block, size, codes_);
    if (size - valid > 3) return size;  // not just a character cut off: formatting will say what is wrong
    EntryScratch entries;
    std::optional<EntryFinder<uint32_t>> finder;
    if (dictionary_) finder.emplace(*dictionary_, entries, codes_.data(), codes_.size());
    if (has_units_) {
        places_.resize(codes_.size());
        find_boundaries(codes_.data(), codes_.size(), places_.data());
    }
    LinePosition here = position;
    size_t bytes = 0, whole = 0, reach = 0;
    for (size_t at = 0; at < codes_.size();) {
        const bool is_separator = class_of(classes_, codes_[at]) == kSeparator;
        const size_t end = is_separator ? at + 1 : sequence_end(classes_, codes_.data(), codes_.size(), at);
        if (end == codes_.size()) break;  // what follows may belong to it
        here.column += int64_t(end - at);
        here.has_words |= !is_separator;
        if (codes_[at] == '\n') here = {};
        for (; at < end; ++at) {
            bytes += encoded_length(codes_[at]);
            if (finder) reach = std::max(reach, finder->reach(at));
        }
        if (finder && is_torn(end, reach, finder->reach(end))) continue;
        // More text could make a unit of what stands before.
        if (has_units_ && (places_[end - 1] == kNoBoundary || end + kLongestWithBlanks > codes_.size())) continue;
        position = here;
        whole = bytes;
    }
    return whole;
}

}  // namespace cws
