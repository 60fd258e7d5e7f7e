#include "neural.h"

#include "characters.h"
#include "lexicon_bits.h"
#include "sbme.h"
#include "short_region.h"

namespace cws {
namespace {

constexpr int kTags = 4;

class NeuralDecoder : public Decoder {
public:
    explicit NeuralDecoder(const Neural& neural)
        : neural_(neural), encoder_(neural.network->encoder()), words_(neural.word_chain()),
          emissions_(size_t(kMaxCodes * kTags)), pairs_(size_t(kMaxCodes + 1)), lexicon_(size_t(kMaxCodes)) {}

    void score(const uint16_t* codes, const uint32_t*, int count) override {
        sequences_.clear();
        for (int i = 0; i <= count; ++i) pairs_[size_t(i)] = pair_hash(codes[i - 1], codes[i]);
        for (int begin = 0, end; begin < count; begin = end + 1) {
            for (end = begin; end < count && codes[end] != kEdge;) ++end;
            if (end == begin) continue;
            sequences_.push_back({begin, end});
            lexicon_bits(neural_.lexicon, codes + begin, end - begin, lexicon_.data() + begin);
        }
        encoder_->encode({codes, pairs_.data(), lexicon_.data(), sequences_, emissions_.data()});
        constexpr float kLimit = 1e6f;  // whatever the weights are, searches get finite scores
        for (const Region& sequence : sequences_)
            for (int i = kTags * sequence.begin; i < kTags * sequence.end; ++i) {
                const float score = emissions_[size_t(i)];
                emissions_[size_t(i)] = score > -kLimit ? score < kLimit ? score : kLimit : -kLimit;
            }
    }

    void word_ends(int begin, int count, uint8_t* word_ends) override { words_.word_ends(rows(begin), count, word_ends); }
    void reword(int begin, int count, Region region, const uint8_t* boundaries, const std::vector<EntryMatch>& matches,
                uint8_t* word_ends) override {
        if (words_.reword_short(rows(begin), count, region, boundaries, matches, word_ends)) return;
        const Region seen = words_.surroundings(region, count);
        words_.reword(rows(begin + seen.begin), count, seen, region, boundaries, matches, word_ends);
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
    std::vector<float> emissions(int begin, int count) const override { return {rows(begin), rows(begin + count)}; }

private:
    const float* rows(int begin) const { return emissions_.data() + begin * kTags; }

    const Neural& neural_;
    std::unique_ptr<Encoder> encoder_;
    WordChain words_;
    std::vector<float> emissions_;
    std::vector<uint32_t> pairs_;
    std::vector<uint16_t> lexicon_;
    std::vector<Region> sequences_;
};

}  // namespace

std::unique_ptr<Decoder> Neural::decoder() const { return std::make_unique<NeuralDecoder>(*this); }

WordChain Neural::word_chain() const {
    std::vector<float> scores(kTags * (kTags + 2), kForbidden);
    for (const Tag tag : {S, B, M, E})
        for (const Tag before : kBefore[tag]) scores[size_t(kTags * before + tag)] = transitions[kTags * before + tag];
    for (const Tag first : {S, B}) scores[size_t(kTags * kTags + first)] = start[first];
    for (const Tag last : {S, E}) scores[size_t(kTags * (kTags + 1) + last)] = end[last];
    return WordChain({{1, 1, 0, 0}, {1, 0, 0, 1}}, std::move(scores), 1.0, true, 1);
}

}  // namespace cws
