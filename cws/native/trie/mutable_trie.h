// A set of strings that grows: a trie of nodes found by hashing (parent, character). The static trie is made from one,
// and one holds what was changed since.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace cws {

class WordTree {
public:
    static constexpr uint32_t kRootNode = 0;
    struct Node {
        uint32_t parent, code;
        double weight;  // NaN: none was set
    };

    explicit WordTree(size_t expected_nodes = 0);

    // The child of a node by a character; kRootNode, which is nobody's child, if there is none.
    uint32_t child(uint32_t node, uint32_t code) const {
        for (size_t at = place(node, code);; at = (at + 1) & mask_) {
            const Slot& slot = slots_[at];
            if (slot.child == kRootNode || (slot.parent == node && slot.code == code)) return slot.child;
        }
    }

    // Adds a string and its prefixes where they are not there, and returns its node.
    uint32_t insert(const uint32_t* codes, size_t size);

    // The node of a string, or kRootNode if there is none (and for the empty string).
    uint32_t find(const uint32_t* codes, size_t size) const;

    size_t size() const { return nodes_.size(); }
    const Node& operator[](uint32_t node) const { return nodes_[node]; }
    double& weight(uint32_t node) { return nodes_[node].weight; }

private:
    struct Slot {
        uint32_t parent, code, child;
    };
    size_t place(uint32_t node, uint32_t code) const {
        return size_t((uint64_t(node) << 21 ^ code) * 0x9E3779B97F4A7C15u >> shift_);
    }
    uint32_t add(uint32_t parent, uint32_t code);
    void resize(int bits);

    std::vector<Node> nodes_;
    std::vector<Slot> slots_;
    std::vector<uint32_t> last_codes_, last_nodes_;  // the last string inserted: sorted lists share prefixes with it
    size_t mask_ = 0;
    int shift_ = 0;
};

}  // namespace cws
