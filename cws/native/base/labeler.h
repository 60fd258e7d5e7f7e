// What the segmenter asks of a model: to score characters, and to say where words end in a sequence of them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace cws {

inline constexpr int kPad = 2;             // edges before and after every sequence
inline constexpr int kMaxSequence = 1024;  // characters that are decoded together
inline constexpr int kBlock = 2 * kMaxSequence;                   // codes scored together: a first-level cache full
inline constexpr int kMaxCodes = kBlock + kMaxSequence + 2 * kPad;  // of a block, edges included

struct ScoredWordEnds {
    double score;  // in the model's own scale
    std::vector<uint8_t> word_ends;
};

// Some whole words of a sequence: characters begin to end - 1 of it.
struct Region {
    int begin, end;
};

// What is known of a place between two characters.
enum Boundary : uint8_t { kFree, kBoundary, kNoBoundary };

// An entry of a user dictionary found in a sequence: characters begin to end - 1 of it, and its log-odds in nats.
struct EntryMatch {
    int begin, end;
    double weight;
};

// A model's scratch memory and the scores of one block of characters. Of one thread.
class Decoder {
public:
    virtual ~Decoder() = default;

    // Scores a block. codes[-2] to codes[count + 1] must be readable, count at most kMaxCodes; what is not to be seen by
    // its neighbours must be kept apart by two edges.
    // characters: the code points, for labelers that read them; else null.
    virtual void score(const uint16_t* codes, const uint32_t* characters, int count) = 0;

    // What is known of the places after the characters of a sequence, before it is asked about: no word has a boundary
    // inside it, or none at its ends, that this forbids. places: count of Boundary; the last says nothing.
    virtual void constrain(int begin, int count, const uint8_t* places) = 0;

    // About the characters begin ... begin + count - 1 of the block, one sequence; count >= 1.
    virtual void word_ends(int begin, int count, uint8_t* word_ends) = 0;

    // The best words that keep to the places, of a sequence whose best words are in word_ends; the last it was asked about.
    // It may be constrained afterwards, or not.
    virtual void keep_to(int begin, int count, const uint8_t* places, uint8_t* word_ends) {
        constrain(begin, count, places);
        this->word_ends(begin, count, word_ends);
    }

    // The best words of a region of that sequence again, whose words are in word_ends, where each match that is a word
    // adds its log-odds to the score. boundaries: of each place of the region, its two ends included. The words outside
    // stay, and those inside too if no others are better.
    virtual void resegment(int begin, int count, Region region, const uint8_t* boundaries,
                        const std::vector<EntryMatch>& matches, uint8_t* word_ends) = 0;
    // The score of words of that sequence, with the log-odds of the matches among them.
    virtual double score_words(int begin, int count, const std::vector<EntryMatch>& matches,
                               const uint8_t* word_ends) = 0;

    virtual std::vector<ScoredWordEnds> nbest(int begin, int count, int n) = 0;  // best first
    virtual void read(int begin, int count) = 0;                                 // for word_probability
    virtual std::vector<float> emissions(int begin, int count) const = 0;        // (count, K), for tests

    // The probability that characters first to last of the sequence read are one word.
    virtual double word_probability(int first, int last) const = 0;
    // The probability of a cut before character first and one after last, whatever is between.
    virtual double span_probability(int first, int last) const = 0;

    // Makes span_scores ready for a sequence: the best scores of all that leads to a place and away from it. part: of it,
    // where the spans are.
    virtual void read_spans(int begin, int count, Region part) = 0;
    // scores[i]: of the best segmentation with a cut before character first and a cut before ends[i], less that of the
    // best of all: nats, 0 or less; -inf if there is none, or for a score below -limit. ends: rising, from first + 1 on.
    virtual void span_scores(int first, const std::vector<int>& ends, double limit, std::vector<double>& scores) = 0;
};

class Labeler {
public:
    virtual ~Labeler() = default;
    virtual std::unique_ptr<Decoder> decoder() const = 0;  // must not outlive the labeler

    const uint16_t* classes = nullptr;  // (65536,), see characters.h
    bool reads_characters = false;
    bool reads_side_by_side = false;  // the more sequences in a block, the faster
};

}  // namespace cws
