// jieba's word list: counts of words, the changes made since it was read, and the words it must always split.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "trie/lattice.h"
#include "trie/trie.h"
#include "trie/trie_builder.h"
#include "trie/mutable_trie.h"

namespace cws {

// The list as read from a file. Weights are logarithms of counts; a prefix of a word has count 0 and no weight.
struct JiebaWords {
    TrieArrays trie;
    std::vector<int64_t> counts;  // [slot]
    int64_t total = 0;            // of all lines, repeated ones too
};

// Collects the lines of a word list.
class JiebaWordsBuilder {
public:
    explicit JiebaWordsBuilder(size_t expected_words = 0) : trie_(expected_words) {}
    void add(const uint32_t* codes, size_t size, int64_t count);  // the last count of a word counts
    void add(const uint32_t* codes, size_t size, int64_t count, double weight);
    JiebaWords finish(int64_t total);

private:
    TrieBuilder trie_;
    std::vector<int64_t> counts_;  // in the order of addition
};

// Reads a list of lines `word count [anything]` in UTF-8, with counts below 10**15; nullopt if a line is not plainly
// that.
std::optional<JiebaWords> parse_jieba_words(std::string_view bytes);

// Changed by one thread at a time while nobody reads it.
class JiebaDictionary {
public:
    explicit JiebaDictionary(JiebaWords words)
        : words_(std::make_shared<const JiebaWords>(std::move(words))), trie_(words_->trie.view()) {}

    // The logarithm of the sum of all counts; NaN if that has none.
    void set_log_total(double log_total) { log_total_ = log_total; }
    double log_total() const { return log_total_; }

    // Sets the count of a word; its prefixes enter the list with count 0 if they are not in it. The weight is
    // log(count), minus infinity for a count of 0, infinity for one below (which has no logarithm: see best_path).
    void set(const uint32_t* codes, size_t size, int64_t count, double weight);

    // Moves the changes into the list, which takes as long as to make the list and then segments faster.
    void compact();

    // The count of a string, or nullopt if it is neither a word nor the beginning of one.
    std::optional<int64_t> count(const uint32_t* codes, size_t size) const;
    bool is_word(const uint32_t* codes, size_t size) const;

    // As cws::best_path; false if the list is broken: a count that has no logarithm is in the text's lattice.
    // classes: scratch.
    bool best_path(const uint32_t* codes, size_t size, std::vector<uint32_t>& classes, std::vector<double>& scores,
                   std::vector<uint32_t>& ends) const;

    // Calls use(end) for the end of each word that begins at codes[begin], shortest first.
    template <class Use>
    void for_each_word(const uint32_t* codes, size_t begin, size_t size, Use use) const;

    const Trie& trie() const { return trie_; }
    const JiebaWords& words() const { return *words_; }
    const WordTree& changes() const { return changes_; }
    int64_t changed_count(uint32_t node) const { return changed_counts_[node]; }

private:
    std::shared_ptr<const JiebaWords> words_;
    Trie trie_;  // of words_
    WordTree changes_;
    std::vector<int64_t> changed_counts_{0};
    double log_total_ = std::nan("");
    bool has_broken_ = false;
};

template <class Use>
void JiebaDictionary::for_each_word(const uint32_t* codes, size_t begin, size_t size, Use use) const {
    uint32_t node = kRoot, changed = WordTree::kRootNode;
    bool is_changed = changes_.size() > 1;
    for (size_t at = begin; at < size; ++at) {
        if (node != kNoNode) {
            const uint32_t c = trie_.class_of(codes[at]);
            node = c == kNoClass ? kNoNode : trie_.child(node, c);
        }
        if (is_changed) is_changed = (changed = changes_.child(changed, codes[at])) != WordTree::kRootNode;
        if (node == kNoNode && !is_changed) return;
        const double weight = is_changed ? changes_[changed].weight : std::nan("");
        if (std::isnan(weight) ? node != kNoNode && Trie::is_word(trie_.nodes[node].weight)
                               : weight != -std::numeric_limits<double>::infinity())
            use(at + 1);
    }
}

}  // namespace cws
