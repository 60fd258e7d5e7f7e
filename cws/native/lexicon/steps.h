// Two steps of the classic lexicon: cws/lexicon/steps.py is their Python API, reference.py the specification.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "trie/trie.h"

namespace cws {

// Strings that lie in texts of the caller, numbered from 0 in the order in which they came.
class StringNumbers {
public:
    static constexpr uint32_t kNone = 0xFFFFFFFF;
    struct String {
        const uint32_t* codes;
        uint64_t key;  // up to three characters the string itself, which then need not be looked at; else a hash
        uint32_t size;
    };

    StringNumbers() : slots_(1 << 10, kNone) {}
    uint32_t add(const uint32_t* codes, size_t size);  // its number, a new one if it is new
    uint32_t find(const uint32_t* codes, size_t size) const { return slots_[place(key_of(codes, size), codes, size)]; }
    const std::vector<String>& strings() const { return strings_; }

private:
    static constexpr size_t kInKey = 3;
    std::vector<String> strings_;
    std::vector<uint32_t> slots_;

    static uint64_t key_of(const uint32_t* codes, size_t size);
    size_t slot_of(uint64_t key) const {
        return size_t((key ^ key >> 32) * 0x9E3779B97F4A7C15u >> 32) & (slots_.size() - 1);
    }
    size_t place(uint64_t key, const uint32_t* codes, size_t size) const;
    void grow();
};

struct Pieces {
    StringNumbers numbers;
    std::vector<uint64_t> counts;  // [number]
};

// How often each word is there; ends: 1 for the last character of each.
Pieces count_pieces(const uint32_t* text, const uint8_t* ends, size_t size);

// Marks the last character of each word of the best path of each line. Line feeds are words of their own.
void mark_best_ends(const Trie& trie, const uint32_t* text, size_t size, double unknown, uint8_t* ends);

// The pieces of a text between the places that no n-gram of the trie covers, but for line feeds and for pieces of 2 to
// `longest` characters that are no such n-gram. No n-gram has a line feed.
Pieces cut_pieces(const Trie& strong, const uint32_t* text, size_t size, size_t longest, int threads);

// Takes words out whose mutual information with their best parts is too small, the longest first, and gives their
// counts to the parts. words: all different; those of one character are the first `singles`. Returns the words that
// are kept, in the order in which they were looked at; counts are changed.
std::vector<uint32_t> prune_words(const StringNumbers& words, size_t singles, std::vector<double>& counts,
                                  double min_pmi, double more);

}  // namespace cws
