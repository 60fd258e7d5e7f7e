#include "models/hmm.h"

#include <algorithm>
#include <array>

#include "chain/chain_decoder.h"
#include "chain/sbme.h"

namespace cws {
namespace {

struct Triple {
    Tag tags[3];
    int pair;  // the index of its last two among the legal pairs
};

// Pairs and triples in lexicographic order.
std::array<Triple, kTagTriples> legal_triples() {
    std::array<Triple, kTagTriples> triples{};
    size_t at = 0;
    for (const Tag first : {S, B, M, E})
        for (const Tag second : kAfter[first])
            for (const Tag third : kAfter[second])
                triples[at++] = {{first, second, third}, 2 * second + (third == kAfter[second][1])};
    return triples;
}

const std::array<Triple, kTagTriples> kTriples = legal_triples();

class HmmDecoder : public ChainDecoder {
public:
    explicit HmmDecoder(const Hmm& hmm) : ChainDecoder(hmm.word_chain()), hmm_(hmm) {}

    void score(const uint16_t* codes, const uint32_t*, int count) override {
        float* row = rows(0);
        if (hmm_.order == 1) {
            for (int i = 0; i < count; ++i, row += 4) std::copy_n(hmm_.scores + 4 * codes[i], 4, row);
            return;
        }
        int64_t before = find_bigram(codes[-2], codes[-1]);
        for (int i = 0; i < count; ++i, row += kTagTriples) {
            const int64_t here = find_bigram(codes[i - 1], codes[i]);
            const int64_t trigram = before < 0 ? -1
                                               : find(hmm_.trigram_classes, hmm_.trigram_first[before],
                                                      hmm_.trigram_first[before + 1], codes[i]);
            if (trigram >= 0) {
                std::copy_n(hmm_.trigram_scores + kTagTriples * trigram, kTagTriples, row);
            } else if (here >= 0) {
                for (size_t k = 0; k < kTagTriples; ++k)
                    row[k] = hmm_.bigram_scores[kTagPairs * here + kTriples[k].pair];
            } else {
                for (size_t k = 0; k < kTagTriples; ++k) row[k] = hmm_.scores[4 * codes[i] + kTriples[k].tags[2]];
            }
            before = here;
        }
    }

private:
    int64_t find_bigram(uint16_t first, uint16_t second) const {
        return find(hmm_.bigram_classes, hmm_.bigram_first[first], hmm_.bigram_first[first + 1], second);
    }

    static int64_t find(const uint16_t* classes, uint32_t begin, uint32_t end, uint16_t wanted) {
        const uint16_t* const found = std::lower_bound(classes + begin, classes + end, wanted);
        return found != classes + end && *found == wanted ? found - classes : -1;
    }

    const Hmm& hmm_;
};

}  // namespace

std::unique_ptr<Decoder> Hmm::decoder() const { return std::make_unique<HmmDecoder>(*this); }

WordChain Hmm::word_chain() const {
    const size_t tags = order == 1 ? 4 : kTagTriples;
    std::vector<float> chain(tags * (tags + 2), kForbidden);
    float* const starts = chain.data() + tags * tags;
    float* const ends = starts + tags;
    WordTags words{std::vector<uint8_t>(tags), std::vector<uint8_t>(tags)};
    for (size_t tag = 0; tag < tags; ++tag) {
        const Tag last = order == 1 ? Tag(tag) : kTriples[tag].tags[2];
        words.opens[tag] = last == S || last == B;
        words.closes[tag] = last == S || last == E;
        if (words.closes[tag]) ends[tag] = order == 1 ? end[tag] : 0;
        if (order == 1) {
            if (words.opens[tag]) starts[tag] = start[tag];
            for (const Tag before : kBefore[tag]) chain[size_t(4 * before) + tag] = transitions[size_t(4 * before) + tag];
        } else {
            const Triple& here = kTriples[tag];
            if (here.tags[0] == S && here.tags[1] == S) starts[tag] = 0;  // before a text stand two words
            for (size_t before = 0; before < tags; ++before)
                if (kTriples[before].tags[1] == here.tags[0] && kTriples[before].tags[2] == here.tags[1])
                    chain[before * tags + tag] = 0;
        }
    }
    return WordChain(std::move(words), std::move(chain), scale, order == 1, order);
}

}  // namespace cws
