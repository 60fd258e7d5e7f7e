#include "ngrams/groups.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cws {

NgramGroups::NgramGroups(const NgramText& text, int order, uint64_t min_count, size_t bytes, std::deque<RowFile>& rows)
    : text_(text),
      order_(order),
      min_count_(std::max<uint64_t>(min_count, 1)),
      capacity_(std::clamp<size_t>(bytes / window_bytes(order), 1, kRare - 1)),
      rows_(rows),
      next_(text.alphabet().size()),
      left_(text.alphabet().size()),
      seen_left_(text.alphabet().size() + 1),
      seen_right_(text.alphabet().size() + 1) {
    for (int i = 0; i < 2; ++i) buffers_[i].reset(new uint16_t[capacity_ * size_t(order + 1 - i)]);
}

inline void NgramGroups::extend(int depth, uint16_t symbol) {
    prefix_[size_t(depth)] = symbol;
    ngram_[size_t(depth)] = text_.alphabet()[symbol];
}

inline void NgramGroups::add_row(int depth, uint64_t count, uint64_t lefts, uint64_t left_sum, uint64_t rights,
                                 uint64_t right_sum) {
    rows_[size_t(depth - 1)].add(ngram_.data(),
                                 {int64_t(count), at_most_32_bits(lefts), at_most_32_bits(rights),
                                  log_products_.entropy(count, left_sum), log_products_.entropy(count, right_sum)});
}

// Calls use(i, next) for the windows with the prefix of this depth and then a symbol in the range.
template <class Use>
void NgramGroups::for_each_window(int depth, Range range, Use use) const {
    const size_t low = depth ? prefix_[0] : std::max<size_t>(range.first, 1);
    text_.for_each_place(low, depth ? low + 1 : range.second, [&](size_t i) {
        const uint16_t* const window = text_.symbols() + i;
        const uint16_t next = window[depth];
        if (next < range.first || next >= range.second) return;
        if (depth < 2 || std::equal(window + 1, window + depth, prefix_.data() + 1)) use(i, next);
    });
}

// Counts the n-grams with the prefix and a next symbol in the range, of which there are counts[symbol].
void NgramGroups::count_range(int depth, Range range, const std::vector<uint64_t>& counts) {
    for (size_t low = std::max<size_t>(range.first, 1); low < range.second;) {
        uint64_t sum = counts[low];
        size_t high = low + 1;
        if (sum > capacity_) {
            extend(depth, uint16_t(low));
            count_large(depth + 1, sum);
        } else {
            while (high < range.second && sum + counts[high] <= capacity_) sum += counts[high++];
            count_moved(depth, {low, high}, counts);
        }
        low = high;
    }
}

// Counts an n-gram with more windows than a buffer holds, and all that begin with it.
void NgramGroups::count_large(int depth, uint64_t count) {
    if (count < min_count_) return;
    std::vector<uint64_t> lefts(left_.size()), rights(left_.size());
    for_each_window(depth, {0, rights.size()}, [&](size_t i, uint16_t next) {
        ++rights[next];
        ++lefts[text_.symbols()[i - 1]];
    });
    const auto neighbours = [](const std::vector<uint64_t>& counts) {
        return counts[0] + uint64_t(std::count_if(counts.begin() + 1, counts.end(), [](uint64_t n) { return n > 0; }));
    };
    const auto sum = [&](const std::vector<uint64_t>& counts) {
        uint64_t result = 0;
        for (size_t symbol = 1; symbol < counts.size(); ++symbol) result += log_products_(counts[symbol]);
        return result;
    };
    add_row(depth, count, neighbours(lefts), sum(lefts), neighbours(rights), sum(rights));
    if (depth < order_) count_range(depth, {1, rights.size()}, rights);
}

// The same, all at once in the buffer.
void NgramGroups::count_moved(int depth, Range range, const std::vector<uint64_t>& counts) {
    uint32_t at = 0;
    for (size_t symbol = range.first; symbol < range.second; ++symbol) {
        next_[symbol].at = counts[symbol] < min_count_ ? kRare : at;
        if (counts[symbol] >= min_count_) at += uint32_t(counts[symbol]);
    }
    if (at == 0) return;
    switch (order_ - depth + 1) {
        case 2: return count_groups<2>(depth, range, counts);
        case 3: return count_groups<3>(depth, range, counts);
        case 4: return count_groups<4>(depth, range, counts);
        case 5: return count_groups<5>(depth, range, counts);
        case 6: return count_groups<6>(depth, range, counts);
        case 7: return count_groups<7>(depth, range, counts);
        case 8: return count_groups<8>(depth, range, counts);
        case 9: return count_groups<9>(depth, range, counts);
        case 10: return count_groups<10>(depth, range, counts);
        default: return count_groups<kMaxOrder + 1>(depth, range, counts);
    }
}

