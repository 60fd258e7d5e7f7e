// Finds the entries of a user dictionary in a text, and which of them are forced.
#pragma once

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "base/labeler.h"
#include "user_dictionary/user_dictionary.h"

namespace cws {

// A part of a sequence that is one word whatever the model says, or the part of such a word that lies in the sequence.
struct ForcedPiece {
    int begin, end;
};

// What finding entries needs, reused between texts.
struct EntryScratch {
    struct Active {
        int begin;
        uint32_t node, slot;  // where the text before leads, and where its child by the next character is, if there is one
    };
    std::vector<uint32_t> folded, firsts;
    FilteredPlaces filtered, filtered_changes;
    std::vector<size_t> places, changed_places, all_places;
    std::vector<Active> active;
    std::vector<ForcedPiece> forced;
    std::vector<EntryMatch> matches, unsorted;
    std::vector<std::pair<size_t, size_t>> crossing;
};

// Finds the entries in the sequences of one text, from the first to the last.
template <class Char>
class EntryFinder {
public:
    EntryFinder(const UserDictionary& dictionary, EntryScratch& scratch, const Char* text, size_t size)
        : dictionary_(dictionary), text_(text), size_(size), scratch_(scratch), forced_(scratch.forced),
          matches_(scratch.matches) {
        scratch.crossing.clear();
        scratch.filtered.clear();
        scratch.filtered_changes.clear();
    }

    // Fetches what finding the entries of a sequence reads, text[begin] to text[begin + count - 1].
    void look_ahead(size_t begin, int count);
    // Finds the entries in a sequence that was looked at before.
    void find(size_t begin, int count);

    // Forced ones, from the left, the longest of those that begin at one place.
    std::vector<ForcedPiece>& forced() const { return forced_; }
    // The others, by beginning and end, without those that overlap a forced one.
    std::vector<EntryMatch>& matches() const { return matches_; }
    // Entries that reach beyond a sequence, white space included: (begin, end) in the text.
    const std::vector<std::pair<size_t, size_t>>& crossing() const { return scratch_.crossing; }

    // The end of the longest entry that begins at text[at] and is no word that should be none; `at` if there is none.
    size_t longest_entry(size_t at) const {
        size_t longest = at;
        walk(at, at, kRoot, WordTree::kRootNode, [&](size_t match_end, double weight) {
            if (weight > 0) longest = match_end;
        });
        return longest;
    }

    // The end of the longest entry that begins at text[at], as far as text that ends there can tell: then the text's
    // end, if more text could make an entry; else at itself.
    size_t reach(size_t at) const {
        size_t longest = at;
        const size_t end = walk(at, at, kRoot, WordTree::kRootNode, [&](size_t match_end, double weight) {
            if (Trie::is_word(weight) && weight != kRemoved) longest = match_end;
        });
        return end == size_ && end > at ? size_ : longest;
    }

private:
    template <class Use>
    size_t walk(size_t begin, size_t at, uint32_t node, uint32_t changed, Use use) const;
    void find_static(size_t begin, int count);
    void sort(int count);
    void find_changed(size_t begin, int count);
    void force(size_t begin, int count);
    bool begins_inside_run(size_t at) const {
        return at > 0 && is_run_character(uint32_t(text_[at])) && is_run_character(uint32_t(text_[at - 1]));
    }
    void add(size_t begin, size_t at, size_t end, double weight) {
        if (!Trie::is_word(weight) || weight == kRemoved || (end < size_ && begins_inside_run(end))) return;
        if (weight == kDecided && end == at + 1) return;  // a single character is never taken out of a word
        has_forced_ |= weight >= kForced;
        matches_.push_back({int(at - begin), int(end - begin), weight});
    }

