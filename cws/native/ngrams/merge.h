// Many files of partial counts as one.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ngrams/counts_file.h"

namespace cws {

class NgramMerge {
public:
    // At least one file, all of the same order. They must outlive it.
    explicit NgramMerge(std::vector<const NgramFile*> files);
    int order() const { return files_.front()->order(); }
    const std::vector<uint32_t>& codes() const { return codes_; }     // of all files, ascending
    const std::vector<uint64_t>& counts() const { return counts_; }   // of the windows that begin with each
    void merge(Range first_characters, WindowSink& sink) const;       // may be called by several threads

private:
    std::vector<const NgramFile*> files_;
    std::vector<uint32_t> codes_;
    std::vector<uint64_t> counts_;
};

}  // namespace cws
