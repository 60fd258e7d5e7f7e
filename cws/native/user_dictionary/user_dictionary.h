// The entries of a user dictionary: the log-odds each adds to its string being one word.
//
// Entries that were read from a file are a static trie, which may itself lie in a mapped file; what was added and removed
// since is in a tree beside it, which has the last word. Where case or width is ignored, entries are kept folded, and
// the trie's table of classes gives a character the class of its folded form: text need not be folded.
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/characters.h"
#include "user_dictionary/prefix_filter.h"
#include "trie/trie.h"
#include "trie/mutable_trie.h"
#include "trie/trie_builder.h"

namespace cws {

// Weights that are no weights. They are finite, because sums are made of them.
inline constexpr double kForced = 1e9;    // always one word
inline constexpr double kDecided = 1e8;   // one word where its ends are plausible: an entry without a number
inline constexpr double kNever = -1e9;    // never one word
inline constexpr double kRemoved = -1e18; // in the changes: no entry any more

// The folded form of each code point of the BMP; empty where nothing is folded.
using Folding = std::vector<uint16_t>;

inline uint32_t folded(const Folding& folding, uint32_t code) { return code < folding.size() ? folding[code] : code; }

// Gives each character of the BMP the class of its folded form.
void fold_classes(TrieArrays& arrays, const Folding& folding);

// The entries of a file, which never change.
struct StaticEntries {
    TrieArrays arrays;  // what the trie and the filter point to, if they were built here
    FilterTables filter_tables{0, 0};
    Trie trie;
    PrefixFilter filter;
    size_t size = 0, singles = 0, longs = 0;  // how many entries, of one character, of three and more
    std::vector<std::pair<uint32_t, uint32_t>> labels;  // (slot, number of the label), by slot

    // The entries of a builder, folded. labelled: (number of an entry in the order of its addition, number of its label).
    static std::shared_ptr<const StaticEntries> build(TrieBuilder& builder, const Folding& folding,
                                                      const std::vector<std::pair<size_t, uint32_t>>& labelled);

    void count();  // when the trie is there
    void make_filter(const Folding& folding);
};

struct Entry {
    double weight;
    std::string label;  // empty: none
};

class UserDictionary {
public:
    UserDictionary(std::shared_ptr<const StaticEntries> entries, Folding folding, std::vector<std::string> labels);

    size_t size() const { return size_; }
    bool has_changes() const { return changes_.size() > 1; }
    const StaticEntries& entries() const { return *entries_; }
    const Trie& trie() const { return entries_->trie; }
    const WordTree& changes() const { return changes_; }
    PrefixFilter changes_filter() const { return changes_filter_.view(); }
    uint32_t fold(uint32_t code) const { return folded(folding_, code); }
    const Folding& folding() const { return folding_; }

    // weight: of an entry, or kForced, kDecided, kNever, kRemoved.
    void set(const uint32_t* codes, size_t size, double weight, const std::string& label);

    // The entry of a string; its weight is NaN if there is none.
    template <class Char>
    Entry find(const Char* text, size_t size) const;

    // Calls use(word, entry) for each entry, in no particular order.
    template <class Use>
    void for_each(Use use) const;

private:
    std::string label_of(uint32_t slot) const;
    std::u32string changed_word(uint32_t node) const;
    void make_changes_filter();

    std::shared_ptr<const StaticEntries> entries_;
    WordTree changes_;
    FilterTables changes_filter_{0, 0};
    size_t changes_filter_room_ = 0;  // nodes of the changes that it was made for
    std::unordered_map<uint32_t, uint32_t> changed_labels_;  // by node
    std::vector<std::string> labels_;
    std::unordered_map<std::string, uint32_t> label_numbers_;
    Folding folding_;
    size_t size_;
};

template <class Char>
Entry UserDictionary::find(const Char* text, size_t size) const {
    uint32_t changed = WordTree::kRootNode, node = kRoot;
    bool is_changed = true;
    for (size_t i = 0; i < size; ++i) {
        if (is_changed) is_changed = (changed = changes_.child(changed, fold(uint32_t(text[i])))) != WordTree::kRootNode;
        if (node != kNoNode) node = trie().child(node, trie().class_of(uint32_t(text[i])));
        if (node == kNoNode && !is_changed) break;
    }
    const Entry none{std::numeric_limits<double>::quiet_NaN(), {}};
    if (size == 0) return none;
    if (is_changed && Trie::is_word(changes_[changed].weight)) {
        if (changes_[changed].weight == kRemoved) return none;
        const auto label = changed_labels_.find(changed);
        return {changes_[changed].weight, label == changed_labels_.end() ? std::string() : labels_[label->second]};
    }
    if (node == kNoNode || !Trie::is_word(trie().nodes[node].weight)) return none;
    return {trie().nodes[node].weight, label_of(node)};
}

template <class Use>
void UserDictionary::for_each(Use use) const {
    for_each_node(trie(), [&](const std::u32string& word, uint32_t node) {
        if (!Trie::is_word(trie().nodes[node].weight)) return;
        std::u32string spelled = word;  // the walk spells each class by one of the characters that have it
        for (char32_t& code : spelled) code = char32_t(fold(uint32_t(code)));
        const uint32_t changed = changes_.find(reinterpret_cast<const uint32_t*>(spelled.data()), spelled.size());
        if (changed != WordTree::kRootNode && Trie::is_word(changes_[changed].weight)) return;
        use(static_cast<const std::u32string&>(spelled), Entry{trie().nodes[node].weight, label_of(node)});
    });
    for (uint32_t node = 1; node < changes_.size(); ++node) {
        if (!Trie::is_word(changes_[node].weight) || changes_[node].weight == kRemoved) continue;
        const std::u32string word = changed_word(node);
        use(word, find(reinterpret_cast<const uint32_t*>(word.data()), word.size()));
    }
}

}  // namespace cws
