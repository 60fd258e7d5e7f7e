// The linear model as it lies in a mapped file, and how it scores.
//
// The score of a tag at a character is a sum over what stands near it: the characters up to two places away, the 2-, 3-
// and 4-grams that touch it, the types of the five characters around it, and which of its neighbours repeat each other.
// For each n-gram the model keeps the scores of every character it touches together, so a character costs one look-up
// for each n-gram that begins there (vaporetto's layout) and two 128-bit loads; the sums stay in a register:
//
//     at step i the register holds the unfinished sums of characters i-1, i, i+1, i+2.
#pragma once

#include <cstdint>

#include "base/characters.h"
#include "base/labeler.h"
#include "models/ngram_weights.h"
#include "chain/word_chain.h"

namespace cws {

inline constexpr int kUnigramPositions = 5;  // i-2 ... i+2
inline constexpr int kTypeContexts = 1 << 15;
inline constexpr int kRepetitions = 32;

// Where the four characters that an n-gram scores begin, from its first character: 2- and 3-grams score one character
// before them. (One after instead, for 3-grams, did the same on dev.)
inline constexpr int kFirstScored[kMaxOrder - 1] = {-1, -1, 0};

struct LinearModel : Labeler {
    std::unique_ptr<Decoder> decoder() const override;
    // The scores between tags, as the decoder of chain.h has them. The probability of tags is exp(scale * their score).
    WordChain word_chain() const;

    const uint8_t* types = nullptr;         // (class_count,)
    const int8_t* unigrams = nullptr;       // (class_count, 5, 4)
    const int16_t* type_contexts = nullptr; // (32768, 4)
    const int16_t* repetitions = nullptr;   // (32, 4)
    const int16_t* transitions = nullptr;   // (4, 4), [from][to]
    const int16_t* start = nullptr;         // (4,)
    const int16_t* end = nullptr;           // (4,)
    uint32_t class_count = 0;
    NgramTable ngrams;
    double scale = 1;  // nats of one step of a score
};

// Which of the characters around c[0] are the same, as five bits.
inline unsigned repetition_of(const uint16_t* c) {
    return unsigned(c[0] == c[-1]) | unsigned(c[0] == c[1]) << 1 | unsigned(c[-1] == c[1]) << 2 |
           unsigned(c[0] == c[-2]) << 3 | unsigned(c[0] == c[2]) << 4;
}

// Scores characters: emissions has shape (count, 4). codes[-2] to codes[count + 1] must be readable; what is not to be
// seen by its neighbours must be kept apart by two edges.
void score_characters(const LinearModel& model, const uint16_t* codes, int count, int16_t* emissions);

}  // namespace cws
