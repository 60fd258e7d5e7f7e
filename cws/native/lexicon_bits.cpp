#include "lexicon_bits.h"

#include <algorithm>

namespace cws {

void lexicon_bits(const Trie& trie, const uint16_t* codes, int64_t count, uint16_t* bits) {
    std::fill_n(bits, size_t(count), uint16_t(0));
    for (int64_t begin = 0; begin + 1 < count; ++begin) {
        const int limit = int(std::min<int64_t>(count - begin, kMaxLexiconWord));
        uint32_t node = kRoot;
        for (int size = 1; size <= limit; ++size) {
            const uint32_t character_class = trie.class_of(codes[begin + size - 1]);
            if (character_class == kNoClass) break;
            node = trie.child(node, character_class);
            if (node == kNoNode) break;
            if (size < 2 || !Trie::is_word(trie.nodes[node].weight)) continue;
            const int shift = 3 * std::min(size - 2, 3);
            bits[begin] = uint16_t(bits[begin] | 1u << shift);
            for (int64_t i = begin + 1; i < begin + size - 1; ++i) bits[i] = uint16_t(bits[i] | 2u << shift);
            bits[begin + size - 1] = uint16_t(bits[begin + size - 1] | 4u << shift);
        }
    }
}

}  // namespace cws
