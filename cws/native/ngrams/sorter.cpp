#include "ngrams/sorter.h"

#include <algorithm>
#include <array>

#include "base/radix_sort.h"

namespace cws {

std::vector<Range> cut_alphabet(const std::vector<uint64_t>& counts, uint64_t most) {
    std::vector<Range> ranges;
    uint64_t sum = 0;
    for (size_t i = 0; i < counts.size(); ++i) {
        if (ranges.empty() || sum + counts[i] > most) {
            ranges.emplace_back(i, i);
            sum = 0;
        }
        sum += counts[i];
        ranges.back().second = i + 1;
    }
    return ranges;
}

namespace {

constexpr size_t kScratch = 1 << 20;  // keys that are sorted out of place

int symbol_bits(const NgramText& text) {
    int bits = 1;
    while (text.alphabet().size() > size_t(1) << bits) ++bits;
    return bits;
}

template <int Words>
class Sorter final : public NgramSorter {
public:
    Sorter(const NgramText& text, int order, size_t capacity)
        : text_(text), order_(order), capacity_(capacity), keys_(new Key<Words>[capacity]),
          radix_sort_(std::min(capacity / 8 + 1, kScratch)) {
        bits_ = symbol_bits(text);
        in_word_ = 64 / bits_;
    }

    void sort(Range range, WindowSink& sink) override {
        sink_ = &sink;
        emit_range(0, range, text_.counts());
    }

private:
    const NgramText& text_;
    int order_;
    size_t capacity_;
    std::unique_ptr<Key<Words>[]> keys_;
    RadixSort<Words> radix_sort_;
    int bits_, in_word_;
    WindowSink* sink_ = nullptr;
    std::array<uint16_t, kMaxWindow> prefix_{};  // symbols
    std::array<uint32_t, kMaxWindow> window_{};  // code points, of the last window handed on
    Key<Words> last_{};
    std::vector<size_t> ends_;

    int size() const { return order_ + 2; }

    // The symbols of the window at i; one that follows an edge is the edge too.
    uint16_t symbol(size_t i, int at) const {
        const uint16_t* const symbols = text_.symbols() + i;
        if (at > order_) return symbols[-1];
        for (int j = 0; j < at; ++j)
            if (symbols[j] == 0) return 0;
        return symbols[at];
    }
    bool has_prefix(size_t i, int depth) const {
        for (int at = 0; at < depth; ++at)
            if (symbol(i, at) != prefix_[size_t(at)]) return false;
        return true;
    }

    // Calls use(i) for the windows with the prefix of this depth and then a symbol in the range.
    template <class Use>
    void for_each_window(int depth, Range range, Use use) const {
        const size_t low = depth ? prefix_[0] : std::max<size_t>(range.first, 1);
        text_.for_each_place(low, depth ? low + 1 : range.second, [&](size_t i) {
            const uint16_t next = symbol(i, depth);
            if (next >= range.first && next < range.second && has_prefix(i, depth)) use(i, next);
        });
    }

    // Hands on the windows with the prefix and a next symbol in the range, of which there are counts[symbol].
    void emit_range(int depth, Range range, const std::vector<uint64_t>& counts) {
        for (size_t low = range.first; low < range.second;) {
            uint64_t sum = counts[low];
            size_t high = low + 1;
            if (sum > capacity_) {
                emit_deeper(depth, uint16_t(low), sum);
            } else {
                while (high < range.second && sum + counts[high] <= capacity_) sum += counts[high++];
                if (sum) emit_sorted(depth, {low, high}, counts);
            }
            low = high;
        }
    }

    void emit_deeper(int depth, uint16_t symbol, uint64_t count) {
        prefix_[size_t(depth)] = symbol;
        if (depth + 1 == size()) {
            Key<Words> key{};
            for (int at = 1; at < size(); ++at) place(key, at, prefix_[size_t(at)]);
            hand_on(prefix_[0], key, count);
            return;
        }
        std::vector<uint64_t> counts(text_.alphabet().size());
        for_each_window(depth + 1, {0, counts.size()}, [&](size_t, uint16_t next) { ++counts[next]; });
        emit_range(depth + 1, {0, counts.size()}, counts);
    }

