// A small model for tests, whose scores of S, B, M, E are small integers made from the code points, and its
// specification: the score of any words, and all the ways to cut a sequence.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/characters.h"
#include "chain/chain_decoder.h"
#include "user_dictionary/user_dictionary.h"

namespace cws {

using WordEnds = std::vector<uint8_t>;

inline const uint32_t* codes_of(const std::u32string& text) { return reinterpret_cast<const uint32_t*>(text.data()); }

inline float small_score(uint32_t code, uint32_t tag) {
    return float((code * 0x9E3779B1u + tag * 0x85EBCA77u) >> 13 & 7) - 3;
}

struct SmallModel : Labeler {
    static constexpr uint32_t kBad = U'!';  // scoring it throws
    std::array<uint16_t, kBmp> table;
    std::array<float, 16> transitions{1, 0, 0, 0, 0, 0, 1, 0, 0, 0, -1, 2, 0, 1, 0, 0};
    std::array<float, 4> start{0, 1, 0, 0}, end{1, 0, 0, 0};
    mutable std::atomic<size_t> scored{0};  // blocks

    SmallModel() {
        for (uint32_t code = 0; code < kBmp; ++code) table[code] = is_separator(code) ? kSeparator : kUnknown;
        classes = table.data();
        reads_characters = true;
    }
    std::unique_ptr<Decoder> decoder() const override;

    // The score of the words of one sequence.
    double score(const std::u32string& sequence, const WordEnds& ends) const {
        double sum = 0;
        int before = -1;
        for (size_t i = 0; i < sequence.size(); ++i) {
            const bool opens = i == 0 || ends[i - 1], closes = ends[i];
            const int tag = opens ? (closes ? S : B) : (closes ? E : M);
            sum += small_score(uint32_t(sequence[i]), uint32_t(tag));
            sum += before < 0 ? start[size_t(tag)] : transitions[size_t(4 * before + tag)];
            before = tag;
        }
        return sum + end[size_t(before)];
    }
};

class SmallDecoder : public ChainDecoder {
public:
    explicit SmallDecoder(const SmallModel& model)
        : ChainDecoder(sbme_word_chain(model.transitions.data(), model.start.data(), model.end.data())),
          model_(model) {}

    void score(const uint16_t* codes, const uint32_t* characters, int count) override {
        ++model_.scored;
        for (int i = 0; i < count; ++i) {
            if (codes[i] == kEdge) continue;
            if (characters[i] == SmallModel::kBad) throw std::runtime_error("a bad character");
            for (uint32_t tag = 0; tag < 4; ++tag) rows(i)[tag] = small_score(characters[i], tag);
        }
    }

private:
    const SmallModel& model_;
};

inline std::unique_ptr<Decoder> SmallModel::decoder() const { return std::make_unique<SmallDecoder>(*this); }

// All ways to cut a sequence of so many characters.
inline std::vector<WordEnds> all_word_ends(size_t size) {
    std::vector<WordEnds> ways;
    for (size_t bits = 0; bits < size_t(1) << (size - 1); ++bits) {
        WordEnds ends(size, 1);
        for (size_t i = 0; i + 1 < size; ++i) ends[i] = bits >> i & 1;
        ways.push_back(std::move(ends));
    }
    return ways;
}

// (begin, end) of each sequence of a short text: what stands between white space.
inline std::vector<std::pair<size_t, size_t>> spans_of(const std::u32string& text) {
    std::vector<std::pair<size_t, size_t>> spans;
    for (size_t at = 0; at < text.size(); ++at) {
        if (is_separator(uint32_t(text[at]))) continue;
        if (!spans.empty() && spans.back().second == at) {
            ++spans.back().second;
        } else {
            spans.push_back({at, at + 1});
        }
    }
    return spans;
}

inline std::u32string random_text(std::mt19937& random, const std::u32string& characters, size_t size) {
    std::u32string text;
    while (text.size() < size) text += characters[random() % characters.size()];
    return text;
}

struct EntryOf {
    std::u32string word;
    double weight;
    std::string label;
};

// The first of the entries are those of a file, the others were added.
inline UserDictionary make_dictionary(const std::vector<EntryOf>& entries, size_t of_file) {
    TrieBuilder builder;
    std::vector<std::string> labels;
    std::vector<std::pair<size_t, uint32_t>> labelled;
    for (size_t i = 0; i < std::min(of_file, entries.size()); ++i) {
        if (!entries[i].label.empty()) {
            labelled.emplace_back(builder.size(), uint32_t(labels.size()));
            labels.push_back(entries[i].label);
        }
        builder.add(codes_of(entries[i].word), entries[i].word.size(), entries[i].weight);
    }
    UserDictionary dictionary(StaticEntries::build(builder, {}, labelled), {}, labels);
    for (size_t i = of_file; i < entries.size(); ++i)
        dictionary.set(codes_of(entries[i].word), entries[i].word.size(), entries[i].weight, entries[i].label);
    return dictionary;
}

}  // namespace cws
