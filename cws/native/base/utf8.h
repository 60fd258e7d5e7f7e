// UTF-8, checked as Unicode demands (table 3-7 of the standard): no surrogates, no overlong forms.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cws {

// Decodes the character at `at`, with four readable bytes; sets its length, 0 if invalid or cut off by the end.
inline uint32_t decode_utf8(const uint8_t* at, const uint8_t* end, int& length) {
    const uint32_t a = at[0];
    if (a < 0x80) {
        length = 1;
        return a;
    }
    const auto continues = [&](int i) { return (at[i] & 0xC0u) == 0x80u; };
    length = 0;
    if (a < 0xC2 || a > 0xF4) return 0;
    if (a < 0xE0) {
        if (end - at < 2 || !continues(1)) return 0;
        length = 2;
        return (a & 0x1Fu) << 6 | (at[1] & 0x3Fu);
    }
    if (a < 0xF0) {
        if (end - at < 3 || !continues(1) || !continues(2)) return 0;
        const uint32_t code = (a & 0xFu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
        if (code < 0x800 || (code >= 0xD800 && code < 0xE000)) return 0;
        length = 3;
        return code;
    }
    if (end - at < 4 || !continues(1) || !continues(2) || !continues(3)) return 0;
    const uint32_t code = (a & 7u) << 18 | (at[1] & 0x3Fu) << 12 | (at[2] & 0x3Fu) << 6 | (at[3] & 0x3Fu);
    if (code < 0x10000 || code > 0x10FFFF) return 0;
    length = 4;
    return code;
}

}  // namespace cws
