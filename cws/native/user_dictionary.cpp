#include "user_dictionary.h"

#include <algorithm>

namespace cws {

void fold_classes(TrieArrays& arrays, const Folding& folding) {
    for (uint32_t code = 0; code < folding.size(); ++code) {
        if (folding[code] == code) continue;
        const uint32_t folded_class = arrays.view().class_of(folding[code]);
        if (folded_class == kNoClass) continue;
        uint16_t& row = arrays.pages[code >> 8];
        if (row == 0) {
            row = uint16_t(arrays.classes.size() >> 8);
            arrays.classes.resize(arrays.classes.size() + 256, kNoClass);
        }
        arrays.classes[size_t(row) << 8 | (code & 255)] = folded_class;
    }
}

std::vector<uint64_t> make_filter(const Trie& trie, size_t entries) {
    PrefixFilter filter;
    for (filter.bits = 6; (size_t(1) << filter.bits) < entries / 8 && filter.bits < 17;) ++filter.bits;
    std::vector<uint64_t> words(size_t(1) << filter.bits);
    // Every node of depth 2 or 3, found from its parents.
    const auto parent = [&](uint32_t node) { return trie.nodes[node].parent; };
    const auto class_from = [&](uint32_t node) { return node - trie.nodes[parent(node)].base; };
    for (uint32_t node = 1; node < trie.node_count; ++node) {
        if (parent(node) == kNoNode || parent(node) == kRoot) continue;
        const uint32_t above = parent(node), top = parent(above);
        if (top == kRoot) {
            if (Trie::is_word(trie.nodes[node].weight))
                words[filter.place(class_from(above), class_from(node))] |= PrefixFilter::kOfTwo;
        } else if (top != kNoNode && parent(top) == kRoot) {
            words[filter.place(class_from(top), class_from(above))] |= PrefixFilter::bit(class_from(node));
        }
    }
    return words;
}

void StaticEntries::finish() {
    single.assign(*std::max_element(trie.classes, trie.classes + (trie.row_count << 8)) + 1, false);
    for (size_t at = 1; at < trie.node_count; ++at) {
        const TrieNode& node = trie.nodes[at];
        if (node.parent == kNoNode || !Trie::is_word(node.weight)) continue;
        ++size;
        if (node.parent == kRoot) single[at - trie.nodes[kRoot].base] = true;
    }
}

UserDictionary::UserDictionary(std::shared_ptr<const StaticEntries> entries, Folding folding,
                               std::vector<std::string> labels)
    : entries_(std::move(entries)), labels_(std::move(labels)), folding_(std::move(folding)), size_(entries_->size) {}

void UserDictionary::set(const uint32_t* codes, size_t size, double weight, const std::string& label) {
    const bool was_there = Trie::is_word(find(codes, size).weight);
    std::vector<uint32_t> copy(codes, codes + size);
    for (uint32_t& code : copy) code = fold(code);
    const uint32_t node = changes_.insert(copy.data(), size);
    changes_.weight(node) = weight;
    size_ += size_t(weight != kRemoved) - size_t(was_there);
    if (label.empty()) {
        changed_labels_.erase(node);
        return;
    }
    const auto known = std::find(labels_.begin(), labels_.end(), label);
    changed_labels_[node] = uint32_t(known - labels_.begin());
    if (known == labels_.end()) labels_.push_back(label);
}

std::string UserDictionary::label_of(uint32_t slot) const {
    const auto& labels = entries_->labels;
    const auto at = std::lower_bound(labels.begin(), labels.end(), std::make_pair(slot, uint32_t(0)));
    return at != labels.end() && at->first == slot ? labels_[at->second] : std::string();
}

}  // namespace cws