    void emit_sorted(int depth, Range range, const std::vector<uint64_t>& counts) {
        ends_.assign(range.second - range.first + 1, 0);
        for (size_t i = range.first; i < range.second; ++i) ends_[i - range.first + 1] = ends_[i - range.first] + counts[i];
        std::vector<size_t> at(ends_.begin(), ends_.end() - 1);
        for_each_window(depth, range, [&](size_t i, uint16_t next) { keys_[at[next - range.first]++] = key_at(i); });
        for (size_t i = range.first; i < range.second; ++i) {
            const size_t begin = ends_[i - range.first], count = ends_[i - range.first + 1] - begin;
            if (!count) continue;
            radix_sort_.sort(keys_.get() + begin, count);
            hand_on_sorted(depth ? prefix_[0] : uint16_t(i), keys_.get() + begin, count);
        }
    }

    void place(Key<Words>& key, int at, uint64_t symbol) const {  // the first symbol is not in the key
        key.word[(at - 1) / in_word_] |= symbol << (64 - bits_ * ((at - 1) % in_word_ + 1));
    }

    // The symbols after an edge are the edge too: `inside` becomes 0 there.
    Key<Words> key_at(size_t i) const {
        const uint16_t* at = text_.symbols() + i + 1;
        const uint16_t* const end = at + order_;
        uint16_t inside = 0xFFFF;
        Key<Words> key;
        for (int word = 0; word < Words; ++word) {
            uint64_t packed = 0;
            int shift = 64;
            for (int j = 0; j < in_word_ && at < end; ++j, ++at) {
                inside &= uint16_t(-(*at != 0));
                packed |= uint64_t(*at & inside) << (shift -= bits_);
            }
            key.word[word] = packed;
        }
        place(key, order_ + 1, text_.symbols()[i - 1]);
        return key;
    }

    void hand_on_sorted(uint16_t first, const Key<Words>* keys, size_t count) {
        for (size_t i = 0; i < count;) {
            size_t next = i + 1;
            while (next < count && keys[next] == keys[i]) ++next;
            hand_on(first, keys[i], next - i);
            i = next;
        }
    }

    void hand_on(uint16_t first, const Key<Words>& key, uint64_t count) {
        const std::vector<uint32_t>& alphabet = text_.alphabet();
        const uint64_t mask = (uint64_t(1) << bits_) - 1;
        int at = 1;
        const bool is_new = window_[0] != alphabet[first];
        if (is_new) {
            window_[0] = alphabet[first];
        } else {  // the symbols that are as before
            for (int word = 0; word < Words; ++word, at += in_word_) {
                const uint64_t differs = key.word[word] ^ last_.word[word];
                if (differs) {
                    at += __builtin_clzll(differs) / bits_;
                    break;
                }
            }
        }
        const int shared = is_new ? 0 : at;
        for (; at < size(); ++at)
            window_[size_t(at)] =
                alphabet[key.word[(at - 1) / in_word_] >> (64 - bits_ * ((at - 1) % in_word_ + 1)) & mask];
        last_ = key;
        sink_->add(window_.data(), shared, count);
    }
};

}  // namespace

size_t key_bytes(const NgramText& text, int order) {
    const int in_word = 64 / symbol_bits(text);
    return sizeof(uint64_t) * size_t((order + 1 + in_word - 1) / in_word);
}

std::unique_ptr<NgramSorter> make_sorter(const NgramText& text, int order, size_t keys) {
    switch (key_bytes(text, order) / sizeof(uint64_t)) {
        case 1: return std::make_unique<Sorter<1>>(text, order, keys);
        case 2: return std::make_unique<Sorter<2>>(text, order, keys);
        default: return std::make_unique<Sorter<3>>(text, order, keys);
    }
}

}  // namespace cws
