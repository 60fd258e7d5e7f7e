#include "models/linear.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "chain/chain_decoder.h"
#include "chain/constraints.h"
#include "chain/sbme.h"
#include "chain/short_region.h"
#include "chain/span_scores.h"
#include "base/cpu_dispatch.h"

namespace cws {
namespace {

// Sixteen 16-bit sums. Compilers turn these into two SSE2 or NEON registers or one of AVX2.
typedef int16_t Sums __attribute__((vector_size(32)));
typedef int8_t Weights __attribute__((vector_size(16)));

alignas(16) constexpr int8_t kNothing[kLanes] = {};

inline Sums load(const int8_t* weights) {
    Weights narrow;
    std::memcpy(&narrow, weights, sizeof narrow);
    return __builtin_convertvector(narrow, Sums);
}

struct Lookup {
    const Bucket* bucket;
    uint32_t fingerprint;
};

inline Lookup look_up(const NgramTable& table, uint64_t key) {
    const Hash hash(key);
    const Bucket* bucket = table.bucket_of(hash);
    __builtin_prefetch(bucket);
    return {bucket, hash.fingerprint};
}

inline const int8_t* weights_or_nothing(const Lookup& at) {
    const int entry = find_entry(*at.bucket, at.fingerprint);
    return entry < 0 ? kNothing : at.bucket->weights[entry];
}

}  // namespace

// Buckets are fetched this many characters ahead: some 400 cycles of work, more than memory takes to answer.
constexpr int kAhead = 16;

CWS_CPU_DISPATCH void score_characters(const LinearModel& model, const uint16_t* codes, int count, int16_t* emissions) {
    Lookup bigrams[kAhead], trigrams[kAhead];  // rings
    const auto fetch = [&](int i) {
        bigrams[i & (kAhead - 1)] = look_up(model.ngrams, bigram_key(codes + i));
        trigrams[i & (kAhead - 1)] = look_up(model.ngrams, trigram_key(codes + i));
    };
    const auto type = [&](int i) { return unsigned(model.types[codes[i]]); };
    // N-grams begin at -1, where the edge is their first character; the last begins at count - 1.
    for (int i = -1; i < kAhead - 1 && i < count; ++i) fetch(i);

    Sums sums = {};
    Sums fourgram = {};                  // found one step ago, when its first character was c[i - 1]
    int16_t finished[kTags] = {};        // all but the unigram two places on, for character i - 2
    unsigned context = 0;                // the types of the last five characters, three bits each
    // shape of a unigram's row: [i-2, i-1, i, i+1, i+2][tag]
    for (int i = -2; i < count + kPad; ++i) {
        const int8_t* unigram = model.unigrams + size_t(codes[i]) * (kUnigramPositions * kTags);
        context = (context << 3 | type(i)) & (kTypeContexts - 1);
        if (i >= kPad) {
            const int16_t* repetition = model.repetitions + repetition_of(codes + i - 2) * kTags;
            const int16_t* types = model.type_contexts + context * kTags;
            for (int k = 0; k < kTags; ++k)
                emissions[(i - 2) * kTags + k] = int16_t(finished[k] + unigram[k] + repetition[k] + types[k]);
        }
        sums += load(unigram + kTags) + fourgram;
        fourgram = Sums{};
        if (i >= -1 && i < count) {
            const Lookup& bigram = bigrams[i & (kAhead - 1)];
            const Lookup& trigram = trigrams[i & (kAhead - 1)];
            sums += load(weights_or_nothing(bigram));
            const int entry = find_entry(*trigram.bucket, trigram.fingerprint);
            sums += load(entry < 0 ? kNothing : trigram.bucket->weights[entry]);
            if (entry >= 0 && (trigram.bucket->flags[entry] & kIsPrefix))
                fourgram = load(weights_or_nothing(look_up(model.ngrams, fourgram_key(codes + i))));
            if (i + kAhead < count) fetch(i + kAhead);
        }
        std::memcpy(finished, &sums, sizeof finished);
        Sums next = {};
        std::memcpy(&next, reinterpret_cast<const char*>(&sums) + sizeof finished, sizeof sums - sizeof finished);
        sums = next;
    }
}

namespace {

class LinearDecoder : public Decoder {
public:
    explicit LinearDecoder(const LinearModel& model)
        : model_(model), chain_{model.transitions, model.start, model.end} {}

    void score(const uint16_t* codes, const uint32_t*, int count) override { score_characters(model_, codes, count, emissions_); }

