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

size_t StaticEntries::count_words() const {
    size_t count = 0;
    for (size_t at = 1; at < trie.node_count; ++at)
        count += trie.nodes[at].parent != kNoNode && Trie::is_word(trie.nodes[at].weight);
    return count;
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
