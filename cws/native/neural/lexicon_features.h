// Where the words of word lists begin, go on and end, as features of characters.
#pragma once

#include <cstdint>

#include "trie/trie.h"

namespace cws {

inline constexpr int kMaxLexiconWord = 8;  // characters
inline constexpr int kListBits = 12;       // of a word list
inline constexpr int kMaxLists = 5;

// Sets bits[i] of each character of one sequence: of each list that a word of 2 to kMaxLexiconWord characters is in, bit
// kListBits * list + 3 * min(size - 2, 3) + 0, 1, 2 if the character begins, is inside of, ends the word. All words count
// wherever they stand. The trie is over classes of characters, and a word's weight is the sum of 2^list;
// cws/labelers/neural/lexicon_features.py has the specification.
void lexicon_bits(const Trie& trie, const uint16_t* codes, int64_t count, uint64_t* bits);

}  // namespace cws
