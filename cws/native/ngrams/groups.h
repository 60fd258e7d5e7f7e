// The n-grams of a block of text that are frequent enough, with their statistics.
//
// The windows of an n-gram are a group. Two histograms of it, of the symbols after the n-gram and of those before it,
// are its statistics. Then only the windows of those longer n-grams that are frequent enough too are moved on, each to
// its group: what is rare is never sorted (that no n-gram is more frequent than its parts is the rule of Agrawal and
// Srikant, "Fast algorithms for mining association rules", 1994).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "ngrams/entropy.h"
#include "ngrams/sorter.h"
#include "ngrams/statistics.h"
#include "ngrams/text_block.h"

namespace cws {

class NgramGroups {
public:
    // bytes: of the buffers for windows; groups that they cannot hold are read from the text. rows[k] for order k + 1.
    NgramGroups(const NgramText& text, int order, uint64_t min_count, size_t bytes, std::deque<RowFile>& rows);

    // Adds the rows of all n-grams with these first characters, in ascending order.
    void count(Range first_characters) { count_range(0, first_characters, text_.counts()); }

    static size_t window_bytes(int order) { return sizeof(uint16_t) * size_t(2 * order + 1); }

private:
    struct Next {  // a symbol after the n-gram of a group
        uint32_t count, at;
    };
    struct Frequent {
        uint16_t symbol;
        uint32_t count;
    };
    static constexpr uint32_t kRare = 0xFFFFFFFF;

    const NgramText& text_;
    int order_;
    uint64_t min_count_;
    size_t capacity_;
    std::deque<RowFile>& rows_;
    std::unique_ptr<uint16_t[]> buffers_[2];
    std::vector<Next> next_;            // [symbol]
    std::vector<uint32_t> left_;        // [symbol]
    std::vector<uint16_t> seen_left_, seen_right_;  // symbols of the two histograms
    std::vector<Frequent> frequent_;    // of all groups that are being counted
    std::array<uint16_t, kMaxWindow> prefix_{};
    std::array<uint32_t, kMaxWindow> ngram_{};  // the code points of the prefix
    LogProducts log_products_;

    void extend(int depth, uint16_t symbol);
    void add_row(int depth, uint64_t count, uint64_t lefts, uint64_t left_sum, uint64_t rights, uint64_t right_sum);

    // Where the windows are in the text.
    void count_range(int depth, Range range, const std::vector<uint64_t>& counts);
    void count_large(int depth, uint64_t count);
    void count_moved(int depth, Range range, const std::vector<uint64_t>& counts);
    template <class Use>
    void for_each_window(int depth, Range range, Use use) const;

    // Where they are in a buffer: so many symbols of each, from the one after the n-gram to the one before it.
    template <int Width>
    void count_groups(int depth, Range range, const std::vector<uint64_t>& counts);
    template <int Width>
    void count_group(uint16_t* windows, size_t count, uint16_t* room);
    void count_single(int depth, const uint16_t* window);
    template <int Width>
    void move_frequent(const uint16_t* windows, size_t count, uint16_t* room, size_t first);
};

}  // namespace cws
