// A static word list as a double-array trie over characters: flat arrays, which may lie in a mapped file.
//
// Characters have classes, the commonest labels the smallest, so that the children of a node lie close together and
// the nodes that text visits most share cache lines. The child of node n by class c is the slot nodes[n].base + c, if
// that slot's parent is n. A node holds its word's weight too: a step of a look-up touches one cache line.
// (Aoe, "An efficient digital search algorithm by using a double-array structure", 1989.)
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cws {

struct TrieNode {
    uint32_t base;
    uint32_t parent;  // kNoNode: the root, or a free slot
    double weight;    // of the word that ends here; NaN: none does. NaN loses every comparison, which loops rely on
};
static_assert(sizeof(TrieNode) == 16);

inline constexpr uint32_t kRoot = 0;
inline constexpr uint32_t kNoNode = 0xFFFFFFFF;
inline constexpr uint32_t kNoClass = 0;  // of characters that are in no word
inline constexpr size_t kPages = 0x110000 >> 8;

// Points to arrays that live elsewhere: in TrieArrays or in a mapped file, then checked by check_trie.
struct Trie {
    const uint16_t* pages = nullptr;    // [code >> 8]: the row of classes
    const uint32_t* classes = nullptr;  // [row][code & 255]
    const TrieNode* nodes = nullptr;
    size_t row_count = 0;
    size_t node_count = 0;

    uint32_t class_of(uint32_t code) const { return classes[size_t(pages[code >> 8]) << 8 | (code & 255)]; }

    // The child of a node, or kNoNode.
    uint32_t child(uint32_t node, uint32_t character_class) const {
        const uint32_t slot = nodes[node].base + character_class;
        return nodes[slot].parent == node ? slot : kNoNode;
    }

    // The node that a string leads to, or kNoNode.
    uint32_t find(const uint32_t* codes, size_t size) const {
        uint32_t node = kRoot;
        for (size_t i = 0; i < size && node != kNoNode; ++i) {
            const uint32_t c = class_of(codes[i]);
            node = c == kNoClass ? kNoNode : child(node, c);
        }
        return node;
    }

    static bool is_word(double weight) { return !std::isnan(weight); }
};

// What a look-up takes on trust: every base + class is a slot, and the sentinel kNoClass leads nowhere. Returns what is
// wrong, or an empty string.
std::string check_trie(const Trie& trie);

// Calls use(word, node) for every node that text can reach but the root, parents before children, children in the
// order of their classes; word is a std::u32string.
template <class Use>
void for_each_node(const Trie& trie, Use use);

// The arrays of a trie built in memory.
struct TrieArrays {
    std::vector<uint16_t> pages;
    std::vector<uint32_t> classes;
    std::vector<TrieNode> nodes;

    Trie view() const { return {pages.data(), classes.data(), nodes.data(), classes.size() >> 8, nodes.size()}; }
};

// Children grouped by parent, and the code of each class: what walking a trie downwards needs.
class TrieWalk {
public:
    explicit TrieWalk(const Trie& trie);
    const uint32_t* begin(uint32_t node) const { return children_.data() + first_[node]; }
    const uint32_t* end(uint32_t node) const { return children_.data() + first_[node + 1]; }
    char32_t code(uint32_t node) const { return codes_[node - trie_.nodes[trie_.nodes[node].parent].base]; }

private:
    const Trie& trie_;
    std::vector<uint32_t> first_, children_;
    std::vector<char32_t> codes_;
};

template <class Use>
void for_each_node(const Trie& trie, Use use) {
    const TrieWalk walk(trie);
    std::u32string word;
    std::vector<const uint32_t*> path{walk.begin(kRoot)};
    uint32_t parent = kRoot;
    for (;;) {
        if (path.back() == walk.end(parent)) {
            if (parent == kRoot) return;
            path.pop_back();
            word.pop_back();
            parent = trie.nodes[parent].parent;
            continue;
        }
        parent = *path.back()++;
        word.push_back(walk.code(parent));
        use(static_cast<const std::u32string&>(word), parent);
        path.push_back(walk.begin(parent));
    }
}

}  // namespace cws
