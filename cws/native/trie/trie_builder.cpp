#include "trie/trie_builder.h"

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

// Nodes of the tree, stably sorted by key(node) < key_count; `order` holds the order so far.
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

void TrieBuilder::add(const uint32_t* codes, size_t size, double weight) {
    if (words_.size() >= kNoNode / 2) throw std::length_error("a list of more than 2**31 words");
    words_.push_back({codes_.size(), uint32_t(size), uint32_t(words_.size()), weight});
    codes_.insert(codes_.end(), codes, codes + size);
}

// Sorts the words by their characters, equal ones by their addition. Most is done by a pass over the first characters:
// the words of one are few, and close together in memory if the list came sorted by another order of characters.
void TrieBuilder::sort() {
    std::vector<uint32_t> starts((kPages << 8) + 2);
    const auto bucket = [&](const Word& word) { return word.size ? codes_[word.begin] + 1 : 0; };
    for (const Word& word : words_) ++starts[bucket(word) + 1];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    std::vector<Word> sorted(words_.size());
    for (const Word& word : words_) sorted[starts[bucket(word)]++] = word;
    const auto less = [&](const Word& a, const Word& b) {
        const uint32_t* const x = codes_.data() + a.begin;
        const uint32_t* const y = codes_.data() + b.begin;
        for (size_t i = 1; i < a.size && i < b.size; ++i)
            if (x[i] != y[i]) return x[i] < y[i];
        return a.size != b.size ? a.size < b.size : a.index < b.index;
    };
    for (auto begin = sorted.begin(), end = begin; begin != sorted.end(); begin = end) {
        const uint32_t first = bucket(*begin);
        while (end != sorted.end() && bucket(*end) == first) ++end;
        std::sort(begin, end, less);
    }
    words_ = std::move(sorted);
}

// The nodes of the sorted words, parents first; word_nodes: the node of each word, in the order of addition.
std::vector<TrieBuilder::Node> TrieBuilder::grow_tree(std::vector<uint32_t>& word_nodes) const {
    std::vector<Node> tree{{0, 0, std::numeric_limits<double>::quiet_NaN()}};
    tree.reserve(words_.size() * 3 / 2 + 1);  // of jieba's list
    word_nodes.resize(words_.size());
    std::vector<uint32_t> path{0};  // the nodes of the word before, from the root
    for (const Word& word : words_) {
        const uint32_t* const codes = codes_.data() + word.begin;
        size_t depth = 0;
        while (depth < word.size && depth + 1 < path.size() && tree[path[depth + 1]].code == codes[depth]) ++depth;
        path.resize(depth + 1);
        for (; depth < word.size; ++depth) {
            if (tree.size() >= kNoNode) throw std::length_error("a word list too large for a trie of 32-bit slots");
            tree.push_back({path.back(), codes[depth], std::numeric_limits<double>::quiet_NaN()});
            path.push_back(uint32_t(tree.size() - 1));
        }
        tree[path.back()].weight = word.weight;
        word_nodes[word.index] = path.back();
    }
    return tree;
}

// Gives every character of the tree a class, the commonest label the smallest, and returns how many there are.
uint32_t TrieBuilder::assign_classes(const std::vector<Node>& tree, TrieArrays& arrays) {
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

TrieArrays TrieBuilder::build(std::vector<uint32_t>* slots) {
    sort();
    std::vector<uint32_t> word_nodes;
    const std::vector<Node> tree = grow_tree(word_nodes);
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
    if (slots) {
        slots->resize(words_.size());
        for (size_t i = 0; i < words_.size(); ++i) (*slots)[i] = slot[word_nodes[i]];
    }
    return arrays;
}

}  // namespace cws
