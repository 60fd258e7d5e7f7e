// From windows in ascending order: counts, neighbours and branching entropies of all n-grams.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/file.h"
#include "ngrams/entropy.h"
#include "ngrams/sorter.h"

namespace cws {

// What is known of an n-gram, beside its characters.
struct NgramRow {
    int64_t count;
    uint32_t left_neighbours, right_neighbours;  // distinct ones, and each edge of a run; at most 2**32 - 1
    float left_entropy, right_entropy;           // in nats
};

inline uint32_t at_most_32_bits(uint64_t value) { return uint32_t(std::min<uint64_t>(value, 0xFFFFFFFF)); }

// Rows of one order, with the characters before each, in a file.
class RowFile {
public:
    RowFile(int order, const std::string& folder) : order_(order), file_(File::temporary(folder)), writer_(file_) {}
    RowFile(const RowFile&) = delete;
    void add(const uint32_t* ngram, const NgramRow& row) {
        writer_.write(ngram, sizeof(uint32_t) * size_t(order_));
        writer_.write(&row, sizeof row);
        ++rows_;
    }
    void flush() { writer_.flush(); }
    uint64_t rows() const { return rows_; }
    // Reads the characters, and what else is known, of the n-grams first ... first + count - 1.
    void read(uint64_t first, size_t count, uint32_t* ngrams, NgramRow* rows) const;

private:
    int order_;
    uint64_t rows_ = 0;
    File file_;
    FileWriter writer_;
};

// An n-gram is finished when the next window does not begin with it. Its right neighbours are the n-grams of the next
// order that finished inside it. Its left neighbours are gathered from its windows, only when it is frequent enough.
class NgramStatistics final : public WindowSink {
public:
    NgramStatistics(int order, uint64_t min_count, std::deque<RowFile>& rows);  // rows[k] for order k + 1
    void add(const uint32_t* window, int shared, uint64_t count) override;
    void finish();  // at the end of a range of first characters
    uint64_t characters() const { return characters_; }
    uint64_t runs() const { return runs_; }

private:
    struct Left {
        uint32_t code;
        uint64_t count;
    };
    struct Level {  // of the n-gram of each order that windows now begin with
        uint64_t count, right_neighbours;
        uint64_t right_sum;  // of the log products of the right neighbours
        size_t first_left;   // of its windows, in lefts_
        size_t compacted;    // how many of those there were when equal ones were last added up
    };
    int order_;
    uint64_t min_count_;
    std::deque<RowFile>& rows_;
    uint32_t ngram_[kMaxWindow] = {};
    Level levels_[kMaxWindow + 1];
    int open_ = 0;
    std::vector<Left> lefts_;
    std::vector<uint64_t> left_counts_;  // [code point]
    LogProducts log_products_;
    uint64_t characters_ = 0, runs_ = 0;

    void close_to(int depth);
    void close(int depth);
    void compact(size_t first);
};

}  // namespace cws
