#include "ngrams/links.h"

#include <algorithm>
#include <stdexcept>

namespace cws {
namespace {

constexpr size_t kMostRows = 0xFFFFFFFE;

[[noreturn]] void fail() {
    throw std::invalid_argument("expected tables of ascending n-grams, with all parts of each");
}

// Both tables ascend, so the prefixes are found by walking along. If one does not, some prefix is missing.
std::vector<uint32_t> find_prefixes(const NgramRows& shorter, const NgramRows& table, size_t order) {
    std::vector<uint32_t> rows(table.count);
    size_t row = 0;
    for (size_t i = 0; i < table.count; ++i) {
        const uint32_t* const ngram = table.ngrams + i * order;
        const uint32_t* prefix = shorter.ngrams + row * (order - 1);
        const auto differs = [&] {
            uint32_t bits = 0;
            for (size_t k = 0; k + 1 < order; ++k) bits |= prefix[k] ^ ngram[k];
            return bits != 0;
        };
        for (; row < shorter.count && differs(); prefix += order - 1) ++row;
        if (row == shorter.count) fail();
        rows[i] = uint32_t(row);
    }
    return rows;
}

}  // namespace

std::vector<NgramLinks> link_ngrams(const std::vector<NgramRows>& tables) {
    std::vector<NgramLinks> links(tables.size());
    std::vector<uint32_t> children;  // [row of the order below]: the first row that begins with it; one more
    for (size_t k = 0; k < tables.size(); ++k) {
        const NgramRows& table = tables[k];
        const size_t order = k + 1;
        if (table.count > kMostRows) throw std::invalid_argument("expected tables of fewer than 2**32 - 1 n-grams");
        if (order == 1) {
            for (size_t i = 1; i < table.count; ++i)
                if (table.ngrams[i - 1] >= table.ngrams[i]) fail();
            children = {0, uint32_t(table.count)};
            continue;
        }
        links[k].prefixes = find_prefixes(tables[k - 1], table, order);
        links[k].suffixes.resize(table.count);
        const uint32_t* const shorter = tables[k - 1].ngrams;
        for (size_t i = 0; i < table.count; ++i) {  // the suffix is its own prefix, and this last character
            const uint32_t last = table.ngrams[i * order + k];
            const uint32_t parent = order == 2 ? 0 : links[k - 1].suffixes[links[k].prefixes[i]];
            size_t low = children[parent], high = children[parent + 1];
            while (low < high) {
                const size_t middle = (low + high) / 2;
                if (shorter[middle * k + k - 1] < last)
                    low = middle + 1;
                else
                    high = middle;
            }
            if (low == children[parent + 1] || shorter[low * k + k - 1] != last) fail();
            links[k].suffixes[i] = uint32_t(low);
        }
        std::vector<uint32_t> next(tables[k - 1].count + 1);
        for (const uint32_t prefix : links[k].prefixes) ++next[prefix + 1];
        for (size_t row = 1; row < next.size(); ++row) next[row] += next[row - 1];
        children = std::move(next);
    }
    return links;
}

}  // namespace cws
