// Makes the static trie from words in any order.
#pragma once

#include "trie/trie.h"

namespace cws {

class TrieBuilder {
public:
    explicit TrieBuilder(size_t expected_words = 0) {
        words_.reserve(expected_words);
        codes_.reserve(expected_words * 3);
    }

    // Adds a string. The last weight of a string counts; NaN says that it is no word, but it gets a node.
    void add(const uint32_t* codes, size_t size, double weight);

    size_t size() const { return words_.size(); }

    // slots: the slot of each string added, in the order of their addition, where asked for.
    TrieArrays build(std::vector<uint32_t>* slots = nullptr);

private:
    struct Word {
        size_t begin;  // of its characters, in codes_
        uint32_t size;
        uint32_t index;  // in the order of addition
        double weight;
    };
    struct Node {
        uint32_t parent, code;
        double weight;
    };

    void sort();
    std::vector<Node> grow_tree(std::vector<uint32_t>& word_nodes) const;
    static uint32_t assign_classes(const std::vector<Node>& tree, TrieArrays& arrays);

    std::vector<uint32_t> codes_;
    std::vector<Word> words_;
};

}  // namespace cws