    void constrain(int begin, int count, const uint8_t* places) override {
        constexpr uint8_t kOpens[kTags] = {1, 1, 0, 0}, kCloses[kTags] = {1, 0, 0, 1};  // S, B, M, E
        constrain_tags(emissions_ + begin * kTags, count, kTags, kOpens, kCloses, int16_t(-32768), places);
    }

    void word_ends(int begin, int count, uint8_t* word_ends) override {
        viterbi_word_ends(chain_, emissions_ + begin * kTags, count, back_, word_ends);
    }

    // Where few words do not keep to the places, constrains and decodes only what is around them. The result is the same: the
    // best of more paths, which is one of those allowed, is the best of these. An impossible score never is a better one.
    void keep_to(int begin, int count, const uint8_t* places, uint8_t* word_ends) override {
        constexpr int kAround = 12, kFew = 64;  // a wrong place in so many characters
        if (count < kFew) return Decoder::keep_to(begin, count, places, word_ends);
        const auto is_wrong = [&](int at) { return (places[at] & (1 + word_ends[at])) != 0; };
        int wrong = 0;
        for (int at = 0; at + 1 < count; ++at) wrong += is_wrong(at);
        int steps = wrong <= count / kFew ? 4 * wrong : 0;
        int16_t* const rows = emissions_ + begin * kTags;
        std::array<int16_t, kTags*(2 * kAround + 1)> old;
        for (int at = 0; at + 1 < count; ++at) {
            if (!is_wrong(at)) continue;
            if (steps-- == 0) return Decoder::keep_to(begin, count, places, word_ends);
            const int first = std::max(at - kAround, 0), last = std::min(at + kAround, count - 1);
            std::copy(rows + first * kTags, rows + (last + 1) * kTags, old.begin());
            constrain(begin + first, last + 1 - first, places + first);
            if (std::equal(rows + first * kTags, rows + (last + 1) * kTags, old.begin())) continue;  // no others are better
            at = viterbi_word_ends_again(chain_, rows, old.data(), first, last, count, back_, word_ends) - 1;
        }
    }

    void resegment(int begin, int count, Region region, const uint8_t* boundaries, const std::vector<EntryMatch>& matches,
                uint8_t* word_ends) override {
        const int16_t* const rows = emissions_ + begin * kTags;
        if (words().resegment_short(rows, count, region, boundaries, matches, word_ends)) return;
        const Region seen = words().surroundings(region, count);
        seen_.assign(rows + seen.begin * kTags, rows + seen.end * kTags);
        words().resegment(seen_.data(), count, seen, region, boundaries, matches, word_ends);
    }

    double score_words(int begin, int count, const std::vector<EntryMatch>& matches,
                       const uint8_t* word_ends) override {
        return words().score_words(emissions(begin, count).data(), count, matches, word_ends);
    }

    std::vector<ScoredWordEnds> nbest(int begin, int count, int n) override {
        return words().nbest(emissions(begin, count).data(), count, n);
    }

    void read(int begin, int count) override { words().read(emissions(begin, count).data(), count); }

    double word_probability(int first, int last) const override { return words_->word_probability(first, last); }
    double span_probability(int first, int last) const override { return words_->span_probability(first, last); }

    void read_spans(int begin, int count, Region part) override {
        words().read_spans(emissions_ + begin * kTags, count, part);
        spans_begin_ = begin;
    }
    void span_scores(int first, const std::vector<int>& ends, double limit, std::vector<double>& scores) override {
        words_->span_scores(emissions_ + spans_begin_ * kTags, first, ends, limit, scores);
    }

    std::vector<float> emissions(int begin, int count) const override {
        return {emissions_ + begin * kTags, emissions_ + (begin + count) * kTags};
    }

private:
    WordChain& words() {
        if (!words_) words_ = std::make_unique<WordChain>(model_.word_chain());
        return *words_;
    }

    const LinearModel& model_;
    ChainScores chain_;
    std::vector<float> seen_;           // emissions of a region and what is around it
    std::unique_ptr<WordChain> words_;  // made when first asked for: segmenting does without
    int spans_begin_ = 0;
    alignas(32) int16_t emissions_[kMaxCodes * kTags];
    uint8_t back_[kMaxSequence];
};

}  // namespace

std::unique_ptr<Decoder> LinearModel::decoder() const { return std::make_unique<LinearDecoder>(*this); }

WordChain LinearModel::word_chain() const {
    return sbme_word_chain(transitions, start, end, scale);
}

}  // namespace cws
