#include "lexicon/steps.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "trie/lattice.h"
#include "base/parallel.h"
#include "trie/lattice_expectations.h"

namespace cws {

uint64_t StringNumbers::key_of(const uint32_t* codes, size_t size) {
    uint64_t key = 0;
    if (size <= kInKey)
        for (size_t i = 0; i < size; ++i) key = key << 21 | codes[i];
    else
        for (size_t i = 0; i < size; ++i) key = (key ^ codes[i]) * 0x9E3779B97F4A7C15u, key ^= key >> 29;
    return key;
}

size_t StringNumbers::place(uint64_t key, const uint32_t* codes, size_t size) const {
    size_t at = slot_of(key);
    for (; slots_[at] != kNone; at = (at + 1) & (slots_.size() - 1)) {
        const String& string = strings_[slots_[at]];
        if (string.key != key || string.size != size) continue;
        if (size <= kInKey || std::equal(codes, codes + size, string.codes)) break;
    }
    return at;
}

uint32_t StringNumbers::add(const uint32_t* codes, size_t size) {
    const uint64_t key = key_of(codes, size);
    size_t at = place(key, codes, size);
    if (slots_[at] == kNone) {
        if (strings_.size() * 2 >= slots_.size()) {
            grow();
            at = place(key, codes, size);
        }
        slots_[at] = uint32_t(strings_.size());
        strings_.push_back({codes, key, uint32_t(size)});
    }
    return slots_[at];
}

void StringNumbers::grow() {
    slots_.assign(slots_.size() * 4, kNone);
    for (size_t i = 0; i < strings_.size(); ++i) {
        size_t at = slot_of(strings_[i].key);
        while (slots_[at] != kNone) at = (at + 1) & (slots_.size() - 1);
        slots_[at] = uint32_t(i);
    }
}

Pieces count_pieces(const uint32_t* text, const uint8_t* ends, size_t size) {
    Pieces pieces;
    for (size_t begin = 0, end; begin < size; begin = end) {
        for (end = begin + 1; !ends[end - 1];) ++end;
        const uint32_t number = pieces.numbers.add(text + begin, end - begin);
        if (number == pieces.counts.size()) pieces.counts.push_back(0);
        ++pieces.counts[number];
    }
    return pieces;
}

void mark_best_ends(const Trie& trie, const uint32_t* text, size_t size, double unknown, uint8_t* ends) {
    std::vector<uint32_t> classes, first_ends;
    std::vector<double> scores;
    std::fill_n(ends, size, uint8_t{0});
    for (size_t begin = 0, end; begin < size; begin = end + 1) {
        end = size_t(std::find(text + begin, text + size, uint32_t{'\n'}) - text);
        if (end < size) ends[end] = 1;
        const size_t count = end - begin;
        classes.resize(count + 1);
        first_ends.resize(count);
        scores.resize(count + 1);
        for (size_t i = 0; i < count; ++i) classes[i] = trie.class_of(text[begin + i]);
        classes[count] = kNoClass;
        best_path(trie, classes.data(), count, 0.0, unknown, scores.data(), first_ends.data());
        for (size_t at = 0; at < count; at = first_ends[at]) ends[begin + first_ends[at] - 1] = 1;
    }
}

namespace {

// Marks the last characters of pieces: no word of the trie covers one and the character after it.
void mark_pieces(const Trie& trie, const uint32_t* text, size_t size, uint8_t* ends) {
    constexpr size_t kAhead = 12;  // places: slots far from the cache are asked for early
    std::vector<uint32_t> classes(size + kAhead + 2, kNoClass);
    for (size_t i = 0; i < size; ++i) classes[i] = trie.class_of(text[i]);
    for (size_t begin = 0, covered = 0; begin < size; ++begin) {
        const uint32_t ahead = trie.nodes[kRoot].base + classes[begin + kAhead];
        __builtin_prefetch(trie.nodes + trie.nodes[ahead].base + classes[begin + kAhead + 1]);
        for (uint32_t at = uint32_t(begin), node = kRoot; (node = trie.child(node, classes[at])) != kNoNode; ++at)
            if (Trie::is_word(trie.nodes[node].weight)) covered = std::max<size_t>(covered, at);
        ends[begin] = begin >= covered;
    }
}

}  // namespace

Pieces cut_pieces(const Trie& strong, const uint32_t* text, size_t size, size_t longest, int threads) {
    constexpr size_t kBlocks = 8;
    std::vector<uint8_t> ends(size);
    const std::vector<size_t> begins = blocks_of_lines(text, size, kBlocks);
    for_each_block(kBlocks, threads, [&] {
        return [&](size_t block) {
            const size_t begin = begins[block];
            mark_pieces(strong, text + begin, begins[block + 1] - begin, ends.data() + begin);
        };
    });
    const Pieces pieces = count_pieces(text, ends.data(), size);
    Pieces kept;
    for (size_t i = 0; i < pieces.counts.size(); ++i) {
        const StringNumbers::String& piece = pieces.numbers.strings()[i];
        if (piece.size == 1 && piece.codes[0] == '\n') continue;
        if (piece.size > 1 && piece.size <= longest) {
            const uint32_t node = strong.find(piece.codes, piece.size);
            if (node == kNoNode || !Trie::is_word(strong.nodes[node].weight)) continue;
        }
        kept.numbers.add(piece.codes, piece.size);
        kept.counts.push_back(pieces.counts[i]);
    }
    return kept;
}

namespace {

class Pruning {
public:
    Pruning(const StringNumbers& words, std::vector<double>& counts) : words_(words), counts_(counts) {
        total_ = std::accumulate(counts.begin(), counts.end(), 0.0);
        is_there_.assign(counts.size(), true);
    }

