// Text that waits to be counted: a block of it in 16 bits a character, Han characters only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/characters.h"

namespace cws {

inline constexpr int kMaxOrder = 10;                // of n-grams
inline constexpr int kMaxWindow = kMaxOrder + 2;    // characters: the n-gram, its right and its left neighbour
inline constexpr uint32_t kCodes = 0x40000;         // Han code points are below
inline constexpr uint32_t kMaxAlphabet = 0xFFFE;    // of one block: characters are 16 bits there

// Runs of Han characters, each followed by one 0, which also stands for what is beyond the edge of a run. A run that
// goes on is counted up to where its windows are whole; the rest is taken over into the next block.
class NgramText {
public:
    // is_han: one byte for each of kCodes code points.
    NgramText(size_t capacity, int order, const uint8_t* is_han);

    // Takes characters until there is no room, and returns how many it took.
    template <class Char>
    size_t add(const Char* text, size_t size);
    void end_run();

    // Makes the symbols the ranks of their characters, from 1. Then symbols(), begin() ... can be asked for, and after
    // that comes next_block().
    void rank();
    const uint16_t* symbols() const { return symbols_.get(); }
    size_t begin() const { return 1; }  // windows begin here or later, and before end(); symbols()[0] is a left neighbour
    size_t end() const { return end_; }
    const std::vector<uint32_t>& alphabet() const { return alphabet_; }  // [rank], ascending; 0 for the edge
    const std::vector<uint64_t>& counts() const { return counts_; }      // [rank], of windows that begin with it
    uint64_t characters() const { return end_ - 1 - edges_; }            // windows
    uint64_t runs() const { return runs_; }                              // that begin in a window
    std::vector<uint32_t> rest() const { return rest_; }                 // code points, what next_block begins with
    void next_block() { begin_with(rest_); }
    void begin_with(const std::vector<uint32_t>& rest);

    // Calls use(i) for each place whose symbol is from `first` on and before `last`.
    template <class Use>
    void for_each_place(size_t first, size_t last, Use use) const;

private:
    static constexpr uint16_t kUnseen = 0xFFFF;
    size_t capacity_;
    int order_;
    std::unique_ptr<uint16_t[]> symbols_;  // one 0 before the first
    size_t size_ = 0, end_ = 0, edges_ = 0;
    uint64_t runs_ = 0;
    std::unique_ptr<uint16_t[]> ids_;  // [code point]: 0 cuts; else in the order in which they came
    std::vector<uint32_t> codes_;      // [id]
    std::vector<uint32_t> alphabet_, rest_;
    std::vector<uint64_t> counts_;

    uint16_t new_id(uint32_t code);
};

template <class Use>
void NgramText::for_each_place(size_t first, size_t last, Use use) const {
    constexpr size_t kBlock = 2048;
    uint16_t found[kBlock];  // gathered without branches, which would be mispredicted
    const auto low = uint32_t(first), width = uint32_t(last - first);
    for (size_t at = begin(); at < end(); at += kBlock) {
        const uint16_t* const symbols = symbols_.get() + at;
        const size_t size = std::min(kBlock, end() - at);
        size_t count = 0;
        for (size_t i = 0; i < size; ++i) {
            found[count] = uint16_t(i);
            count += symbols[i] - low < width;
        }
        for (size_t i = 0; i < count; ++i) use(at + found[i]);
    }
}

}  // namespace cws
