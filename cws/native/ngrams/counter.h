// Counting n-grams: text in, partial counts or statistics out, on several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ngrams/counts_file.h"
#include "ngrams/text_block.h"
#include "base/tasks.h"

namespace cws {

struct CountingLimits {
    size_t key_bytes;  // of the sort buffers of all threads
    int threads;
};

// The n-grams of one order in a file: rows x order code points (uint32), then a column each of counts (int64), left and
// right neighbours (uint32), left and right entropies (float).
struct NgramColumns {
    uint64_t rows, offset;
};
struct NgramTables {
    File file;
    std::vector<NgramColumns> orders;
    uint64_t characters, runs;
};

// The windows of a block, in one file a thread. Where paths are given they name the files; else they have none and lie
// in the folder.
std::vector<NgramFile> write_block(const NgramText& text, int order, const CountingLimits& limits,
                                   const std::vector<std::string>& paths, const std::string& folder, const Watch& watch);

// All n-grams that occur at least min_count times, in ascending order.
NgramTables count_block(const NgramText& text, int order, uint64_t min_count, const CountingLimits& limits,
                        const std::string& folder, const Watch& watch);
NgramTables count_files(const std::vector<const NgramFile*>& files, uint64_t min_count, int threads,
                        const std::string& folder, const Watch& watch);

// One file of many. The same windows give the same bytes, in whatever files they were. An empty path: a file without a
// name in the folder.
NgramFile merge_files(const std::vector<const NgramFile*>& files, const std::string& path, const std::string& folder,
                      const Watch& watch);

}  // namespace cws
