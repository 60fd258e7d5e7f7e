// Tables of n-grams as a tree: where the parts of each n-gram are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cws {

// The n-grams of one order, ascending, as they lie in a file.
struct NgramRows {
    const uint32_t* ngrams;  // count x order code points
    size_t count;
};

// For each row, the rows of all but its last and of all but its first character in the table of the order below.
struct NgramLinks {
    std::vector<uint32_t> prefixes, suffixes;
};

// tables[k] is of order k + 1; the first has no links. Throws std::invalid_argument if they do not ascend, or if a part
// is missing.
std::vector<NgramLinks> link_ngrams(const std::vector<NgramRows>& tables);

}  // namespace cws
