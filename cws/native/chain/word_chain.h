// Words out of the chains of chain.h: which tags begin and end them, how likely each is, and the n best ways to cut.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "chain/chain.h"
#include "base/labeler.h"

namespace cws {

// A chain whose tags say by themselves where words begin and end, such as S, B, M, E.
struct WordTags {
    std::vector<uint8_t> opens, closes;  // of each tag, 1 or 0
};

class WordChain {
public:
    // scores: transitions (K, K), start (K,), end (K,), one after the other; -inf where illegal. The probability of a tag
    // sequence is proportional to exp(scale * score). order: so many boundaries of words, with the one before the
    // character, say which tag it has.
    WordChain(WordTags words, std::vector<float> scores, double scale, bool is_sbme, int order);

    int tags() const { return tags_; }

    // The best tags of one sequence; emissions: (count, K), count >= 1, in the unit of the scores.
    void word_ends(const float* emissions, int count, uint8_t* word_ends);
    std::vector<ScoredWordEnds> nbest(const float* emissions, int count, int n) const;

    // The characters whose emissions matter to the words of a region of a sequence.
    Region surroundings(Region region, int count) const;
    // As Decoder::resegment. emissions: of the characters of `seen`, the surroundings of the region.
    void resegment(const float* emissions, int count, Region seen, Region region, const uint8_t* boundaries,
                const std::vector<EntryMatch>& matches, uint8_t* word_ends);
    // The same for a short region in a chain of S, B, M, E, ten times as fast; false: it is not one.
    // emissions: of the whole sequence, of any type.
    template <class Score>
    bool resegment_short(const Score* emissions, int count, Region region, const uint8_t* boundaries,
                      const std::vector<EntryMatch>& matches, uint8_t* word_ends) const;

    // As Decoder::constrain. emissions: of the whole sequence.
    void constrain(float* emissions, int count, const uint8_t* places) const;

    // As Decoder::score_words.
    double score_words(const float* emissions, int count, const std::vector<EntryMatch>& matches,
                       const uint8_t* word_ends);

    void read(const float* emissions, int count);  // for word_probability
    double word_probability(int first, int last) const;
    double span_probability(int first, int last) const;

    // As of Decoder. emissions: of the whole sequence, of any type.
    template <class Score>
    void read_spans(const Score* emissions, int count, Region part);
    template <class Score>
    void span_scores(const Score* emissions, int first, const std::vector<int>& ends, double limit,
                     std::vector<double>& scores);

private:
    static Chain chain_of(int tags, const std::vector<float>& scores, bool is_sbme) {
        const float* const transitions = scores.data();
        return {tags, transitions, transitions + tags * tags, transitions + tags * tags + tags, is_sbme};
    }

    // One way through the tags so far: its score, and the last word on it, an index of ends_.
    struct Way {
        double score;
        int32_t word;
    };
    static constexpr Way kNoWay{-INFINITY, -1};
    static void improve(Way& best, const Way& way, double score) {
        if (way.score + score > best.score) best = {way.score + score, way.word};
    }
    // read_spans and span_scores of a chain of S, B, M, E, whose transitions are written out: most of what an entry costs.
    template <class Score>
    void read_sbme_spans(const Score* emissions, int count, Region part);
    template <class Score>
    void sbme_span_scores(const Score* emissions, int first, const std::vector<int>& ends, double limit,
                          std::vector<double>& scores);
    double cut_score(int place) const;  // of the best way with a cut before a character

    struct WordEnd {
        int32_t end, before;  // the place of the word's end, and the word before, or -1
    };
    // A way whose last word began where matches begin, until the longest of them ends: [k] for each tag.
    struct Track {
        size_t match, last_match;  // begin and end of a range
        int end;                   // of the longest
        std::vector<Way> ways;
    };
    template <class Fits>
    double probability_of(int first, int last, Fits fits) const;
    Way best_words(const float* emissions, int count, Region seen, const std::vector<EntryMatch>& matches);
    // The steps of best_words, in order.
    void enter(bool is_first, uint8_t place);
    void advance();
    void step(std::vector<Way>& ways);
    size_t open_words(int at, size_t first, const std::vector<EntryMatch>& matches);
    void add_emissions(const float* row);
    void close_words(int end, const std::vector<EntryMatch>& matches);
    void close_tracks(int end);
    Way best_way(bool is_last) const;
    void set_places(Region seen, const uint8_t* word_ends);

    WordTags words_;
    int tags_, order_;
    double scale_;
    bool is_sbme_;
    std::vector<float> whole_, scaled_;  // as they are, for exact sums; and times scale
    std::vector<float> marginals_, pairwise_;
    // For span_scores, (count, K): the best score of ways up to a character's tag, and of ways on from it; of all ways.
    std::vector<double> forward_, onward_, step_, reached_;
    double best_ = 0;
    int span_count_ = 0;  // characters of the sequence they are of

    // For resegment: the legal pairs of tags inside a word and between words, and scratch.
    struct Pair {
        int from, to;
        double score;
    };
    std::vector<Pair> inside_, between_;
    std::vector<uint8_t> places_, again_;
    std::vector<WordEnd> ends_;
    std::vector<Way> main_, closed_, opened_, next_;
    std::vector<Track> tracks_;
};

}  // namespace cws
