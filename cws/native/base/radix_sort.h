// Sorting keys of a few words.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace cws {

// A number of 64 * Words bits, the highest first.
template <int Words>
struct Key {
    uint64_t word[Words];
    bool operator<(const Key& other) const {
        for (int i = 0; i < Words - 1; ++i)
            if (word[i] != other.word[i]) return word[i] < other.word[i];
        return word[Words - 1] < other.word[Words - 1];
    }
    bool operator==(const Key& other) const {
        uint64_t differs = 0;
        for (int i = 0; i < Words; ++i) differs |= word[i] ^ other.word[i];
        return differs == 0;
    }
};

// From the highest bits down. Keys that fit in the scratch memory go there and back, which has no chain of moves that
// wait for each other; more keys are first swapped in place (American flag sort: McIlroy, Bostic and McIlroy 1993).
template <int Words>
class RadixSort {
    using K = Key<Words>;

public:
    explicit RadixSort(size_t scratch) : size_(scratch), scratch_(new K[scratch]) {}

    void sort(K* keys, size_t size, int used = 0) {  // `used` bits are equal everywhere
        if (size <= size_) return sort_between(keys, scratch_.get(), size, used, false);
        if (used >= 64 * Words) return;
        size_t ends[kDigits + 1], starts[kDigits + 1];
        find_ends(keys, size, used, ends);
        std::copy(ends, ends + kDigits + 1, starts);  // starts[d] to ends[d + 1] is what is still to do of digit d
        for (size_t d = 0; d < kDigits; ++d) {
            while (starts[d] < ends[d + 1]) {
                K key = keys[starts[d]];
                for (size_t to; (to = digit(key, used)) != d;) std::swap(key, keys[starts[to]++]);
                keys[starts[d]++] = key;
            }
        }
        for (size_t d = 0; d < kDigits; ++d)
            if (ends[d + 1] - ends[d] > 1) sort(keys + ends[d], ends[d + 1] - ends[d], used + kDigit);
    }

private:
    static constexpr size_t kFew = 24;        // keys that are sorted by insertion
    static constexpr size_t kSomeKeys = 160;  // below, comparisons are faster than another round
    static constexpr int kDigit = 8;          // bits
    static constexpr size_t kDigits = 1 << kDigit;

    size_t size_;
    std::unique_ptr<K[]> scratch_;

    static size_t digit(const K& key, int used) {
        return size_t(key.word[used / 64] >> (64 - kDigit - used % 64) & (kDigits - 1));
    }
    static void find_ends(const K* keys, size_t size, int used, size_t* ends) {
        std::fill(ends, ends + kDigits + 1, size_t(0));
        for (size_t i = 0; i < size; ++i) ++ends[digit(keys[i], used) + 1];
        for (size_t d = 1; d <= kDigits; ++d) ends[d] += ends[d - 1];
    }
    static void insertion_sort(K* keys, size_t size) {
        for (size_t i = 1; i < size; ++i) {
            const K key = keys[i];
            size_t at = i;
            for (; at > 0 && key < keys[at - 1]; --at) keys[at] = keys[at - 1];
            keys[at] = key;
        }
    }
    // Sorts the keys, leaving them in the other place if `elsewhere`.
    void sort_between(K* keys, K* other, size_t size, int used, bool elsewhere) {
        if (size <= kSomeKeys || used >= 64 * Words) {
            if (size <= kFew)
                insertion_sort(keys, size);
            else if (used < 64 * Words)
                std::sort(keys, keys + size);
            if (elsewhere) std::copy(keys, keys + size, other);
            return;
        }
        size_t ends[kDigits + 1], starts[kDigits];
        find_ends(keys, size, used, ends);
        std::copy(ends, ends + kDigits, starts);
        for (size_t i = 0; i < size; ++i) other[starts[digit(keys[i], used)]++] = keys[i];
        for (size_t d = 0; d < kDigits; ++d)
            if (const size_t count = ends[d + 1] - ends[d])
                sort_between(other + ends[d], keys + ends[d], count, used + kDigit, !elsewhere);
    }
};

}  // namespace cws
