// jieba's segmentation: which characters go through the word list, the best path over its words, the hidden Markov
// model for what stays single, and the finer and full modes. Words are jieba 0.42.1's, code point for code point.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/characters.h"
#include "jieba/dictionary.h"
#include "jieba/hmm.h"
#include "trie/mutable_trie.h"

namespace cws {

struct Span {
    size_t begin, end;
};

// Character classes of jieba's expressions.
namespace jieba {
inline bool is_digit(uint32_t code) { return code - '0' < 10u; }
inline bool is_letter(uint32_t code) { return (code | 0x20) - 'a' < 26u; }
inline bool is_alphanumeric(uint32_t code) { return is_digit(code) || is_letter(code); }
}  // namespace jieba

// Segments one text after another; not for two threads at a time. An instance keeps its memory for the next text.
class JiebaCutter {
public:
    explicit JiebaCutter(const JiebaHmm& hmm) : hmm_(hmm) {}

    // Appends the end of each word of the text; the model joins no characters to one of forced_splits. False if
    // a logarithm does not exist: the sum of the counts, or the count of a word in the text, is not positive.
    bool cut(const JiebaDictionary& dictionary, const WordTree& forced_splits, const uint32_t* text, size_t size,
             bool use_hmm, std::vector<size_t>& ends);

    // Appends all words of the text, which may overlap. A span that begins at or after `size` lies in `extra`, at
    // span - size: joined characters that do not stand side by side in the text.
    static void cut_all(const JiebaDictionary& dictionary, const uint32_t* text, size_t size, std::vector<Span>& spans,
                        std::vector<uint32_t>& extra);

    // Appends for each word the shorter words in it, of two and of three characters, and then the word.
    static void refine(const JiebaDictionary& dictionary, const uint32_t* text, const std::vector<size_t>& ends,
                       std::vector<Span>& spans);

private:
    struct Job;

    const JiebaHmm& hmm_;
    std::vector<uint32_t> classes_;
    std::vector<double> scores_;
    std::vector<uint32_t> path_;
    std::vector<uint8_t> back_, states_;
};

}  // namespace cws
