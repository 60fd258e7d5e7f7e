#include "prefix_filter.h"

namespace cws {
namespace {

// A table of so many bits for each key, rounded up to a power of two: from a cache line to 1 << most bits.
std::vector<uint64_t> table(size_t keys, size_t bits_each, int most) {
    int bits = 9;
    while (bits < most && (size_t(1) << bits) < bits_each * keys) ++bits;
    return std::vector<uint64_t>(size_t(1) << (bits - 6));
}

constexpr int kMostPairBits = 20, kMostTripleBits = 24;  // 128 KB and 2 MB

}  // namespace

void PrefixFilter::take(FilteredPlaces& found, size_t begin, size_t end, std::vector<size_t>& places) const {
    using Place = FilteredPlaces::Place;
    const Place *place = found.places.data() + found.next, *const last = found.places.data() + found.places.size();
    const Place* const stop = std::partition_point(place, last, [&](const Place& one) { return one.at < end; });
    found.next += size_t(stop - place);
    places.resize(size_t(stop - place) + 1);
    const PrefixFilter filter = *this;  // what is written cannot change it
    size_t* to = places.data();
    for (; place < stop; ++place) {
        const auto [at, key] = *place;
        const uint64_t mask = triple_mask(key);
        *to = at;
        to += ((key & 1) || (filter.triples[filter.triple_word(key)] & mask) == mask) && at >= begin;
    }
    places.resize(size_t(to - places.data()));
}

FilterTables::FilterTables(size_t entries, size_t longs)
    : pairs_(table(entries, 8, kMostPairBits)), triples_(table(longs, 16, kMostTripleBits)) {}

void FilterTables::add(const uint32_t* codes, size_t size) {
    const PrefixFilter filter = view();
    const uint32_t hash = PrefixFilter::hash(codes[0], size > 1 ? codes[1] : 0), slot = hash >> (32 - filter.pair_bits);
    const unsigned bits = PrefixFilter::kBegins | (size <= 2 ? PrefixFilter::kShort : 0);
    pairs_[slot >> 5] |= uint64_t(bits) << 2 * (slot & 31);
    has_singles_ |= size == 1;
    if (size <= 2) return;
    const uint64_t key = PrefixFilter::key(hash, codes[2]);
    triples_[filter.triple_word(key)] |= PrefixFilter::triple_mask(key);
}

PrefixFilter FilterTables::view() const {
    const auto log2 = [](size_t power) { return __builtin_ctzll(power); };
    return {pairs_.data(), triples_.data(), log2(pairs_.size()) + 5, log2(triples_.size()), has_singles_};
}

}  // namespace cws
