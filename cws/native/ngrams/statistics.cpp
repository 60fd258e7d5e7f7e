#include "ngrams/statistics.h"

#include <algorithm>
#include <cstring>

namespace cws {
namespace {

constexpr size_t kManyLefts = 1 << 16;

}  // namespace

void RowFile::read(uint64_t first, size_t count, uint32_t* ngrams, NgramRow* rows) const {
    const size_t characters = sizeof(uint32_t) * size_t(order_), bytes = characters + sizeof(NgramRow);
    std::vector<uint8_t> buffer(count * bytes);
    file_.read(buffer.data(), buffer.size(), first * bytes);
    for (size_t i = 0; i < count; ++i) {
        std::memcpy(ngrams + i * size_t(order_), buffer.data() + i * bytes, characters);
        std::memcpy(rows + i, buffer.data() + i * bytes + characters, sizeof(NgramRow));
    }
}

NgramStatistics::NgramStatistics(int order, uint64_t min_count, std::deque<RowFile>& rows)
    : order_(order), min_count_(std::max<uint64_t>(min_count, 1)), rows_(rows), left_counts_(kCodes) {}

void NgramStatistics::add(const uint32_t* window, int shared, uint64_t count) {
    close_to(shared);
    // Orders up to order + 1: the longest are only there as right neighbours.
    while (open_ <= order_ && window[open_]) {
        ngram_[open_] = window[open_];
        levels_[++open_] = {0, 0, 0, lefts_.size(), 0};
    }
    const uint32_t left = window[order_ + 1];
    if (left)
        lefts_.push_back({left, count});
    else
        runs_ += count;
    levels_[open_].count += count;
    // At the end of a run each window has a right neighbour of its own, whose log product is 0.
    if (open_ <= order_) levels_[open_].right_neighbours += count;
    characters_ += count;
}

void NgramStatistics::finish() {
    close_to(0);
    lefts_.clear();
}

inline void NgramStatistics::close_to(int depth) {
    while (open_ > depth) close(open_--);
}

void NgramStatistics::close(int depth) {
    const Level& level = levels_[depth];
    const uint64_t count = level.count;
    if (depth > 1) {
        Level& parent = levels_[depth - 1];
        parent.count += count;
        ++parent.right_neighbours;
        parent.right_sum += log_products_(count);
        // Rare n-grams leave theirs as they are; they must not pile up.
        const size_t lefts = lefts_.size() - parent.first_left;
        if (lefts > kManyLefts + 2 * parent.compacted) {
            compact(parent.first_left);
            parent.compacted = lefts_.size() - parent.first_left;
        }
    }
    if (depth > order_ || count < min_count_) return;
    compact(level.first_left);
    uint64_t inside = 0;
    uint64_t left_sum = 0;
    for (size_t i = level.first_left; i < lefts_.size(); ++i) {
        inside += lefts_[i].count;
        left_sum += log_products_(lefts_[i].count);
    }
    const uint64_t edges = count - inside;
    const uint64_t left_neighbours = lefts_.size() - level.first_left + edges;
    rows_[size_t(depth - 1)].add(ngram_, {int64_t(count), at_most_32_bits(left_neighbours),
                                          at_most_32_bits(level.right_neighbours), log_products_.entropy(count, left_sum),
                                          log_products_.entropy(count, level.right_sum)});
}

// Adds up equal neighbours from `first` on; they stay in the order in which they came first.
void NgramStatistics::compact(size_t first) {
    if (lefts_.size() - first < 2) return;
    size_t kept = first;
    for (size_t i = first; i < lefts_.size(); ++i) {
        const Left left = lefts_[i];
        uint64_t& count = left_counts_[left.code];
        if (count == 0) lefts_[kept++].code = left.code;
        count += left.count;
    }
    lefts_.resize(kept);
    for (size_t i = first; i < kept; ++i) {
        lefts_[i].count = left_counts_[lefts_[i].code];
        left_counts_[lefts_[i].code] = 0;
    }
}

}  // namespace cws
