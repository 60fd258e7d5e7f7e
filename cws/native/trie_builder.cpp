#include "trie_builder.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace cws {
namespace {

// Where the children of each node may lie. Free slots form a list in the order of their places.
class Placer {
public:
    Placer(TrieArrays& arrays, uint32_t class_count) : nodes_(arrays.nodes), class_count_(class_count) {
        grow(1);
        take(kRoot);
    }

    // Returns a base so that base + class is free for every class, the smallest first, and takes those slots. Families
    // come with the largest first, which leaves single children to fill the holes: the array ends up nearly full, and
    // no search is long.
    uint32_t place(const uint32_t* classes, size_t count) {
        if (count != last_count_) cursor_ = first_free_;
        last_count_ = count;
        uint32_t slot = cursor_;
        uint32_t base = 0;
        for (int tries = 0;; ++tries) {
            if (slot == kNoNode || tries == kTries) slot = std::max(frontier(), classes[0]);
            grow(size_t(slot) + class_count_ + 1);
            base = slot - classes[0];
            if (slot >= classes[0] && fits(base, classes, count)) break;
            slot = next_[slot];
        }
        cursor_ = slot;
        for (size_t i = 0; i < count; ++i) {
            if (cursor_ == base + classes[i]) cursor_ = next_[cursor_];
            take(base + classes[i]);
        }
        end_ = std::max<size_t>(end_, size_t(base) + class_count_ + 1);
        used_ = std::max<size_t>(used_, size_t(base) + classes[count - 1] + 1);
        return base;
    }

    // Cuts off what no base can reach.
    void finish() {
        nodes_.resize(std::max<size_t>(end_, class_count_ + 1));
        nodes_.shrink_to_fit();
    }

private:
    static constexpr int kTries = 64;

    uint32_t frontier() const { return uint32_t(used_); }
    bool fits(uint32_t base, const uint32_t* classes, size_t count) const {
        for (size_t i = 1; i < count; ++i)
            if (taken_[base + classes[i]]) return false;
        return true;
    }
    void take(uint32_t slot) {
        taken_[slot] = 1;
        const uint32_t before = previous_[slot], after = next_[slot];
        (before == kNoNode ? first_free_ : next_[before]) = after;
        (after == kNoNode ? last_free_ : previous_[after]) = before;
    }
    void grow(size_t size) {
        if (size <= nodes_.size()) return;
        const size_t old = nodes_.size();
        size = std::max(size, old + old / 2);
        if (size >= kNoNode) throw std::length_error("a word list too large for a trie of 32-bit slots");
        nodes_.resize(size, {0, kNoNode, std::numeric_limits<double>::quiet_NaN()});
        next_.resize(size);
        previous_.resize(size);
        taken_.resize(size, 0);
        for (size_t at = old; at < size; ++at) {
            previous_[at] = at > old ? uint32_t(at - 1) : last_free_;
            next_[at] = at + 1 < size ? uint32_t(at + 1) : kNoNode;
        }
        (last_free_ == kNoNode ? first_free_ : next_[last_free_]) = uint32_t(old);
        last_free_ = uint32_t(size - 1);
    }

    std::vector<TrieNode>& nodes_;
    std::vector<uint32_t> next_, previous_;
    std::vector<uint8_t> taken_;
    uint32_t class_count_;
    uint32_t first_free_ = kNoNode, last_free_ = kNoNode, cursor_ = kNoNode;
    size_t last_count_ = 0, end_ = 0, used_ = 1;
};

// Gives every character of the tree a class, the commonest label the smallest, and returns how many there are.
uint32_t assign_classes(const WordTree& tree, TrieArrays& arrays) {
    std::vector<uint32_t> counts(kPages << 8), codes;
    for (uint32_t node = 1; node < tree.size(); ++node)
        if (counts[tree[node].code]++ == 0) codes.push_back(tree[node].code);
    std::sort(codes.begin(), codes.end(), [&](uint32_t a, uint32_t b) {
        return counts[a] != counts[b] ? counts[a] > counts[b] : a < b;
    });
    arrays.pages.assign(kPages, 0);
    arrays.classes.assign(256, kNoClass);  // row 0: pages without a character of the list
    uint32_t next = kNoClass;
    for (const uint32_t code : codes) {
        uint16_t& row = arrays.pages[code >> 8];
        if (row == 0) {
            row = uint16_t(arrays.classes.size() >> 8);
            arrays.classes.resize(arrays.classes.size() + 256, kNoClass);
        }
        arrays.classes[size_t(row) << 8 | (code & 255)] = ++next;
    }
    return next;
}

// The tree's nodes but the root, stably sorted by key(node) < key_count; `order` holds the order so far.
template <class Key>
std::vector<uint32_t> sorted_by(const std::vector<uint32_t>& order, size_t key_count, Key key,
                                std::vector<uint32_t>* first = nullptr) {
    std::vector<uint32_t> starts(key_count + 1), result(order.size());
    for (const uint32_t node : order) ++starts[key(node) + 1];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    if (first) *first = starts;
    for (const uint32_t node : order) result[starts[key(node)]++] = node;
    return result;
}

}  // namespace

TrieArrays build_trie(const WordTree& tree, std::vector<uint32_t>* slots) {
    TrieArrays arrays;
    const uint32_t class_count = assign_classes(tree, arrays);
    const auto nodes = uint32_t(tree.size());
    std::vector<uint32_t> classes(nodes), order(nodes - 1), first, sizes(nodes), slot(nodes);
    const Trie view = arrays.view();
    for (uint32_t node = 1; node < nodes; ++node) {
        classes[node] = view.class_of(tree[node].code);
        ++sizes[tree[node].parent];
    }
    std::iota(order.begin(), order.end(), 1);
    order = sorted_by(order, class_count + 1, [&](uint32_t node) { return classes[node]; });
    order = sorted_by(order, nodes, [&](uint32_t node) { return tree[node].parent; }, &first);

    std::vector<uint32_t> parents(nodes);
    std::iota(parents.begin(), parents.end(), 0);
    const uint32_t largest = *std::max_element(sizes.begin(), sizes.end());
    parents = sorted_by(parents, size_t(largest) + 1, [&](uint32_t node) { return largest - sizes[node]; });
    std::vector<uint32_t> bases(nodes, 0), family;
    Placer placer(arrays, class_count);
    for (const uint32_t parent : parents) {
        const uint32_t count = sizes[parent];
        if (count == 0) break;
        family.clear();
        for (uint32_t i = 0; i < count; ++i) family.push_back(classes[order[first[parent] + i]]);
        bases[parent] = placer.place(family.data(), count);
        for (uint32_t i = 0; i < count; ++i) slot[order[first[parent] + i]] = bases[parent] + family[i];
    }
    placer.finish();
    for (uint32_t node = 0; node < nodes; ++node) {
        TrieNode& to = arrays.nodes[slot[node]];
        to = {bases[node], node ? slot[tree[node].parent] : kNoNode, tree[node].weight};
    }
    if (slots) *slots = std::move(slot);
    return arrays;
}

}  // namespace cws
