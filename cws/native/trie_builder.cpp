#include "trie_builder.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace cws {
namespace {

// Finds places for the children of each node: a bit for every slot that is free, tried 64 places at a time.
class Placer {
public:
    explicit Placer(uint32_t class_count) : class_count_(class_count) {
        grow(1);
        take(kRoot);
    }

    // Returns a base so that base + class is free for every class, the smallest first, and takes those slots. Families
    // come with the largest first, which leaves single children to fill the holes: the array ends up nearly full.
    // Those of one size search on from where the last one was found, or each would try all that failed before.
    uint32_t place(const uint32_t* classes, size_t count) {
        if (count != last_count_ && (count <= 4 || (count & (count - 1)) == 0)) cursor_ = 0;
        last_count_ = count;
        size_t base = cursor_ > classes[0] ? cursor_ - classes[0] : 0;
        for (;; base += 64) {
            grow(base + class_count_ + 64);
            uint64_t fits = ~uint64_t(0);
            for (size_t i = 0; i < count && fits; ++i) fits &= free_from(base + classes[i]);
            if (!fits) continue;
            while (!(fits & 1)) {
                fits >>= 1;
                ++base;
            }
            break;
        }
        for (size_t i = 0; i < count; ++i) take(base + classes[i]);
        cursor_ = base + classes[0];
        size_ = std::max(size_, base + class_count_ + 1);
        if (size_ >= kNoNode) throw std::length_error("a word list too large for a trie of 32-bit slots");
        return uint32_t(base);
    }

    // How many slots some base and class can name.
    size_t size() const { return std::max<size_t>(size_, class_count_ + 1); }

private:
    uint64_t free_from(size_t slot) const {
        const size_t word = slot >> 6, bit = slot & 63;
        return free_[word] >> bit | free_[word + 1] << 1 << (63 - bit);
    }
    void take(size_t slot) { free_[slot >> 6] &= ~(uint64_t(1) << (slot & 63)); }
    void grow(size_t slots) {
        const size_t words = (slots >> 6) + 2;
        if (words > free_.size()) free_.resize(words + words / 2, ~uint64_t(0));
    }

    std::vector<uint64_t> free_;
    size_t class_count_, last_count_ = 0, cursor_ = 0, size_ = 0;
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
    Placer placer(class_count);
    for (const uint32_t parent : parents) {
        const uint32_t count = sizes[parent];
        if (count == 0) break;
        family.clear();
        for (uint32_t i = 0; i < count; ++i) family.push_back(classes[order[first[parent] + i]]);
        bases[parent] = placer.place(family.data(), count);
        for (uint32_t i = 0; i < count; ++i) slot[order[first[parent] + i]] = bases[parent] + family[i];
    }
    arrays.nodes.assign(placer.size(), {0, kNoNode, std::numeric_limits<double>::quiet_NaN()});
    for (uint32_t node = 0; node < nodes; ++node) {
        TrieNode& to = arrays.nodes[slot[node]];
        to = {bases[node], node ? slot[tree[node].parent] : kNoNode, tree[node].weight};
    }
    if (slots) *slots = std::move(slot);
    return arrays;
}

}  // namespace cws
