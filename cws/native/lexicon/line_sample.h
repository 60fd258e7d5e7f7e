// A share of the lines of a text, in runs of symbols: cws/lexicon/counting/line_sample.py is its Python API,
// cws/lexicon/reference.py the specification.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cws {

class LineSample {
public:
    explicit LineSample(size_t characters) : most_(characters) {}

    // Takes a piece of text; a line ends with its line feed.
    template <class Char>
    void add(const Char* text, size_t size);
    void end_line();

    std::vector<uint32_t> runs() const;  // a line feed after each

    // Calls use(checksum, runs, size) for each line that is in; a line feed stands between runs.
    template <class Use>
    void for_each_line(Use use) const {
        for (const Line& line : lines_) use(line.checksum, codes_.data() + line.begin, line.size);
    }
    int bits() const { return bits_; }  // of a checksum that are 0 in every line

private:
    struct Line {
        uint32_t checksum;
        size_t begin, size;  // of its runs, in codes_
    };
    size_t most_, size_ = 0;
    int bits_ = 0;  // of a checksum that must be 0
    std::vector<uint32_t> begun_;  // a line that goes on in the next piece
    std::vector<uint8_t> bytes_;
    std::vector<uint32_t> codes_;
    std::vector<Line> lines_;

    template <class Char>
    void take(const Char* line, size_t size);
    bool is_in(uint32_t checksum) const { return (checksum & ((uint64_t(1) << bits_) - 1)) == 0; }
    void halve();
};

// Appends the runs of a line, with a line feed between them.
template <class Char>
void append_runs(const Char* line, size_t size, std::vector<uint32_t>& codes);

uint32_t crc32(const uint8_t* bytes, size_t size);  // that of zlib

}  // namespace cws
