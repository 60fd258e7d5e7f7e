// What a word list makes of a text: how often each word is expected, and what the words cover.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "trie.h"

namespace cws {

struct Expectations {
    std::vector<double> counts;  // [node of the trie]
    double log_probability = 0;  // of the text, or of its best segmentation
    double characters = 0;       // without the line feeds
};

// Sums over all segmentations of each line by forward-backward, or counts its best one. A character at which no word
// begins stands alone with the weight `unknown`. The same for any number of threads.
Expectations expect_words(const Trie& trie, const uint32_t* text, size_t size, double unknown, bool all_paths,
                          int threads);

// Sets joined[i] to 1 if some word of the trie covers text[i] and text[i + 1].
void join_words(const Trie& trie, const uint32_t* text, size_t size, uint8_t* joined);

}  // namespace cws
