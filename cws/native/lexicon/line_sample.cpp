#include "lexicon/line_sample.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/symbols.h"

namespace cws {
namespace {

enum CharacterType : uint8_t { kOther, kHan, kNumeral, kDigit, kLatin, kPoint, kPercent };

class CharacterTypes {
public:
    CharacterTypes() {
        for (uint32_t code = 0; code < kBmp; ++code) types_[code] = compute(code);
    }
    CharacterType operator[](uint32_t code) const { return code < kBmp ? types_[code] : compute(code); }

private:
    static constexpr uint32_t kBmp = 0x10000;
    std::array<CharacterType, kBmp> types_;

    static CharacterType compute(uint32_t code) {
        if (is_numeral(code)) return kNumeral;
        if (is_han(code)) return kHan;
        if (is_digit(code)) return kDigit;
        if (is_latin(code)) return kLatin;
        return half_width(code) == '.' ? kPoint : half_width(code) == '%' ? kPercent : kOther;
    }
};

// Eight bytes at a time: Kounavis and Berry, "A systematic approach to building high performance software-based CRC
// generators" (2005).
using CrcTables = std::array<std::array<uint32_t, 256>, 8>;

CrcTables make_crc_tables() {
    CrcTables tables;
    for (uint32_t byte = 0; byte < 256; ++byte) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
        tables[0][byte] = crc;
    }
    for (size_t k = 1; k < 8; ++k)
        for (size_t byte = 0; byte < 256; ++byte)
            tables[k][byte] = tables[k - 1][byte] >> 8 ^ tables[0][tables[k - 1][byte] & 255];
    return tables;
}

// UTF-8, lone surrogates like any other character.
template <class Char>
size_t encode(const Char* text, size_t size, uint8_t* bytes) {
    uint8_t* at = bytes;
    for (size_t i = 0; i < size; ++i) {
        const uint32_t code = uint32_t(text[i]);
        if (code < 0x80) {
            *at++ = uint8_t(code);
        } else if (code < 0x800) {
            *at++ = uint8_t(0xC0 | code >> 6);
            *at++ = uint8_t(0x80 | (code & 63));
        } else if (code < 0x10000) {
            *at++ = uint8_t(0xE0 | code >> 12);
            *at++ = uint8_t(0x80 | (code >> 6 & 63));
            *at++ = uint8_t(0x80 | (code & 63));
        } else {
            *at++ = uint8_t(0xF0 | code >> 18);
            *at++ = uint8_t(0x80 | (code >> 12 & 63));
            *at++ = uint8_t(0x80 | (code >> 6 & 63));
            *at++ = uint8_t(0x80 | (code & 63));
        }
    }
    return size_t(at - bytes);
}

}  // namespace

uint32_t crc32(const uint8_t* bytes, size_t size) {
    static const CrcTables tables = make_crc_tables();
    uint32_t crc = ~0u;
    for (; size >= 8; bytes += 8, size -= 8) {
        uint32_t word[2];
        std::memcpy(word, bytes, 8);
        word[0] ^= crc;
        crc = 0;
        for (size_t k = 0; k < 8; ++k) crc ^= tables[7 - k][word[k / 4] >> 8 * (k % 4) & 255];
    }
    for (; size; ++bytes, --size) crc = crc >> 8 ^ tables[0][(crc ^ *bytes) & 255];
    return ~crc;
}

template <class Char>
void append_runs(const Char* line, size_t size, std::vector<uint32_t>& codes) {
    static const CharacterTypes types;
    const size_t begin = codes.size();
    const auto type_of = [&](size_t i) { return i < size ? types[uint32_t(line[i])] : kOther; };
    const auto end_of = [&](size_t i, CharacterType of) {
        while (type_of(i) == of) ++i;
        return i;
    };
    for (size_t i = 0; i < size;) {
        size_t next = i + 1;
        uint32_t symbol = uint32_t(line[i]);
        switch (type_of(i)) {
            case kHan: break;
            case kNumeral:
                next = end_of(i, kNumeral);
                if (next > i + 1) symbol = '0';
                break;
            case kLatin:
                next = end_of(i, kLatin);
                symbol = 'a';
                break;
            case kDigit:
                next = end_of(i, kDigit);
                while (type_of(next) == kPoint && type_of(next + 1) == kDigit) next = end_of(next + 1, kDigit);
                next += type_of(next) == kPercent;
                symbol = '0';
                break;
            default: symbol = '\n';
        }
        if (symbol != '\n' || (codes.size() > begin && codes.back() != '\n')) codes.push_back(symbol);
        i = next;
    }
    if (codes.size() > begin && codes.back() == '\n') codes.pop_back();
}

template <class Char>
void LineSample::add(const Char* text, size_t size) {
    const Char* const stop = text + size;
    while (text < stop) {
        const Char* const feed = std::find(text, stop, Char('\n'));
        if (feed == stop || !begun_.empty()) {
            begun_.insert(begun_.end(), text, feed);
            if (feed == stop) return;
            end_line();
        } else {
            take(text, size_t(feed - text));
        }
        text = feed + 1;
    }
}

void LineSample::end_line() {
    take(begun_.data(), begun_.size());
    begun_.clear();
}

template <class Char>
void LineSample::take(const Char* line, size_t size) {
    if (size && line[size - 1] == '\r') --size;
    if (size == 0) return;
    if (bytes_.size() < 4 * size) bytes_.resize(8 * size);
    const uint32_t checksum = crc32(bytes_.data(), encode(line, size, bytes_.data()));
    if (!is_in(checksum)) return;
    const size_t begin = codes_.size();
    append_runs(line, size, codes_);
    if (codes_.size() == begin) return;
    lines_.push_back({checksum, begin, codes_.size() - begin});
    size_ += codes_.size() - begin;
    while (size_ > most_ && bits_ < 32) halve();
}

// Drops the lines, about half of them, whose checksum has a 1 in the next bit.
void LineSample::halve() {
    ++bits_;
    size_ = 0;
    std::vector<Line> kept;
    for (const Line& line : lines_) {
        if (!is_in(line.checksum)) continue;
        std::copy_n(codes_.begin() + long(line.begin), line.size, codes_.begin() + long(size_));
        kept.push_back({line.checksum, size_, line.size});
        size_ += line.size;
    }
    lines_ = std::move(kept);
    codes_.resize(size_);
}

std::vector<uint32_t> LineSample::runs() const {
    std::vector<Line> sorted = lines_;
    const auto text = [&](const Line& line) { return codes_.begin() + long(line.begin); };
    std::sort(sorted.begin(), sorted.end(), [&](const Line& a, const Line& b) {
        if (a.checksum != b.checksum) return a.checksum < b.checksum;
        return std::lexicographical_compare(text(a), text(a) + long(a.size), text(b), text(b) + long(b.size));
    });
    std::vector<uint32_t> result;
    result.reserve(codes_.size() + lines_.size());
    for (const Line& line : sorted) {
        result.insert(result.end(), text(line), text(line) + long(line.size));
        result.push_back('\n');
    }
    return result;
}

template void LineSample::add(const uint8_t*, size_t);
template void LineSample::add(const uint16_t*, size_t);
template void LineSample::add(const uint32_t*, size_t);
template void append_runs(const uint32_t*, size_t, std::vector<uint32_t>&);

}  // namespace cws
