#include "trie/mutable_trie.h"

#include <algorithm>
#include <stdexcept>

namespace cws {

WordTree::WordTree(size_t expected_nodes) : nodes_{{kRootNode, 0, std::numeric_limits<double>::quiet_NaN()}} {
    nodes_.reserve(expected_nodes + 1);
    int bits = 4;
    while ((size_t(1) << bits) < expected_nodes * 3 / 2) ++bits;
    resize(bits);
}

uint32_t WordTree::insert(const uint32_t* codes, size_t size) {
    const size_t limit = std::min(size, last_codes_.size());
    const size_t shared = size_t(std::mismatch(codes, codes + limit, last_codes_.begin()).first - codes);
    last_codes_.resize(shared);
    last_nodes_.resize(shared);
    uint32_t node = shared ? last_nodes_[shared - 1] : kRootNode;
    for (size_t i = shared; i < size; ++i) {
        const uint32_t next = child(node, codes[i]);
        node = next != kRootNode ? next : add(node, codes[i]);
        last_codes_.push_back(codes[i]);
        last_nodes_.push_back(node);
    }
    return node;
}

uint32_t WordTree::find(const uint32_t* codes, size_t size) const {
    uint32_t node = kRootNode;
    for (size_t i = 0; i < size; ++i)
        if (!(node = child(node, codes[i]))) break;
    return node;
}

uint32_t WordTree::add(uint32_t parent, uint32_t code) {
    if (nodes_.size() >= (size_t(1) << 31)) throw std::length_error("a word list of more than 2**31 nodes");
    if (nodes_.size() * 3 > slots_.size() * 2) resize(64 - shift_ + 1);
    const auto node = uint32_t(nodes_.size());
    nodes_.push_back({parent, code, std::numeric_limits<double>::quiet_NaN()});
    size_t at = place(parent, code);
    while (slots_[at].child != kRootNode) at = (at + 1) & mask_;
    slots_[at] = {parent, code, node};
    return node;
}

void WordTree::resize(int bits) {
    slots_.assign(size_t(1) << bits, {0, 0, kRootNode});
    mask_ = slots_.size() - 1;
    shift_ = 64 - bits;
    for (size_t node = 1; node < nodes_.size(); ++node) {
        size_t at = place(nodes_[node].parent, nodes_[node].code);
        while (slots_[at].child != kRootNode) at = (at + 1) & mask_;
        slots_[at] = {nodes_[node].parent, nodes_[node].code, uint32_t(node)};
    }
}

}  // namespace cws
