#include "user_dictionary/prefix_filter.h"

#include <cstring>

#include "base/cpu_dispatch.h"

namespace cws {
namespace {

// The size of a table: a power of two, so many for each key, from 1 << least to 1 << most.
size_t table_size(size_t keys, size_t each, int least, int most) {
    int bits = least;
    while (bits < most && (size_t(1) << bits) < each * keys) ++bits;
    return size_t(1) << bits;
}

constexpr int kMostPairBits = 18, kMostTripleBits = 18;  // 256 KB and 2 MB

// The bytes of 32 places.
typedef uint64_t Bytes __attribute__((vector_size(32)));
constexpr uint64_t kLowest = 0x0101010101010101;  // bits of bytes

inline Bytes load(const uint8_t* from) {
    Bytes bytes;
    std::memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

template <class Char>
inline void pair_slots(const Char* text, int count, int pair_bits, uint32_t* slots) {
    for (int i = 0; i < count; ++i)
        slots[i] = PrefixFilter::pair_slot(uint32_t(text[i]), uint32_t(text[i + 1]), pair_bits);
}

}  // namespace

CWS_CPU_DISPATCH void find_pair_slots(const uint8_t* text, int count, int pair_bits, uint32_t* slots) {
    pair_slots(text, count, pair_bits, slots);
}

CWS_CPU_DISPATCH void find_pair_slots(const uint16_t* text, int count, int pair_bits, uint32_t* slots) {
    pair_slots(text, count, pair_bits, slots);
}

CWS_CPU_DISPATCH void find_pair_slots(const uint32_t* text, int count, int pair_bits, uint32_t* slots) {
    pair_slots(text, count, pair_bits, slots);
}

CWS_CPU_DISPATCH void combine_pairs(const uint8_t* pairs, int count, uint64_t* passed) {
    static_assert(PrefixFilter::kPairs == 5 && PrefixFilter::kEnd == 1 << 6 && PrefixFilter::kShort == 1 << 7);
    for (int at = 0; at < count; at += int(sizeof(Bytes))) {
        const uint8_t* const from = pairs + at;
        const Bytes a = load(from), b = load(from + 1), c = load(from + 2), d = load(from + 3), e = load(from + 4);
        const Bytes after_c = c >> 6 | (d >> 3 & (d >> 6 | e >> 4));
        const Bytes all = (a >> 7 | (a & b >> 1 & (b >> 6 | (c >> 2 & after_c)))) & kLowest;
        std::memcpy(passed + at / 8, &all, sizeof all);
    }
    // After the last place there may be anything.
    if (count % 8) passed[count / 8] &= (uint64_t(1) << 8 * (count % 8)) - 1;
}

void PrefixFilter::take(FilteredPlaces& found, size_t begin, size_t end, std::vector<size_t>& places) const {
    using Place = FilteredPlaces::Place;
    const Place *place = found.places.data() + found.next, *const last = found.places.data() + found.last;
    const Place* const stop = std::partition_point(place, last, [&](const Place& one) { return one.at < end; });
    found.next += size_t(stop - place);
    places.resize(size_t(stop - place) + 1);
    const PrefixFilter filter = *this;  // what is written cannot change it
    size_t* to = places.data();
    for (; place < stop; ++place) {
        const auto [at, key] = *place;
        const uint64_t word = filter.triples[filter.triple_word(key)];
        uint64_t all = ~uint64_t(0);
        for (const int shift : kTripleShifts) all &= word >> (key >> shift & 63);
        *to = at;
        to += (key | all) & (at >= begin);  // the lowest bit of kShortKey is set
    }
    places.resize(size_t(to - places.data()));
}

FilterTables::FilterTables(size_t entries, size_t longs)
    : pairs_(table_size(entries, 8, 8, kMostPairBits)), triples_(table_size((longs + 3) / 4, 1, 3, kMostTripleBits)) {}

void FilterTables::add(const uint32_t* codes, size_t size) {
    const PrefixFilter filter = view();
    const auto pair = [&](size_t i) -> uint8_t& {
        return pairs_[PrefixFilter::pair_slot(codes[i], i + 1 < size ? codes[i + 1] : 0, filter.pair_bits)];
    };
    has_singles_ |= size == 1;
    if (size <= 2) {
        pair(0) |= PrefixFilter::kShort;
        return;
    }
    for (size_t i = 0; i < PrefixFilter::kPairs && i + 1 < size; ++i) pair(i) |= uint8_t(1 << i);
    if (size <= PrefixFilter::kPairs) pair(size - 2) |= PrefixFilter::kEnd;
    const uint64_t key = PrefixFilter::key(codes[0], codes[1], codes[2]);
    uint64_t& word = triples_[filter.triple_word(key)];
    for (const int shift : PrefixFilter::kTripleShifts) word |= uint64_t(1) << (key >> shift & 63);
}

PrefixFilter FilterTables::view() const {
    const auto log2 = [](size_t power) { return __builtin_ctzll(power); };
    return {pairs_.data(), triples_.data(), log2(pairs_.size()), log2(triples_.size()), has_singles_};
}

}  // namespace cws
