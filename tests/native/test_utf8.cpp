#include "base/utf8.h"

#include <string>

#include "check.h"

using namespace cws;

namespace {

std::string encode(uint32_t code) {
    const auto tail = [&](int shift) { return char(0x80 | (code >> shift & 63)); };
    if (code < 0x80) return {char(code)};
    if (code < 0x800) return {char(0xC0 | code >> 6), tail(0)};
    if (code < 0x10000) return {char(0xE0 | code >> 12), tail(6), tail(0)};
    return {char(0xF0 | code >> 18), tail(12), tail(6), tail(0)};
}

// The length of the character at the beginning of the bytes, 0 if there is none.
int length_of(const std::string& bytes, uint32_t* code = nullptr) {
    std::string padded = bytes + std::string(4, '\0');  // readable, but after the end
    const auto* at = reinterpret_cast<const uint8_t*>(padded.data());
    int length;
    const uint32_t decoded = decode_utf8(at, at + bytes.size(), length);
    if (code) *code = decoded;
    return length;
}

}  // namespace

TEST(utf8_reads_every_code_point_but_surrogates) {
    for (uint32_t code = 0; code < 0x110000; ++code) {
        const std::string bytes = encode(code);
        uint32_t decoded;
        const int length = length_of(bytes, &decoded);
        if (code >= 0xD800 && code < 0xE000) {
            CHECK(length == 0);
        } else {
            CHECK(length == int(bytes.size()) && decoded == code);
        }
    }
}

TEST(utf8_refuses_characters_cut_off) {
    for (const uint32_t code : {0x80u, 0x7FFu, 0x800u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
        const std::string bytes = encode(code);
        for (size_t size = 1; size < bytes.size(); ++size) CHECK(length_of(bytes.substr(0, size)) == 0);
    }
}

TEST(utf8_of_two_bytes_is_valid_as_often_as_there_are_characters) {
    int valid = 0;
    for (int first = 0x80; first < 0x100; ++first)
        for (int second = 0; second < 0x100; ++second) valid += length_of({char(first), char(second)}) == 2;
    CHECK(valid == 0x800 - 0x80);
}

TEST(utf8_of_three_bytes_is_valid_as_often_as_there_are_characters) {
    int valid = 0;
    for (int first = 0xE0; first < 0xF0; ++first)
        for (int second = 0; second < 0x100; ++second)
            for (int third = 0; third < 0x100; ++third)
                valid += length_of({char(first), char(second), char(third)}) == 3;
    CHECK(valid == 0x10000 - 0x800 - 0x800);
}

TEST(utf8_refuses_overlong_and_too_high_characters) {
    for (const std::string bytes :
         {"\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
          "\xFF", "\x80"})
        CHECK(length_of(bytes) == 0);
}
