// The best path over the lattice of a text's words: the specification is `best_path` in cws/lattice.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "trie.h"
#include "word_tree.h"

namespace cws {

// Sets ends[i], for each place i, to the end of the first word of the best path from i, and scores[i] to its score: the
// sum of (weight - offset), from the last word to the first. Where no word begins, the character stands alone, with
// the weight `unknown`. Of equal paths the one with the longer first word is best.
// classes: count + 1 entries, the last kNoClass. scores: count + 1 entries. ends: count entries.
inline void best_path(const Trie& trie, const uint32_t* classes, size_t count, double offset, double unknown,
                      double* scores, uint32_t* ends) {
    constexpr double kNone = -std::numeric_limits<double>::infinity();
    const TrieNode* const nodes = trie.nodes;
    const uint32_t root_base = nodes[kRoot].base;
    scores[count] = 0;
    for (size_t i = count; i-- > 0;) {
        double best = kNone;
        size_t end = i + 1;
        uint32_t node = kRoot, slot = root_base + classes[i];
        for (size_t next = i + 1; nodes[slot].parent == node; ++next) {
            node = slot;
            const double score = nodes[node].weight - offset + scores[next];
            if (score >= best) {  // never for a node without a word
                best = score;
                end = next;
            }
            slot = nodes[node].base + classes[next];
        }
        scores[i] = best == kNone ? unknown - offset + scores[i + 1] : best;
        ends[i] = uint32_t(end);
    }
}

// The same over a static list and changes to it: a weight in `changes` overrides the list's, and minus infinity says
// that the string is no word. codes: count characters.
inline void best_path(const Trie& trie, const WordTree& changes, const uint32_t* codes, const uint32_t* classes,
                      size_t count, double offset, double unknown, double* scores, uint32_t* ends) {
    constexpr double kNone = -std::numeric_limits<double>::infinity();
    scores[count] = 0;
    for (size_t i = count; i-- > 0;) {
        double best = kNone;
        size_t end = i + 1;
        uint32_t node = kRoot, changed = WordTree::kRootNode;
        bool is_changed = true;
        for (size_t at = i; at < count; ++at) {
            if (node != kNoNode) node = trie.child(node, classes[at]);
            if (is_changed) is_changed = (changed = changes.child(changed, codes[at])) != WordTree::kRootNode;
            if (node == kNoNode && !is_changed) break;
            double weight = is_changed ? changes[changed].weight : std::numeric_limits<double>::quiet_NaN();
            if (std::isnan(weight) && node != kNoNode) weight = trie.nodes[node].weight;
            const double score = weight - offset + scores[at + 1];
            if (score >= best && score != kNone) {
                best = score;
                end = at + 1;
            }
        }
        scores[i] = best == kNone ? unknown - offset + scores[i + 1] : best;
        ends[i] = uint32_t(end);
    }
}

}  // namespace cws
