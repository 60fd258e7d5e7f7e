// UTF-8 text in, UTF-8 words out: what `cws segment` does to a file, block by block.
#pragma once

#include <string>
#include <vector>

#include "segment/segmenter.h"

namespace cws {

// kText: the words of a line, separated by spaces. kJson: {"tokens":[{"text":"今天","start":0,"end":2,"type":"word"}]} for a
// line. kConll: a word and its type, with a tab between, a line; an empty line after each line of text. kSpans: 0-2 2-4 for a line. White space is written only
// inside words that a user dictionary joins; line feeds end lines. start and end count code points from the beginning of the line.
enum class Format { kText, kJson, kConll, kSpans };

// Where in a line a block begins, if its line began in an earlier one.
struct LinePosition {
    int64_t column = 0;  // code points since the beginning of the line
    bool has_words = false;
};

class Formatter {
public:
    // dictionary: the user's, or null; it must outlive the formatter.
    Formatter(const Labeler& labeler, const UserDictionary* dictionary, bool has_units = false)
        : classes_(labeler.classes), dictionary_(dictionary), has_units_(has_units), segmenter_(labeler, has_units) {}

    static constexpr int64_t kValid = -1;

    // Appends the words of a block to output. A block ends where a sequence ends (see whole_sequences), the last one
    // anywhere. Returns kValid, or the place of the first byte that is not UTF-8; then output is of no use.
    // only_words: leaves out punctuation.
    int64_t format(Format format, const char* block, size_t size, LinePosition position, bool is_last,
                   std::string& output, bool only_words = false);

    // Appends the place in bytes after each word of a block, white space being words too. Returns as format does.
    int64_t word_ends(const char* block, size_t size, std::vector<uint32_t>& ends);

    // Returns how many bytes at the beginning of the block hold whole sequences, whatever follows, and moves position to
    // their end. Zero: the block is too short to tell. All of it, if it holds bytes that are not UTF-8.
    size_t whole_sequences(const char* block, size_t size, LinePosition& position);

private:
    bool is_torn(size_t at, size_t reach, size_t next_reach) const;

    const uint16_t* classes_;
    const UserDictionary* dictionary_;
    bool has_units_;
    Segmenter segmenter_;
    std::vector<uint32_t> codes_;
    std::vector<uint8_t> word_ends_, places_;
};

}  // namespace cws