    // Looks at a word; whether it stays.
    bool look(uint32_t word, double min_pmi, double more) {
        const StringNumbers::String string = words_.strings()[word];
        is_there_[word] = false;
        const double parts = best_parts(string);
        if (std::log(counts_[word] / total_) - parts >= min_pmi + more * (double(string.size) - 2)) {
            is_there_[word] = true;
            return true;
        }
        for (size_t at = 0; at < string.size; at = ends_[at]) counts_[parts_[at]] += counts_[word];
        return false;
    }

private:
    const StringNumbers& words_;
    std::vector<double>& counts_;
    std::vector<uint8_t> is_there_;
    double total_;
    std::vector<double> scores_;
    std::vector<size_t> ends_;
    std::vector<uint32_t> parts_;  // the part from a place on

    // The score of the best path over the words that are there; every character is one.
    double best_parts(const StringNumbers::String& word) {
        scores_.assign(word.size + 1, 0.0);
        ends_.resize(word.size);
        parts_.resize(word.size);
        for (size_t begin = word.size; begin-- > 0;) {
            double best = -INFINITY;
            for (size_t end = begin + 1; end <= word.size; ++end) {
                const uint32_t part = words_.find(word.codes + begin, end - begin);
                if (part == StringNumbers::kNone || !is_there_[part]) continue;
                const double score = std::log(counts_[part] / total_) + scores_[end];
                if (score < best) continue;  // of equal ones the longer
                best = score;
                ends_[begin] = end;
                parts_[begin] = part;
            }
            scores_[begin] = best;
        }
        return scores_[0];
    }
};

}  // namespace

std::vector<uint32_t> prune_words(const StringNumbers& words, size_t singles, std::vector<double>& counts,
                                  double min_pmi, double more) {
    std::vector<uint32_t> order(counts.size() - singles);
    std::iota(order.begin(), order.end(), uint32_t(singles));
    const std::vector<double> at_first = counts;
    const auto& strings = words.strings();
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
        const auto &one = strings[a], &other = strings[b];
        if (one.size != other.size) return one.size > other.size;
        if (at_first[a] != at_first[b]) return at_first[a] < at_first[b];
        return std::lexicographical_compare(one.codes, one.codes + one.size, other.codes, other.codes + other.size);
    });
    Pruning pruning(words, counts);
    std::vector<uint32_t> kept;
    for (const uint32_t word : order)
        if (pruning.look(word, min_pmi, more)) kept.push_back(word);
    return kept;
}

}  // namespace cws