    const UserDictionary& dictionary_;
    const Char* text_;
    size_t size_;
    size_t covered_ = 0;  // by the last forced entry
    bool has_forced_ = false;
    EntryScratch& scratch_;
    std::vector<ForcedPiece>& forced_;
    std::vector<EntryMatch>& matches_;
};

// Goes on from two nodes that text[begin] to text[at - 1] leads to; WordTree's root after the first character is none.
// Calls use(end, weight) for each entry on the way, and returns where the way ends.
template <class Char>
template <class Use>
size_t EntryFinder<Char>::walk(size_t begin, size_t at, uint32_t node, uint32_t changed, Use use) const {
    const Trie& trie = dictionary_.trie();
    const WordTree& changes = dictionary_.changes();
    bool is_changed = dictionary_.has_changes() && (at == begin || changed != WordTree::kRootNode);
    for (; at < size_; ++at) {
        const auto code = uint32_t(text_[at]);
        if (is_changed) is_changed = (changed = changes.child(changed, dictionary_.fold(code))) != WordTree::kRootNode;
        if (node != kNoNode) node = trie.child(node, trie.class_of(code));
        if (node == kNoNode && !is_changed) return at;
        if (is_changed && Trie::is_word(changes[changed].weight)) {
            use(at + 1, changes[changed].weight);
        } else if (node != kNoNode) {
            use(at + 1, trie.nodes[node].weight);
        }
    }
    return at;
}

template <class Char>
void EntryFinder<Char>::look_ahead(size_t begin, int count) {
    const auto look = [&](const auto* text, size_t size) {
        dictionary_.entries().filter.look_ahead(text, size, count, begin, scratch_.filtered);
        if (dictionary_.has_changes())
            dictionary_.changes_filter().look_ahead(text, size, count, begin, scratch_.filtered_changes);
    };
    if (dictionary_.folding().empty()) return look(text_ + begin, size_ - begin);
    std::vector<uint32_t>& folded = scratch_.folded;
    folded.resize(std::min(size_ - begin, size_t(count) + PrefixFilter::kPairs));
    std::transform(text_ + begin, text_ + begin + folded.size(), folded.begin(),
                   [&](Char code) { return dictionary_.fold(uint32_t(code)); });
    look(folded.data(), folded.size());
}

// All places of the sequence take a step through the trie together, so that the memory of many steps is fetched at once:
// half the time of one place after the other, for a million entries.
template <class Char>
void EntryFinder<Char>::find_static(size_t begin, int count) {
    const Trie& trie = dictionary_.trie();
    const auto slot_of = [&](uint32_t node, size_t at) {
        return trie.nodes[node].base + trie.class_of(uint32_t(text_[at]));
    };
    dictionary_.entries().filter.take(scratch_.filtered, std::max(begin, covered_), begin + size_t(count),
                                      scratch_.places);
    std::vector<EntryScratch::Active>& active = scratch_.active;
    active.clear();
    for (const size_t at : scratch_.places)
        if (!begins_inside_run(at)) active.push_back({int(at - begin), kRoot, slot_of(kRoot, at)});
    for (int size = 1; !active.empty(); ++size) {
        size_t kept = 0;
        for (const auto [first, node, slot] : active) {
            if (trie.nodes[slot].parent != node) continue;
            const size_t at = begin + size_t(first), end = at + size_t(size);
            add(begin, at, end, trie.nodes[slot].weight);
            if (first + size < count) {
                const uint32_t next = slot_of(slot, end);
                __builtin_prefetch(trie.nodes + next);
                active[kept++] = {first, slot, next};
            } else {  // beyond the sequence, where hardly any entry goes
                walk(at, end, slot, WordTree::kRootNode,
                     [&](size_t match_end, double weight) { add(begin, at, match_end, weight); });
            }
        }
        active.resize(kept);
    }
    if (matches_.size() > 1) sort(count);
}

// By beginning; those of one beginning were found the shortest first.
template <class Char>
void EntryFinder<Char>::sort(int count) {
    std::vector<uint32_t>& firsts = scratch_.firsts;
    firsts.assign(size_t(count) + 1, 0);
    for (const EntryMatch& match : matches_) ++firsts[size_t(match.begin) + 1];
    for (size_t i = 1; i < firsts.size(); ++i) firsts[i] += firsts[i - 1];
    scratch_.unsorted.swap(matches_);
    matches_.resize(scratch_.unsorted.size());
    for (const EntryMatch& match : scratch_.unsorted) matches_[firsts[size_t(match.begin)]++] = match;
}

template <class Char>
void EntryFinder<Char>::find_changed(size_t begin, int count) {
    const size_t first = std::max(begin, covered_), end = begin + size_t(count);
    dictionary_.entries().filter.take(scratch_.filtered, first, end, scratch_.places);
    dictionary_.changes_filter().take(scratch_.filtered_changes, first, end, scratch_.changed_places);
    scratch_.all_places.clear();
    std::set_union(scratch_.places.begin(), scratch_.places.end(), scratch_.changed_places.begin(),
                   scratch_.changed_places.end(), std::back_inserter(scratch_.all_places));
    for (const size_t at : scratch_.all_places) {
        if (begins_inside_run(at)) continue;
        walk(at, at, kRoot, WordTree::kRootNode,
             [&](size_t match_end, double weight) { add(begin, at, match_end, weight); });
    }
}

// Takes the forced ones out of the matches, and those that overlap them.
template <class Char>
void EntryFinder<Char>::force(size_t begin, int count) {
    // After a sequence stands white space, unless it was cut for its length.
    const size_t after = begin + size_t(count);
    const bool is_cut = after < size_ && !is_separator(uint32_t(text_[after]));
    for (size_t i = 0; i < matches_.size();) {
        const int at = matches_[i].begin;
        int end = 0;  // of the longest forced one that begins there
        for (; i < matches_.size() && matches_[i].begin == at; ++i) {
            const EntryMatch& match = matches_[i];
            if (match.weight >= kForced || (match.end > count && match.weight > 0 && (match.weight == kDecided || !is_cut))) end = match.end;
        }
        if (begin + size_t(at) < covered_ || end == 0) continue;
        covered_ = begin + size_t(end);
        forced_.push_back({at, std::min(end, count)});
        if (end > count) scratch_.crossing.emplace_back(begin + size_t(at), covered_);
    }
    size_t next = 0;  // the first forced one that ends after the beginning of a match
    matches_.erase(std::remove_if(matches_.begin(), matches_.end(),
                                  [&](const EntryMatch& match) {
                                      while (next < forced_.size() && forced_[next].end <= match.begin) ++next;
                                      const bool overlaps = next < forced_.size() && forced_[next].begin < match.end;
                                      return overlaps || match.end > count;
                                  }),
                   matches_.end());
}

template <class Char>
void EntryFinder<Char>::find(size_t begin, int count) {
    matches_.clear();
    forced_.clear();
    has_forced_ = false;
    const size_t end = begin + size_t(count);
    if (covered_ > begin) forced_.push_back({0, int(std::min(covered_, end) - begin)});
    if (covered_ >= end) return;
    if (dictionary_.has_changes()) {
        find_changed(begin, count);
    } else {
        find_static(begin, count);
    }
    const auto crosses = [&](const EntryMatch& match) { return match.end > count; };
    if (has_forced_ || !forced_.empty() || std::any_of(matches_.begin(), matches_.end(), crosses)) force(begin, count);
}

}  // namespace cws
