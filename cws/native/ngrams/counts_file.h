// Partial counts: files of windows in ascending order with their counts, as docs/reference/ngram_counts.md describes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/file.h"
#include "ngrams/sorter.h"

namespace cws {

// A file of partial counts that is broken or foreign.
class BrokenCounts : public std::runtime_error {
public:
    BrokenCounts(const std::string& message, std::string path) : std::runtime_error(message), path(std::move(path)) {}
    std::string path;
};

// A character of the file, and its section: the windows that begin with it.
struct NgramSection {
    uint32_t code;
    uint32_t index;  // of the character in records, from 1
    uint64_t count;  // of windows
    uint64_t offset, bytes;
};

inline constexpr size_t kLongestRecord = 10 + 10 * kMaxWindow;  // bytes, and more

class NgramFileWriter final : public WindowSink {
public:
    // codes: all characters of the windows, those first that are to be short.
    NgramFileWriter(File& file, int order, const std::vector<uint32_t>& codes);
    void add(const uint32_t* window, int shared, uint64_t count) override;
    void finish();

private:
    int order_;
    FileWriter writer_;
    std::vector<NgramSection> sections_;  // [index - 1]
    std::vector<uint32_t> indices_;       // [code point]
    NgramSection* section_ = nullptr;

    void end_section();
};

// Characters in the order in which a file should have them: frequent ones first.
std::vector<uint32_t> by_frequency(const std::vector<uint32_t>& codes, const std::vector<uint64_t>& counts);

class NgramFile {
public:
    explicit NgramFile(File file);  // checks the header and the directory
    int order() const { return order_; }
    const std::vector<NgramSection>& sections() const { return sections_; }  // ascending by code point
    const NgramSection* section(uint32_t code) const;                        // nullptr if there is none
    const std::vector<uint32_t>& codes() const { return codes_; }            // [index]; 0 for the edge
    const File& file() const { return file_; }
    [[noreturn]] void fail(const std::string& what) const;

private:
    File file_;
    int order_ = 0;
    std::vector<NgramSection> sections_;
    std::vector<uint32_t> codes_;
};

// Reads the windows of one section, and checks them.
class NgramReader {
public:
    NgramReader(const NgramFile& file, const NgramSection& section);
    bool next();  // false at the end
    const uint32_t* window() const { return window_; }  // order + 2 code points
    uint64_t count() const { return count_; }
    int shared() const { return shared_; }

private:
    static constexpr size_t kBuffer = 1 << 16;
    const NgramFile* file_;
    const NgramSection* section_;
    uint64_t read_ = 0;  // bytes of the section
    std::unique_ptr<uint8_t[]> buffer_;
    const uint8_t *at_, *end_;
    uint32_t window_[kMaxWindow] = {};
    uint64_t count_ = 0, sum_ = 0;
    int shared_ = 0;

    void refill();
    uint64_t varint();
};

}  // namespace cws
