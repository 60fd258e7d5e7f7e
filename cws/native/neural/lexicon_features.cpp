#include "neural/lexicon_features.h"

#include <algorithm>

namespace cws {
namespace {

// A one in the lowest bit of each list.
uint64_t lowest_bits(double weight) {
    if (!(weight >= 0 && weight < 1 << kMaxLists)) return 0;  // of a file that says something else
    uint64_t result = 0;
    for (unsigned lists = unsigned(weight), list = 0; lists >> list; ++list)
        result |= uint64_t(lists >> list & 1) << (kListBits * list);
    return result;
}

}  // namespace

void lexicon_bits(const Trie& trie, const uint16_t* codes, int64_t count, uint64_t* bits) {
    std::fill_n(bits, size_t(count), uint64_t(0));
    for (int64_t begin = 0; begin + 1 < count; ++begin) {
        const int limit = int(std::min<int64_t>(count - begin, kMaxLexiconWord));
        uint32_t node = kRoot;
        for (int size = 1; size <= limit; ++size) {
            const uint32_t character_class = trie.class_of(codes[begin + size - 1]);
            if (character_class == kNoClass) break;
            node = trie.child(node, character_class);
            if (node == kNoNode) break;
            if (size < 2 || !Trie::is_word(trie.nodes[node].weight)) continue;
            const uint64_t begins = lowest_bits(trie.nodes[node].weight) << 3 * std::min(size - 2, 3);
            bits[begin] |= begins;
            for (int64_t i = begin + 1; i < begin + size - 1; ++i) bits[i] |= begins << 1;
            bits[begin + size - 1] |= begins << 2;
        }
    }
}

}  // namespace cws
