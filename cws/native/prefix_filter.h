// Tells for nearly all places of a text that no entry of a user dictionary begins there. The trie of a million entries
// is far larger than the caches; these tables are not, and they are asked for many places at once.
//
// A place is looked up by its first two characters, in a table that stays in the second-level cache; what passes, by its
// first three, three bits of one word of 64 (Putze, Sanders, Singler, "Cache-, hash- and space-efficient Bloom filters",
// 2007). An entry always passes; of a million names' text one place of a hundred passes without one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "labeler.h"

namespace cws {

// Places of the sequences of one block that may begin an entry: those whose first two characters do.
struct FilteredPlaces {
    struct Place {
        size_t at;
        uint64_t key;  // of the first three characters; the lowest bit says that one or two of them may be an entry
    };
    std::vector<uint64_t> passed;  // scratch: of what passes by two characters, hash << 32 | place << 2 | bits of the pair
    std::vector<Place> places;
    size_t next = 0;  // the first place that was not taken yet
};

// Points to tables that live elsewhere: in FilterTables or in a mapped file.
struct PrefixFilter {
    const uint64_t* pairs = nullptr;    // 1 << pair_bits slots of two bits, kBegins and kShort
    const uint64_t* triples = nullptr;  // 1 << triple_bits words, which have the first three characters of long entries
    int pair_bits = 0, triple_bits = 0;
    bool has_singles = false;  // entries of one character, whose second is 0

    static constexpr unsigned kBegins = 1;  // entries begin with these two characters
    static constexpr unsigned kShort = 2;   // an entry is these two characters, or this one

    unsigned pair(uint32_t hash) const {
        const uint32_t slot = hash >> (32 - pair_bits);
        return unsigned(pairs[slot >> 5] >> 2 * (slot & 31)) & 3;
    }
    static uint32_t hash(uint32_t first, uint32_t second) { return (first + (second << 16)) * 0x9E3779B1u; }
    static uint64_t key(uint32_t hash, uint32_t third) {
        return uint64_t(hash + third * 0xC2B2AE35u) * 0x9E3779B97F4A7C15u;
    }
    size_t triple_word(uint64_t key) const { return size_t(key >> (64 - triple_bits)); }
    static uint64_t triple_mask(uint64_t key) {
        return uint64_t(1) << (key >> 40 & 63) | uint64_t(1) << (key >> 34 & 63) | uint64_t(1) << (key >> 28 & 63);
    }

    // Appends the places among text[0] to text[count - 1] that pass by their first two characters, and fetches what
    // `passes` reads. text[size - 1] is the last character that can be read, and begin what text[0] is called.
    template <class Char>
    void look_ahead(const Char* text, size_t size, int count, size_t begin, FilteredPlaces& found) const;

    // Takes the places before `end` out of `found` and leaves those from `begin` on that pass in `places`.
    void take(FilteredPlaces& found, size_t begin, size_t end, std::vector<size_t>& places) const;

private:
    template <bool kSingles, class Char>
    uint64_t* pass(const Char* text, size_t size, int count, uint64_t* to) const;
};

// The tables of a filter, which entries are added to.
class FilterTables {
public:
    // For so many entries; longs: of them, those of three characters and more.
    FilterTables(size_t entries, size_t longs);

    void add(const uint32_t* codes, size_t size);  // an entry, or its first three characters of more
    PrefixFilter view() const;

private:
    std::vector<uint64_t> pairs_, triples_;
    bool has_singles_ = false;
};

template <class Char>
void PrefixFilter::look_ahead(const Char* text, size_t size, int count, size_t begin, FilteredPlaces& found) const {
    if (found.passed.size() <= size_t(count)) found.passed.resize(size_t(count) + 1);
    const uint64_t* const last = has_singles ? pass<true>(text, size, count, found.passed.data())
                                             : pass<false>(text, size, count, found.passed.data());
    if (found.next == found.places.size()) {
        found.places.clear();
        found.next = 0;
    }
    const size_t before = found.places.size();
    found.places.resize(before + size_t(last - found.passed.data()));
    FilteredPlaces::Place* to = found.places.data() + before;
    for (const uint64_t* place = found.passed.data(); place < last; ++place) {
        const size_t at = uint32_t(*place) >> 2;
        const bool is_short = *place & kShort;
        const uint64_t three = key(uint32_t(*place >> 32), at + 2 < size ? uint32_t(text[at + 2]) : 0);
        if (!is_short) __builtin_prefetch(triples + triple_word(three));
        *to++ = {begin + at, (three & ~uint64_t(1)) | is_short};
    }
}

// Leaves the places that pass by their first two characters, with their hashes; without branches, because what passes is
// no habit. Returns the end of what it wrote.
template <bool kSingles, class Char>
uint64_t* PrefixFilter::pass(const Char* text, size_t size, int count, uint64_t* to) const {
    const PrefixFilter filter = *this;  // what is written cannot change it
    const auto look = [&](int at, uint32_t second) {
        const uint32_t here = hash(uint32_t(text[at]), second);
        const unsigned bits = filter.pair(here) | (kSingles ? filter.pair(hash(uint32_t(text[at]), 0)) : 0);
        *to = uint64_t(here) << 32 | uint32_t(at) << 2 | bits;
        to += bits & kBegins;
    };
    const int with_second = int(std::min(size_t(count), size - 1));
    for (int at = 0; at < with_second; ++at) look(at, uint32_t(text[at + 1]));
    if (with_second < count) look(with_second, 0);
    return to;
}

}  // namespace cws
