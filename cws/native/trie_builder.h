// Makes the static trie from a tree of words.
#pragma once

#include "trie.h"
#include "word_tree.h"

namespace cws {

// slots: the slot of each of the tree's nodes, where asked for.
TrieArrays build_trie(const WordTree& tree, std::vector<uint32_t>* slots = nullptr);

}  // namespace cws
