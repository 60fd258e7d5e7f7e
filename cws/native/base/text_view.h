// The characters of a text where they lie, whatever their width.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cws {

struct TextView {
    const void* characters;  // uint8_t (Latin-1), uint16_t (the BMP) or uint32_t
    size_t size;             // characters
    int width;               // bytes of a character: 1, 2 or 4

    TextView(const uint8_t* from, size_t count) : characters(from), size(count), width(1) {}
    TextView(const uint16_t* from, size_t count) : characters(from), size(count), width(2) {}
    TextView(const uint32_t* from, size_t count) : characters(from), size(count), width(4) {}

    // Calls use(characters, size) with the type of the characters, and returns what it returns.
    template <class Use>
    auto visit(Use use) const {
        switch (width) {
            case 1: return use(static_cast<const uint8_t*>(characters), size);
            case 2: return use(static_cast<const uint16_t*>(characters), size);
            default: return use(static_cast<const uint32_t*>(characters), size);
        }
    }
};

}  // namespace cws
