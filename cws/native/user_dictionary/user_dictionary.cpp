#include "user_dictionary/user_dictionary.h"

#include <algorithm>
#include <iterator>

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

std::shared_ptr<const StaticEntries> StaticEntries::build(TrieBuilder& builder, const Folding& folding,
                                                          const std::vector<std::pair<size_t, uint32_t>>& labelled) {
    auto made = std::make_shared<StaticEntries>();
    std::vector<uint32_t> slots;
    made->arrays = builder.build(&slots);
    fold_classes(made->arrays, folding);
    made->trie = made->arrays.view();
    made->count();
    made->make_filter(folding);
    for (const auto& [entry, label] : labelled) made->labels.emplace_back(slots[entry], label);
    std::sort(made->labels.begin(), made->labels.end());
    return made;
}

void StaticEntries::count() {
    for (size_t at = 1; at < trie.node_count; ++at) {
        const TrieNode& node = trie.nodes[at];
        if (node.parent == kNoNode || !Trie::is_word(node.weight)) continue;
        ++size;
        singles += node.parent == kRoot;
        longs += node.parent != kRoot && trie.nodes[node.parent].parent != kRoot;
    }
}

void StaticEntries::make_filter(const Folding& folding) {
    filter_tables = FilterTables(size, longs);
    for_each_node(trie, [&](const std::u32string& word, uint32_t node) {
        if (!Trie::is_word(trie.nodes[node].weight)) return;
        uint32_t codes[PrefixFilter::kPairs + 1];
        const size_t size = std::min(word.size(), std::size(codes));
        std::transform(word.begin(), word.begin() + ptrdiff_t(size), codes,
                       [&](char32_t code) { return folded(folding, uint32_t(code)); });
        filter_tables.add(codes, size);
    });
    filter = filter_tables.view();
}

UserDictionary::UserDictionary(std::shared_ptr<const StaticEntries> entries, Folding folding,
                               std::vector<std::string> labels)
    : entries_(std::move(entries)), labels_(std::move(labels)), folding_(std::move(folding)), size_(entries_->size) {
    for (const std::string& label : labels_) label_numbers_.emplace(label, uint32_t(label_numbers_.size()));
}

void UserDictionary::set(const uint32_t* codes, size_t size, double weight, const std::string& label) {
    const bool was_there = Trie::is_word(find(codes, size).weight);
    std::vector<uint32_t> copy(codes, codes + size);
    for (uint32_t& code : copy) code = fold(code);
    const uint32_t node = changes_.insert(copy.data(), size);
    changes_.weight(node) = weight;
    if (changes_.size() > changes_filter_room_) {
        make_changes_filter();
    } else {
        changes_filter_.add(copy.data(), size);
    }
    size_ += size_t(weight != kRemoved) - size_t(was_there);
    if (label.empty()) {
        changed_labels_.erase(node);
        return;
    }
    const auto [number, is_new] = label_numbers_.emplace(label, uint32_t(labels_.size()));
    changed_labels_[node] = number->second;
    if (is_new) labels_.push_back(label);
}

std::u32string UserDictionary::changed_word(uint32_t node) const {
    std::u32string word;
    for (; node != WordTree::kRootNode; node = changes_[node].parent) word.push_back(char32_t(changes_[node].code));
    std::reverse(word.begin(), word.end());
    return word;
}

// With room for twice as many nodes, which are more than entries.
void UserDictionary::make_changes_filter() {
    changes_filter_room_ = 2 * changes_.size();
    changes_filter_ = FilterTables(changes_filter_room_, changes_filter_room_);
    for (uint32_t node = 1; node < changes_.size(); ++node) {
        if (!Trie::is_word(changes_[node].weight)) continue;
        const std::u32string word = changed_word(node);
        changes_filter_.add(reinterpret_cast<const uint32_t*>(word.data()), word.size());
    }
}

std::string UserDictionary::label_of(uint32_t slot) const {
    const auto& labels = entries_->labels;
    const auto at = std::lower_bound(labels.begin(), labels.end(), std::make_pair(slot, uint32_t(0)));
    return at != labels.end() && at->first == slot ? labels_[at->second] : std::string();
}

}  // namespace cws
