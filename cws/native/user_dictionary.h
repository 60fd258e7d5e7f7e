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

#include "characters.h"
#include "trie.h"
#include "word_tree.h"

namespace cws {

// Weights that are no weights. They are finite, because sums are made of them.
inline constexpr double kForced = 1e9;    // always one word
inline constexpr double kNever = -1e9;    // never one word
inline constexpr double kRemoved = -1e18; // in the changes: no entry any more

// The folded form of each code point of the BMP; empty where nothing is folded.
using Folding = std::vector<uint16_t>;

inline uint32_t folded(const Folding& folding, uint32_t code) { return code < folding.size() ? folding[code] : code; }

// Gives each character of the BMP the class of its folded form.
void fold_classes(TrieArrays& arrays, const Folding& folding);

// Tells for most places of a text that no entry begins there, in one look at a table that fits into the second-level
// cache; the trie of a million entries does not. A word of 64 bits for each hash of two characters: a bit for each hash
// of the third, and the last one for entries of these two as well.
struct PrefixFilter {
    const uint64_t* words = nullptr;
    int bits = 0;  // the table has 1 << bits words

    size_t place(uint32_t first, uint32_t second) const {
        return size_t((uint64_t(first) << 32 | second) * 0x9E3779B97F4A7C15u >> (64 - bits));
    }
    static uint64_t bit(uint32_t third) { return uint64_t(1) << (third * 0x9E3779B1u >> 26); }
    static constexpr uint64_t kOfTwo = uint64_t(1) << 63;
};

// The table of a filter for the entries of a trie.
std::vector<uint64_t> make_filter(const Trie& trie, size_t entries);

// The entries of a file, which never change.
struct StaticEntries {
    TrieArrays arrays;  // what the trie and the filter point to, if they were built here
    std::vector<uint64_t> filter_words;
    Trie trie;
    PrefixFilter filter;
    std::vector<uint8_t> single;  // of each class, whether it is an entry
    size_t size = 0;
    std::vector<std::pair<uint32_t, uint32_t>> labels;  // (slot, number of the label), by slot

    void finish();  // counts the entries, when the trie is there
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
    uint32_t fold(uint32_t code) const { return folded(folding_, code); }
    const Folding& folding() const { return folding_; }

    // weight: of an entry, or kForced, kNever, kRemoved.
    void set(const uint32_t* codes, size_t size, double weight, const std::string& label);

    // The entry of a string; its weight is NaN if there is none.
    template <class Char>
    Entry find(const Char* text, size_t size) const;

    // Calls use(word, entry) for each entry, in no particular order.
    template <class Use>
    void for_each(Use use) const;

private:
    std::string label_of(uint32_t slot) const;

    std::shared_ptr<const StaticEntries> entries_;
    WordTree changes_;
    std::unordered_map<uint32_t, uint32_t> changed_labels_;  // by node
    std::vector<std::string> labels_;
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
        std::u32string word;
        for (uint32_t at = node; at != WordTree::kRootNode; at = changes_[at].parent)
            word.insert(word.begin(), char32_t(changes_[at].code));
        use(static_cast<const std::u32string&>(word),
            find(reinterpret_cast<const uint32_t*>(word.data()), word.size()));
    }
}

}  // namespace cws
