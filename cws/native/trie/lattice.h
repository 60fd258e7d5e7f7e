// The best path over the lattice of a text's words: the specification is `best_path` in cws/lattice.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/characters.h"
#include "trie/trie.h"
#include "trie/mutable_trie.h"

namespace cws {

namespace lattice {

inline constexpr double kNone = -std::numeric_limits<double>::infinity();

struct FirstWord {
    double score = kNone;
    size_t end = 0;
};

// The first word of the best path from place i, by the scores of the paths from all later places.
inline FirstWord first_word(const Trie& trie, const uint32_t* classes, size_t i, double offset, const double* scores) {
    const TrieNode* const nodes = trie.nodes;
    FirstWord best;
    uint32_t node = kRoot, slot = nodes[kRoot].base + classes[i];
    for (size_t next = i + 1; nodes[slot].parent == node; ++next) {
        node = slot;
        const double score = nodes[node].weight - offset + scores[next];
        if (score >= best.score) best = {score, next};  // never for a node without a word
        slot = nodes[node].base + classes[next];
    }
    return best;
}

// The same over a list and its changes.
inline FirstWord first_word(const Trie& trie, const WordTree& changes, const uint32_t* codes, const uint32_t* classes,
                            size_t i, size_t count, double offset, const double* scores) {
    FirstWord best;
    uint32_t node = kRoot, changed = WordTree::kRootNode;
    bool is_changed = true;
    for (size_t at = i; at < count; ++at) {
        if (node != kNoNode) node = trie.child(node, classes[at]);
        if (is_changed) is_changed = (changed = changes.child(changed, codes[at])) != WordTree::kRootNode;
        if (node == kNoNode && !is_changed) break;
        double weight = is_changed ? changes[changed].weight : std::numeric_limits<double>::quiet_NaN();
        if (std::isnan(weight) && node != kNoNode) weight = trie.nodes[node].weight;
        const double score = weight - offset + scores[at + 1];
        if (score >= best.score && score != kNone) best = {score, at + 1};
    }
    return best;
}

}  // namespace lattice

// Sets ends[i], for each place i, to the end of the first word of the best path from i, and scores[i] to its score: the
// sum of (weight - offset), from the last word to the first. Where no word begins, the character stands alone, with
// the weight `unknown`. Of equal paths the one with the longer first word is best.
// classes: count + 1 entries, the last kNoClass. scores: count + 1 entries. ends: count entries.
inline void best_path(const Trie& trie, const uint32_t* classes, size_t count, double offset, double unknown,
                      double* scores, uint32_t* ends) {
    // Places: slots far from the cache are asked for early (18 ns a character instead of 26, for jieba's list).
    constexpr size_t kAhead = 12;
    const TrieNode* const nodes = trie.nodes;
    scores[count] = 0;
    for (size_t i = count; i-- > 0;) {
        if (i >= kAhead) {
            const uint32_t slot = nodes[kRoot].base + classes[i - kAhead];
            __builtin_prefetch(nodes + nodes[slot].base + classes[i - kAhead + 1]);
        }
        const lattice::FirstWord best = lattice::first_word(trie, classes, i, offset, scores);
        const bool is_word = best.score != lattice::kNone;
        scores[i] = is_word ? best.score : unknown - offset + scores[i + 1];
        ends[i] = uint32_t(is_word ? best.end : i + 1);
    }
}

// The same over a static list and changes to it: a weight in `changes` overrides the list's, and minus infinity says
// that the string is no word. codes: count characters.
inline void best_path(const Trie& trie, const WordTree& changes, const uint32_t* codes, const uint32_t* classes,
                      size_t count, double offset, double unknown, double* scores, uint32_t* ends) {
    scores[count] = 0;
    for (size_t i = count; i-- > 0;) {
        const lattice::FirstWord best =
            lattice::first_word(trie, changes, codes, classes, i, count, offset, scores);
        const bool is_word = best.score != lattice::kNone;
        scores[i] = is_word ? best.score : unknown - offset + scores[i + 1];
        ends[i] = uint32_t(is_word ? best.end : i + 1);
    }
}

}  // namespace cws
