// A read-only hash table from character n-grams to vectors of tag scores: one cache line a look-up, found or not.
//
// A bucket is 64 bytes and holds three entries: 32-bit fingerprint, a byte of flags, sixteen 8-bit weights (the scores
// of four tags at four positions). The bucket of a key is chosen by a pilot shared by some three keys, found when the
// table is built so that no bucket overflows (the idea of PTHash, Pibiri & Trani 2021, with buckets instead of slots).
// So 95 % of the entries are used, and an absent n-gram costs no second probe. (Linear probing would visit a second line
// for one key in five at three quarters full; a trie visits a line for every character of the n-gram.)
//
// Keys are distinguished by fingerprint and bucket: an absent n-gram is mistaken for one of a million stored ones about once
// in 500,000 look-ups (10^9 in tables of the first release), always the same ones. Of two n-grams that have one fingerprint (once in a million) the builder leaves the weaker one out.
// The bucket is chosen by the fingerprint and seven more bits, which lie beside the flags: so an entry can be placed anew,
// and a table extended. With 32 more bits, as in the first release, it could not, and with none an absent n-gram would be
// mistaken once in 4,000 look-ups. Tables of the first release are read as ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cws {

inline constexpr int kTags = 4;                    // S B M E, as in tags.py
inline constexpr int kPositions = 4;               // an n-gram scores four neighbouring characters
inline constexpr int kLanes = kTags * kPositions;  // [position][tag]
inline constexpr int kMaxOrder = 4;                // characters in the longest n-gram
inline constexpr uint64_t kAbsent = 0xFFFF;        // fills the places of a key after the n-gram's end

enum EntryFlag : uint8_t { kIsPrefix = 1 };  // a trigram that stored 4-grams begin with; the other bits: Hash::rest

struct alignas(64) Bucket {
    uint32_t fingerprints[3];  // 0: no entry
    uint8_t flags[4];          // the fourth is unused
    int8_t weights[3][kLanes];
};
static_assert(sizeof(Bucket) == 64, "a bucket is a cache line");

// Keys hold up to four 16-bit character classes, the first in the lowest bits.
inline uint64_t bigram_key(const uint16_t* c) { return c[0] | uint64_t(c[1]) << 16 | kAbsent << 32 | kAbsent << 48; }
inline uint64_t trigram_key(const uint16_t* c) {
    return c[0] | uint64_t(c[1]) << 16 | uint64_t(c[2]) << 32 | kAbsent << 48;
}
inline uint64_t fourgram_key(const uint16_t* c) {
    return c[0] | uint64_t(c[1]) << 16 | uint64_t(c[2]) << 32 | uint64_t(c[3]) << 48;
}
inline uint64_t prefix_key(uint64_t fourgram) { return fourgram | kAbsent << 48; }
inline bool is_fourgram(uint64_t key) { return key >> 48 != kAbsent; }

struct Hash {
    uint32_t fingerprint;  // chooses the pilot, and with it the bucket
    uint32_t rest;         // the other bits; the first seven choose the bucket too

    explicit Hash(uint64_t key) {
        key *= 0x9E3779B97F4A7C15u;
        key ^= key >> 32;
        key *= 0xD6E8FEB86659FD93u;
        fingerprint = uint32_t(key >> 32);
        fingerprint += fingerprint == 0;
        rest = uint32_t(key);
    }
    // Of an entry: what places it.
    Hash(uint32_t fingerprint, uint8_t flags) : fingerprint(fingerprint), rest(uint32_t(flags & ~kIsPrefix) << 24) {}

    uint8_t rest_beside_flags() const { return uint8_t(rest >> 24) & uint8_t(~kIsPrefix); }
};

inline uint32_t scale_down(uint32_t hash, uint32_t size) { return uint32_t(uint64_t(hash) * size >> 32); }

// The table as it lies in a mapped file; it owns nothing.
struct NgramTable {
    const Bucket* buckets = nullptr;
    const uint8_t* pilots = nullptr;
    uint32_t bucket_count = 0;
    uint32_t pilot_count = 0;
    // Which bits choose the bucket, of the rest of the hash and of the fingerprint.
    uint32_t rest_bits = uint32_t(uint8_t(~kIsPrefix)) << 24;
    uint32_t fingerprint_bits = ~0u;

    void set_first_release() { rest_bits = ~0u, fingerprint_bits = 0; }

    const Bucket* bucket_of(Hash hash) const {
        const uint32_t pilot = pilots[scale_down(hash.fingerprint, pilot_count)];
        const uint32_t place = (hash.rest & rest_bits) ^ (hash.fingerprint & fingerprint_bits);
        return buckets + scale_down((place ^ pilot * 0x9E3779B1u) * 0x85EBCA6Bu, bucket_count);
    }
};

// Returns the entry's number in its bucket, or -1.
inline int find_entry(const Bucket& bucket, uint32_t fingerprint) {
    const bool first = bucket.fingerprints[0] == fingerprint;
    const bool second = bucket.fingerprints[1] == fingerprint;
    const bool third = bucket.fingerprints[2] == fingerprint;
    return first ? 0 : second ? 1 : third ? 2 : -1;  // compiled without branches
}

struct BuiltTable {
    std::vector<Bucket> buckets;
    std::vector<uint8_t> pilots;
};

// Builds the table of `count` ascending keys with `weights` of shape (count, 16). Every 4-gram's first three characters
// become an entry too, with zero weights if they are no key themselves, flagged as a prefix. What is in `base` and is no key
// is taken over from there; tables of the first release have not what it takes.
BuiltTable build_ngram_table(const uint64_t* keys, const int8_t* weights, size_t count, const NgramTable& base = {});

}  // namespace cws
