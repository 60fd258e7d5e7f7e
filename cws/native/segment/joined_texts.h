// Short texts put together by line feeds, for labelers that compute many sequences at once: the words are those of each
// text by itself. No word goes over a line feed, and no entry of a user dictionary has one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "segment/segmenter.h"

namespace cws {

class JoinedTexts {
public:
    static constexpr size_t kEnough = 4 * kBlock;  // characters; more would be faster no longer

    size_t size() const { return characters_.size(); }

    // word_ends: `size` bytes, which the next call of `segment` sets.
    template <class Char>
    void add(const Char* text, size_t size, uint8_t* word_ends) {
        if (size == 0) return;
        texts_.push_back({characters_.size(), size, word_ends});
        characters_.insert(characters_.end(), text, text + size);
        characters_.push_back('\n');
    }

    void segment(Segmenter& segmenter, const UserDictionary* dictionary) {
        word_ends_.resize(characters_.size());
        segmenter.word_ends(characters_.data(), characters_.size(), dictionary, word_ends_.data());
        for (const Text& text : texts_) {
            std::copy_n(word_ends_.begin() + int64_t(text.begin), text.size, text.word_ends);
            text.word_ends[text.size - 1] = 1;  // white space at the end too
        }
        texts_.clear();
        characters_.clear();
    }

private:
    struct Text {
        size_t begin, size;
        uint8_t* word_ends;
    };
    std::vector<Text> texts_;
    std::vector<uint32_t> characters_;
    std::vector<uint8_t> word_ends_;
};

}  // namespace cws
