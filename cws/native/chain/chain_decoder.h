// A decoder of models whose scores of a block are emissions of a chain of tags: all but the scoring itself.
#pragma once

#include <algorithm>
#include <vector>

#include "chain/sbme.h"
#include "chain/short_region.h"
#include "chain/span_scores.h"
#include "chain/word_chain.h"

namespace cws {

// The chain of a model of S, B, M, E: transitions (4, 4), start (4,), end (4,), of which what is illegal is not read.
// scale: nats of one step of the scores.
template <class Score>
WordChain sbme_word_chain(const Score* transitions, const Score* start, const Score* end, double scale = 1.0) {
    constexpr size_t kTags = 4;
    std::vector<float> scores(kTags * (kTags + 2), kForbidden);
    for (const Tag tag : {S, B, M, E})
        for (const Tag before : kBefore[tag]) scores[kTags * before + tag] = transitions[kTags * before + tag];
    WordTags words{std::vector<uint8_t>(kTags), std::vector<uint8_t>(kTags)};
    for (const Tag first : kFirstTags) {
        scores[kTags * kTags + first] = start[first];
        words.opens[first] = 1;
    }
    for (const Tag last : kLastTags) {
        scores[kTags * (kTags + 1) + last] = end[last];
        words.closes[last] = 1;
    }
    return WordChain(std::move(words), std::move(scores), scale, true, 1);
}

class ChainDecoder : public Decoder {
public:
    explicit ChainDecoder(WordChain words)
        : words_(std::move(words)), tags_(words_.tags()), emissions_(size_t(kMaxCodes * tags_)) {}

    void constrain(int begin, int count, const uint8_t* places) override {
        words_.constrain(rows(begin), count, places);
    }
    void word_ends(int begin, int count, uint8_t* word_ends) override {
        words_.word_ends(rows(begin), count, word_ends);
    }
    void resegment(int begin, int count, Region region, const uint8_t* boundaries, const std::vector<EntryMatch>& matches,
                uint8_t* word_ends) override {
        if (words_.resegment_short(rows(begin), count, region, boundaries, matches, word_ends)) return;
        const Region seen = words_.surroundings(region, count);
        words_.resegment(rows(begin + seen.begin), count, seen, region, boundaries, matches, word_ends);
    }
    double score_words(int begin, int count, const std::vector<EntryMatch>& matches,
                       const uint8_t* word_ends) override {
        return words_.score_words(rows(begin), count, matches, word_ends);
    }
    std::vector<ScoredWordEnds> nbest(int begin, int count, int n) override {
        return words_.nbest(rows(begin), count, n);
    }
    void read(int begin, int count) override { words_.read(rows(begin), count); }
    double word_probability(int first, int last) const override { return words_.word_probability(first, last); }
    double span_probability(int first, int last) const override { return words_.span_probability(first, last); }
    void read_spans(int begin, int count, Region part) override {
        words_.read_spans(rows(begin), count, part);
        spans_begin_ = begin;
    }
    void span_scores(int first, const std::vector<int>& ends, double limit, std::vector<double>& scores) override {
        words_.span_scores(rows(spans_begin_), first, ends, limit, scores);
    }
    std::vector<float> emissions(int begin, int count) const override {
        return {rows(begin), rows(begin + count)};
    }

protected:
    const float* rows(int at) const { return emissions_.data() + at * tags_; }
    float* rows(int at) { return emissions_.data() + at * tags_; }
    int tags() const { return tags_; }

private:
    WordChain words_;
    int tags_, spans_begin_ = 0;
    std::vector<float> emissions_;  // (codes of a block, tags), which `score` fills
};

}  // namespace cws
