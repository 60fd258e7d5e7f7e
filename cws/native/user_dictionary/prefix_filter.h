// Tells for nearly all places of a text that no entry of a user dictionary begins there. The trie of a million entries
// is far larger than the caches; these tables are not, and they are asked for many places at once.
//
// The first table has a byte for each pair of characters: a bit for each of the first five places of entries where the
// two stand. The bytes of successive pairs are combined for 32 places at once, as in shift-and search for q-grams
// (Salmela, Tarhio, Kytöjoki, "Multipattern string matching with q-grams", 2006). All pairs of one first character lie in
// four cache lines, and text has few characters often, so most of what it reads is in the nearest caches. What passes is
// looked up by its first three characters, three bits of one word of 64 (Putze, Sanders, Singler, "Cache-, hash- and
// space-efficient Bloom filters", 2007). An entry always passes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/labeler.h"

namespace cws {

// Places of the sequences of one block that may begin an entry: those whose first pairs do.
struct FilteredPlaces {
    struct Place {
        size_t at;
        uint64_t key;  // of the first three characters; kShortKey if one or two of them may be an entry
    };
    std::vector<uint8_t> pairs;    // scratch: what the table has about the pair at each place
    std::vector<uint64_t> passed;  // scratch: the lowest bit of a byte for each place that passes by its pairs
    std::vector<Place> places;     // with room after the last
    size_t next = 0, last = 0;     // the first place that was not taken yet, and the end of the places

    void clear() { next = last = 0; }
};

// Points to tables that live elsewhere: in FilterTables or in a mapped file.
struct PrefixFilter {
    const uint8_t* pairs = nullptr;     // 1 << pair_bits bytes, at least 256
    const uint64_t* triples = nullptr;  // 1 << triple_bits words, which have the first three characters of long entries
    int pair_bits = 0, triple_bits = 0;
    bool has_singles = false;  // entries of one character, whose second is 0

    // The bits of a pair: bit i says that it is the characters i and i + 1 of an entry of three and more, i < kPairs.
    static constexpr int kPairs = 5;
    static constexpr uint8_t kEnd = 1 << 6;    // an entry of three to kPairs characters ends with it
    static constexpr uint8_t kShort = 1 << 7;  // an entry is these two characters, or this one

    static uint32_t pair_slot(uint32_t first, uint32_t second, int pair_bits) {
        return first * 0x9E3779B1u >> (32 - pair_bits) ^ (second * 0x9E3779B1u >> 12 & 255);
    }

    // An even number: its first bits say which word of the table of triples, and three times six others which of its bits.
    static uint64_t key(uint32_t first, uint32_t second, uint32_t third) {
        return (uint64_t(third) ^ uint64_t(second) << 21 ^ uint64_t(first) << 42) * (2 * 0x9E3779B97F4A7C15u);
    }
    static constexpr uint64_t kShortKey = 1;
    static constexpr int kTripleShifts[] = {40, 34, 28};
    size_t triple_word(uint64_t key) const { return size_t(key >> (64 - triple_bits)); }

    // Appends the places among text[0] to text[count - 1] that pass by their pairs, and fetches what `take` reads.
    // text[size - 1] is the last character that can be read, and begin what text[0] is called.
    template <class Char>
    void look_ahead(const Char* text, size_t size, int count, size_t begin, FilteredPlaces& found) const;

    // Takes the places before `end` out of `found` and leaves those from `begin` on that pass in `places`.
    void take(FilteredPlaces& found, size_t begin, size_t end, std::vector<size_t>& places) const;

private:
    template <class Char>
    void look_up(const Char* text, size_t size, int count, uint8_t* found) const;
};

// The tables of a filter, which entries are added to.
class FilterTables {
public:
    // For so many entries; longs: of them, those of three characters and more.
    FilterTables(size_t entries, size_t longs);

    void add(const uint32_t* codes, size_t size);  // an entry, or the first kPairs + 1 characters of a longer one
    PrefixFilter view() const;

private:
    std::vector<uint8_t> pairs_;
    std::vector<uint64_t> triples_;
    bool has_singles_ = false;
};

// Finds the slots of the pairs text[i], text[i + 1] with i < count.
void find_pair_slots(const uint8_t* text, int count, int pair_bits, uint32_t* slots);
void find_pair_slots(const uint16_t* text, int count, int pair_bits, uint32_t* slots);
void find_pair_slots(const uint32_t* text, int count, int pair_bits, uint32_t* slots);

// Finds the places that pass by what the table has about the pairs there and at the next kPairs - 1 places: sets the
// lowest bit of byte i of `passed` for place i < count. Reads and writes whole multiples of 32 places.
void combine_pairs(const uint8_t* pairs, int count, uint64_t* passed);

template <class Char>
void PrefixFilter::look_ahead(const Char* text, size_t size, int count, size_t begin, FilteredPlaces& found) const {
    const size_t room = size_t(count) + kPairs + 32;
    if (found.pairs.size() < room) {
        found.pairs.resize(room);
        found.passed.resize(room / 8 + 1);
    }
    if (found.next == found.last) found.clear();
    if (found.places.size() < found.last + size_t(count)) found.places.resize(2 * (found.last + size_t(count)));
    look_up(text, size, count, found.pairs.data());
    combine_pairs(found.pairs.data(), count, found.passed.data());
    const PrefixFilter filter = *this;  // what is written cannot change it
    const uint8_t* const seen = found.pairs.data();
    FilteredPlaces::Place* to = found.places.data() + found.last;
    for (int eight = 0; eight < count; eight += 8) {
        for (uint64_t left = found.passed[size_t(eight) / 8]; left; left &= left - 1) {
            const int at = eight + (__builtin_ctzll(left) >> 3);
            uint64_t three = kShortKey;
            if (!(seen[at] & kShort)) {  // then there are three characters
                three = key(uint32_t(text[at]), uint32_t(text[at + 1]), uint32_t(text[at + 2]));
                __builtin_prefetch(filter.triples + filter.triple_word(three));
            }
            *to++ = {begin + size_t(at), three};
        }
    }
    found.last = size_t(to - found.places.data());
}

// What the table has about the pairs that begin at text[0] to text[count - 1], and about those after that tell of them.
template <class Char>
void PrefixFilter::look_up(const Char* text, size_t size, int count, uint8_t* found) const {
    constexpr int kSlots = 128;
    uint32_t slots[kSlots];
    const int last = int(std::min(size_t(count) + kPairs - 1, size - 1));
    const uint8_t* const table = pairs;
    for (int at = 0; at < last; at += kSlots) {
        const int some = std::min(kSlots, last - at);
        find_pair_slots(text + at, some, pair_bits, slots);
        uint8_t* const to = found + at;
        int i = 0;
        for (; i + 4 <= some; i += 4) {  // a third fewer instructions than one by one
            const uint8_t four[] = {table[slots[i]], table[slots[i + 1]], table[slots[i + 2]], table[slots[i + 3]]};
            std::memcpy(to + i, four, sizeof four);
        }
        for (; i < some; ++i) to[i] = table[slots[i]];
    }
    std::fill(found + last, found + count + kPairs - 1, uint8_t(0));
    if (!has_singles) return;
    for (int at = 0; at < count; ++at) found[at] |= table[pair_slot(uint32_t(text[at]), 0, pair_bits)] & kShort;
}

}  // namespace cws
