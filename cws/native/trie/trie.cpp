#include "trie/trie.h"

#include <algorithm>

namespace cws {

std::string check_trie(const Trie& trie) {
    if (trie.row_count == 0 || trie.row_count > kPages) return "classes: expected 1 to 4352 rows";
    if (trie.node_count == 0 || trie.node_count >= kNoNode) return "nodes: expected 1 to 2**32 - 2 nodes";
    if (std::any_of(trie.pages, trie.pages + kPages, [&](uint16_t row) { return row >= trie.row_count; }))
        return "pages: a row out of range";
    const uint64_t largest = *std::max_element(trie.classes, trie.classes + (trie.row_count << 8));
    if (trie.nodes[kRoot].parent != kNoNode) return "nodes: the root has a parent";
    for (size_t at = 0; at < trie.node_count; ++at) {
        const TrieNode& node = trie.nodes[at];
        if (node.base + largest >= trie.node_count) return "nodes: a base out of range";
        if (std::isinf(node.weight)) return "nodes: a weight is infinite";
        if (node.parent == kNoNode) continue;
        if (node.parent >= trie.node_count) return "nodes: a parent out of range";
        const uint64_t base = trie.nodes[node.parent].base;
        if (at <= base || at - base > largest) return "nodes: a child out of its parent's reach";
    }
    return {};
}

TrieWalk::TrieWalk(const Trie& trie) : trie_(trie) {
    first_.assign(trie.node_count + 2, 0);
    for (size_t at = 0; at < trie.node_count; ++at)
        if (trie.nodes[at].parent != kNoNode) ++first_[trie.nodes[at].parent + 2];
    for (size_t at = 2; at < first_.size(); ++at) first_[at] += first_[at - 1];
    children_.resize(first_.back());
    for (size_t at = 0; at < trie.node_count; ++at)
        if (trie.nodes[at].parent != kNoNode) children_[first_[trie.nodes[at].parent + 1]++] = uint32_t(at);
    codes_.assign(size_t(*std::max_element(trie.classes, trie.classes + (trie.row_count << 8))) + 1, 0);
    for (size_t page = 0; page < kPages; ++page)
        for (uint32_t low = 0; low < 256; ++low)
            if (const uint32_t c = trie.class_of(uint32_t(page << 8) | low); c != kNoClass)
                codes_[c] = char32_t(page << 8 | low);
}

}  // namespace cws
