// Finds the entries of a user dictionary in a text, and which of them are forced.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "labeler.h"
#include "user_dictionary.h"

namespace cws {

// A part of a sequence that is one word whatever the model says, or the part of such a word that lies in the sequence.
struct ForcedPiece {
    int begin, end;
};

// What finding entries needs, reused between texts.
struct EntryScratch {
    struct Active {
        int begin;
        uint32_t node;
    };
    std::vector<uint32_t> classes, slots, firsts;
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
        : dictionary_(dictionary), text_(text), size_(size), classes_(scratch.classes), slots_(scratch.slots),
          firsts_(scratch.firsts), active_(scratch.active), forced_(scratch.forced), matches_(scratch.matches),
          unsorted_(scratch.unsorted), crossing_(scratch.crossing) {
        crossing_.clear();
    }

    // Finds the entries in the sequence text[begin] to text[begin + count - 1].
    void find(size_t begin, int count);

    // Forced ones, from the left, the longest of those that begin at one place.
    const std::vector<ForcedPiece>& forced() const { return forced_; }
    // The others, by beginning and end, without those that overlap a forced one.
    const std::vector<EntryMatch>& matches() const { return matches_; }
    // Entries that reach beyond a sequence, white space included: (begin, end) in the text.
    const std::vector<std::pair<size_t, size_t>>& crossing() const { return crossing_; }

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
    using Active = EntryScratch::Active;

    template <class Use>
    size_t walk(size_t begin, size_t at, uint32_t node, uint32_t changed, Use use) const;
    void enter(size_t begin, int count);
    void find_static(size_t begin, int count);
    void sort(int count);
    void find_changed(size_t begin, int count);
    void force(size_t begin, int count);
    bool begins_inside_run(size_t at) const {
        return at > 0 && is_run_character(uint32_t(text_[at])) && is_run_character(uint32_t(text_[at - 1]));
    }
    void add(size_t begin, size_t at, size_t end, double weight) {
        if (!Trie::is_word(weight) || weight == kRemoved || (end < size_ && begins_inside_run(end))) return;
        has_forced_ |= weight >= kForced;
        matches_.push_back({int(at - begin), int(end - begin), weight});
    }

