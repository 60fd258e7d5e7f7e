// The entries of a user dictionary: the log-odds each adds to its string being one word.
//
// Entries that were read from a file are a static trie, which may itself lie in a mapped file; what was added and removed
// since is in a tree beside it, which has the last word. Where case or width is ignored, entries are kept folded, and
// the trie's table of classes gives a character the class of its folded form: text need not be folded.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "characters.h"
#include "labeler.h"
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

// The entries of a file, which never change.
struct StaticEntries {
    TrieArrays arrays;  // what the trie points to, if it was built here
    Trie trie;
    size_t size = 0;
    std::vector<std::pair<uint32_t, uint32_t>> labels;  // (slot, number of the label), by slot

    size_t count_words() const;
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

// A part of a sequence that is one word whatever the model says, or the part of such a word that lies in the sequence.
struct ForcedPiece {
    int begin, end;
};

// Finds the entries in the sequences of one text, from the first to the last.
template <class Char>
class EntryFinder {
public:
    EntryFinder(const UserDictionary& dictionary, const Char* text, size_t size)
        : dictionary_(dictionary), text_(text), size_(size) {}

    // Finds the entries in the sequence text[begin] to text[begin + count - 1].
    void find(size_t begin, int count);

    // Forced ones, from the left, the longest of those that begin at one place.
    const std::vector<ForcedPiece>& forced() const { return forced_; }
    // The others, by beginning and end, without those that overlap a forced one.
    const std::vector<EntryMatch>& matches() const { return matches_; }
    // Entries that reach beyond a sequence, white space included: (begin, end) in the text.
    const std::vector<std::pair<size_t, size_t>>& crossing() const { return crossing_; }

    // How far the longest string that begins at text[at] and may become an entry reaches; at itself, if none begins.
    size_t reach(size_t at) const;

private:
    template <class Use>
    size_t walk(size_t at, Use use) const;

    const UserDictionary& dictionary_;
    const Char* text_;
    size_t size_;
    size_t covered_ = 0;  // by the last forced entry
    std::vector<uint32_t> classes_;
    std::vector<ForcedPiece> forced_;
    std::vector<EntryMatch> matches_;
    std::vector<std::pair<size_t, size_t>> crossing_;
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

// Calls use(end, weight) for each entry that begins at text[at]. Returns where the walk through the entries ended.
template <class Char>
template <class Use>
size_t EntryFinder<Char>::walk(size_t at, Use use) const {
    const Trie& trie = dictionary_.trie();
    const WordTree& changes = dictionary_.changes();
    const auto visit = [&](size_t end, double weight) {
        if (!Trie::is_word(weight) || weight == kRemoved) return;
        if (end < size_ && is_run_character(uint32_t(text_[end - 1])) && is_run_character(uint32_t(text_[end]))) return;
        use(end, weight);
    };
    uint32_t node = kRoot;
    if (!dictionary_.has_changes()) {
        for (; at < size_; ++at) {
            node = trie.child(node, trie.class_of(uint32_t(text_[at])));
            if (node == kNoNode) return at;
            visit(at + 1, trie.nodes[node].weight);
        }
        return at;
    }
    uint32_t changed = WordTree::kRootNode;
    bool is_changed = true;
    for (; at < size_; ++at) {
        const auto code = uint32_t(text_[at]);
        if (is_changed) is_changed = (changed = changes.child(changed, dictionary_.fold(code))) != WordTree::kRootNode;
        if (node != kNoNode) node = trie.child(node, trie.class_of(code));
        if (node == kNoNode && !is_changed) return at;
        if (is_changed && Trie::is_word(changes[changed].weight)) {
            visit(at + 1, changes[changed].weight);
        } else if (node != kNoNode) {
            visit(at + 1, trie.nodes[node].weight);
        }
    }
    return at;
}

template <class Char>
size_t EntryFinder<Char>::reach(size_t at) const {
    return walk(at, [](size_t, double) {});
}

template <class Char>
void EntryFinder<Char>::find(size_t begin, int count) {
    // Places: slots far from the cache are asked for early.
    constexpr size_t kAhead = 12;
    const Trie& trie = dictionary_.trie();
    const size_t end = begin + size_t(count);
    matches_.clear();
    forced_.clear();
    if (covered_ > begin) forced_.push_back({0, int(std::min(covered_, end) - begin)});
    const uint32_t root = trie.nodes[kRoot].base;
    for (size_t at = begin; at < end; ++at) {
        if (at + kAhead + 1 < end) {
            const uint32_t slot = root + trie.class_of(uint32_t(text_[at + kAhead]));
            __builtin_prefetch(trie.nodes + trie.nodes[slot].base + trie.class_of(uint32_t(text_[at + kAhead + 1])));
        }
        if (at < covered_) continue;
        if (at > 0 && is_run_character(uint32_t(text_[at])) && is_run_character(uint32_t(text_[at - 1]))) continue;
        size_t forced_end = 0;
        const size_t known = matches_.size();
        walk(at, [&](size_t match_end, double weight) {
            const bool crosses = match_end > end;
            if (weight >= kForced || (crosses && weight > 0)) {
                forced_end = match_end;  // the longest comes last
            } else if (!crosses) {
                matches_.push_back({int(at - begin), int(match_end - begin), weight});
            }
        });
        if (!forced_end) continue;
        covered_ = forced_end;
        matches_.resize(known);
        forced_.push_back({int(at - begin), int(std::min(forced_end, end) - begin)});
        if (forced_end > end) crossing_.emplace_back(at, forced_end);
    }
    if (forced_.empty()) return;
    size_t next = 0;  // the first forced one that ends behind the beginning of a match
    matches_.erase(std::remove_if(matches_.begin(), matches_.end(),
                                  [&](const EntryMatch& match) {
                                      while (next < forced_.size() && forced_[next].end <= match.begin) ++next;
                                      return next < forced_.size() && forced_[next].begin < match.end;
                                  }),
                   matches_.end());
}

}  // namespace cws