template <int Width>
void NgramGroups::count_groups(int depth, Range range, const std::vector<uint64_t>& counts) {
    uint16_t* windows = buffers_[0].get();
    for_each_window(depth, range, [&](size_t i, uint16_t next) {
        if (next_[next].at == kRare) return;
        uint16_t* const to = windows + size_t(next_[next].at++) * Width;
        const uint16_t* const from = text_.symbols() + i;
        std::memcpy(to, from + depth + 1, (Width - 1) * sizeof(uint16_t));
        to[Width - 1] = from[-1];
    });
    for (size_t symbol = range.first; symbol < range.second; ++symbol) {
        if (counts[symbol] < min_count_) continue;
        extend(depth, uint16_t(symbol));
        count_group<Width>(windows, size_t(counts[symbol]), buffers_[1].get());
        windows += size_t(counts[symbol]) * Width;
    }
}

// Counts the n-gram of a group, and all that begin with it. The room holds as many windows with a symbol less.
template <int Width>
void NgramGroups::count_group(uint16_t* windows, size_t count, uint16_t* room) {
    const int depth = order_ - Width + 2;
    if (count == 1) return count_single(depth, windows);
    size_t lefts = 0, rights = 0;
    for (size_t i = 0; i < count; ++i) {
        const uint16_t right = windows[i * Width], left = windows[i * Width + Width - 1];
        seen_right_[rights] = right;
        rights += next_[right].count++ == 0;
        seen_left_[lefts] = left;
        lefts += left_[left]++ == 0;
    }
    const uint32_t left_edges = std::exchange(left_[0], 0), right_edges = std::exchange(next_[0].count, 0);
    uint64_t left_sum = 0, right_sum = 0;
    for (size_t i = 0; i < lefts; ++i) left_sum += log_products_(std::exchange(left_[seen_left_[i]], 0));
    const size_t first = frequent_.size();
    for (size_t i = 0; i < rights; ++i) {
        Next& next = next_[seen_right_[i]];
        right_sum += log_products_(next.count);
        if (Width > 2 && next.count >= min_count_) frequent_.push_back({seen_right_[i], next.count});
        next = {0, kRare};
    }
    add_row(depth, count, lefts - (left_edges > 0) + left_edges, left_sum, rights - (right_edges > 0) + right_edges,
            right_sum);
    if constexpr (Width > 2) {
        const size_t last = frequent_.size();
        move_frequent<Width>(windows, count, room, first);
        uint16_t* group = room;
        for (size_t i = first; i < last; ++i) {
            const Frequent next = frequent_[i];
            extend(depth, next.symbol);
            count_group<Width - 1>(group, next.count, windows + (group - room));  // whose windows have been moved
            group += size_t(next.count) * (Width - 1);
        }
        frequent_.resize(first);
    }
}

// An n-gram that is there once.
void NgramGroups::count_single(int depth, const uint16_t* window) {
    for (;; ++depth) {
        add_row(depth, 1, 1, 0, 1, 0);
        if (depth == order_ || *window == 0) return;
        extend(depth, *window++);
    }
}

// Moves the windows of frequent longer n-grams, in the order of their symbols.
template <int Width>
void NgramGroups::move_frequent(const uint16_t* windows, size_t count, uint16_t* room, size_t first) {
    if (first == frequent_.size()) return;
    std::sort(frequent_.begin() + long(first), frequent_.end(),
              [](const Frequent& a, const Frequent& b) { return a.symbol < b.symbol; });
    uint32_t at = 0;
    for (size_t i = first; i < frequent_.size(); ++i) {
        next_[frequent_[i].symbol].at = at;
        at += frequent_[i].count;
    }
    for (const uint16_t *window = windows, *const end = windows + count * Width; window < end; window += Width) {
        uint32_t& to = next_[*window].at;
        if (to == kRare) continue;
        std::memcpy(room + size_t(to++) * (Width - 1), window + 1, (Width - 1) * sizeof(uint16_t));
    }
}

}  // namespace cws
