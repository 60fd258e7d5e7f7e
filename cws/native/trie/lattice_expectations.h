// The words of a list at each place of a text, kept for sums over all its segmentations under changing weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "trie/trie.h"

namespace cws {

struct Expectations {
    std::vector<double> counts;  // [word]
    double log_probability = 0;  // of the text
    double characters = 0;       // without the line feeds
};

class TextLattice {
public:
    // trie: the weight of a word is its number. lengths: of each word. The text is looked at only here.
    TextLattice(const Trie& trie, std::vector<uint32_t> lengths, const uint32_t* text, size_t size, int threads);

    size_t words() const { return lengths_.size() - 1; }

    // Sums over all segmentations of each line by forward-backward. weights: the logarithm of each word's probability;
    // a character at which no word begins stands alone with the weight `unknown`. The same for any number of threads.
    Expectations expect(const double* weights, double unknown) const;

private:
    static constexpr size_t kBlocks = 8;  // fixed: sums are then added in the same order whatever the threads
    static constexpr uint32_t kLast = 0x80000000;
    struct Block {
        std::vector<uint32_t> lines;  // their characters
        std::vector<uint32_t> edges;  // words that begin at each place, the shortest first; the last is marked
    };
    class Counter;
    int threads_;
    std::vector<uint32_t> lengths_;  // [word]; the one after the last is a character alone
    Block blocks_[kBlocks];
};

// Where each of so many blocks begins that consist of whole lines, and where the last one ends.
std::vector<size_t> blocks_of_lines(const uint32_t* text, size_t size, size_t blocks);

}  // namespace cws
