// The hidden Markov model of characters and tags as it lies in a mapped file.
//
// Order 1: the score of a character is log P(character | tag); tags are S, B, M, E with transitions of their own.
// Order 2: P(character, tag | the two before), interpolated. A chain of order 1 again, whose tags are the sixteen legal
// triples of S, B, M, E; each row of scores is ready interpolated, so a character costs two searches and a copy:
//
//     the trigram of characters, if known     16 scores, one for each triple of tags
//     else their bigram                        8 scores, one for each pair of tags
//     else the character                       4 scores
//
// N-grams are a tree: those that begin with one class, then those that go on with one bigram, in ascending order.
#pragma once

#include <cstdint>

#include "base/labeler.h"
#include "chain/word_chain.h"

namespace cws {

inline constexpr int kTagPairs = 8;     // of S, B, M, E, that are legal, in lexicographic order
inline constexpr int kTagTriples = 16;

struct Hmm : Labeler {
    std::unique_ptr<Decoder> decoder() const override;
    WordChain word_chain() const;

    int order = 1;
    double scale = 1;                         // nats of one step of a score
    uint32_t class_count = 0;
    const int16_t* scores = nullptr;          // (class_count, 4)
    const int16_t* transitions = nullptr;     // (4, 4); of order 1, as the next two
    const int16_t* start = nullptr;           // (4,)
    const int16_t* end = nullptr;             // (4,)
    const uint32_t* bigram_first = nullptr;   // (class_count + 1,): bigrams of class x are those from [x] to [x + 1]
    const uint16_t* bigram_classes = nullptr; // (bigrams,): their second class
    const int16_t* bigram_scores = nullptr;   // (bigrams, 8)
    const uint32_t* trigram_first = nullptr;  // (bigrams + 1,)
    const uint16_t* trigram_classes = nullptr;// (trigrams,): their third class
    const int16_t* trigram_scores = nullptr;  // (trigrams, 16)
};

}  // namespace cws