    const UserDictionary& dictionary_;
    const Char* text_;
    size_t size_;
    size_t covered_ = 0;  // by the last forced entry
    bool has_forced_ = false;
    std::vector<uint32_t>&classes_, &slots_, &firsts_;
    std::vector<Active>& active_;
    std::vector<ForcedPiece>& forced_;
    std::vector<EntryMatch>&matches_, &unsorted_;
    std::vector<std::pair<size_t, size_t>>& crossing_;
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

// Leaves in active_ the places of the sequence where an entry may begin, each at the node of its first character.
template <class Char>
void EntryFinder<Char>::enter(size_t begin, int count) {
    const Trie& trie = dictionary_.trie();
    const TrieNode* const nodes = trie.nodes;
    const Char* const text = text_ + begin;
    const PrefixFilter filter = dictionary_.entries().filter;
    const std::vector<uint8_t>& single = dictionary_.entries().single;
    const auto behind = [&](int i) { return begin + size_t(i) < size_ ? trie.class_of(uint32_t(text[i])) : kNoClass; };
    classes_.resize(size_t(count) + 2);
    for (int i = 0; i < count; ++i) classes_[size_t(i)] = trie.class_of(uint32_t(text[i]));
    for (int i = count; i < count + 2; ++i) classes_[size_t(i)] = behind(i);
    slots_.resize(size_t(count));
    for (int i = 0; i < count; ++i) {
        const size_t place = filter.place(classes_[size_t(i)], classes_[size_t(i) + 1]);
        __builtin_prefetch(filter.words + place);
        slots_[size_t(i)] = uint32_t(place);
    }
    active_.resize(size_t(count));
    size_t begun = 0;
    for (int i = 0; i < count; ++i) {  // without branches: which places pass is no habit
        const uint32_t* const c = classes_.data() + i;
        const uint64_t bits = PrefixFilter::bit(c[2]) | PrefixFilter::kOfTwo;
        active_[begun].begin = i;
        begun += size_t((filter.words[slots_[size_t(i)]] & bits) != 0) | size_t(single[c[0]]);
    }
    active_.resize(begun);
    const uint32_t root = nodes[kRoot].base;
    size_t entered = 0;
    for (const Active& active : active_) {
        const size_t at = begin + size_t(active.begin);
        const uint32_t slot = root + classes_[size_t(active.begin)];
        if (nodes[slot].parent != kRoot || at < covered_ || begins_inside_run(at)) continue;
        active_[entered++] = {active.begin, slot};
        add(begin, at, at + 1, nodes[slot].weight);
    }
    active_.resize(entered);
}

// All places of the sequence take a step through the trie together, so that the memory of many steps is fetched at once:
// half the time of one place after the other, for a million entries.
template <class Char>
void EntryFinder<Char>::find_static(size_t begin, int count) {
    const TrieNode* const nodes = dictionary_.trie().nodes;
    enter(begin, count);
    bool is_sorted = true;
    for (int step = 1; !active_.empty(); ++step) {
        slots_.resize(active_.size());
        size_t kept = 0;
        for (const Active& active : active_) {
            const int at = active.begin + step;
            if (at >= count) {  // beyond the sequence, where hardly any entry goes
                const size_t known = matches_.size();
                walk(begin + size_t(active.begin), begin + size_t(at), active.node, WordTree::kRootNode,
                     [&](size_t end, double weight) { add(begin, begin + size_t(active.begin), end, weight); });
                is_sorted &= matches_.size() == known;
                continue;
            }
            const uint32_t slot = nodes[active.node].base + classes_[size_t(at)];
            __builtin_prefetch(nodes + slot);
            slots_[kept] = slot;
            active_[kept++] = active;
        }
        active_.resize(kept);
        kept = 0;
        for (size_t i = 0; i < active_.size(); ++i) {
            const TrieNode& node = nodes[slots_[i]];
            if (node.parent != active_[i].node) continue;
            const auto at = begin + size_t(active_[i].begin);
            active_[kept++] = {active_[i].begin, slots_[i]};
            if (!Trie::is_word(node.weight)) continue;
            add(begin, at, at + size_t(step) + 1, node.weight);
            is_sorted = false;
        }
        active_.resize(kept);
    }
    if (!is_sorted) sort(count);
}

// By beginning; those of one beginning were found the shortest first.
template <class Char>
void EntryFinder<Char>::sort(int count) {
    firsts_.assign(size_t(count) + 1, 0);
    for (const EntryMatch& match : matches_) ++firsts_[size_t(match.begin) + 1];
    for (size_t i = 1; i < firsts_.size(); ++i) firsts_[i] += firsts_[i - 1];
    unsorted_.swap(matches_);
    matches_.resize(unsorted_.size());
    for (const EntryMatch& match : unsorted_) matches_[firsts_[size_t(match.begin)]++] = match;
}

template <class Char>
void EntryFinder<Char>::find_changed(size_t begin, int count) {
    for (size_t at = std::max(begin, covered_); at < begin + size_t(count); ++at) {
        if (begins_inside_run(at)) continue;
        walk(at, at, kRoot, WordTree::kRootNode,
             [&](size_t end, double weight) { add(begin, at, end, weight); });
    }
}

// Takes the forced ones out of the matches, and those that overlap them.
template <class Char>
void EntryFinder<Char>::force(size_t begin, int count) {
    // Behind a sequence stands white space, unless it was cut for its length.
    const size_t behind = begin + size_t(count);
    const bool is_cut = behind < size_ && !is_separator(uint32_t(text_[behind]));
    for (size_t i = 0; i < matches_.size();) {
        const int at = matches_[i].begin;
        int end = 0;  // of the longest forced one that begins there
        for (; i < matches_.size() && matches_[i].begin == at; ++i) {
            const EntryMatch& match = matches_[i];
            if (match.weight >= kForced || (match.end > count && match.weight > 0 && !is_cut)) end = match.end;
        }
        if (begin + size_t(at) < covered_ || end == 0) continue;
        covered_ = begin + size_t(end);
        forced_.push_back({at, std::min(end, count)});
        if (end > count) crossing_.emplace_back(begin + size_t(at), covered_);
    }
    size_t next = 0;  // the first forced one that ends behind the beginning of a match
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
