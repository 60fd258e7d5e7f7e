// Where the words of a lexicon begin, go on and end, as features of characters.
#pragma once

#include <cstdint>

#include "trie.h"

namespace cws {

inline constexpr int kMaxLexiconWord = 8;  // characters

// Sets bits[i] of each character of one sequence: bit 3 * min(size - 2, 3) + 0, 1, 2 if it begins, is inside of, ends a
// word of that size, 2 to kMaxLexiconWord. All words count wherever they stand. The trie is over classes of characters;
// cws/labelers/lexicon_features.py has the specification.
void lexicon_bits(const Trie& trie, const uint16_t* codes, int64_t count, uint16_t* bits);

}  // namespace cws
