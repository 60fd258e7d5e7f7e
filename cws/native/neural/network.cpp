#include "neural/network.h"

#include "chain/chain_decoder.h"
#include "base/characters.h"
#include "chain/sbme.h"

namespace cws {
namespace {

constexpr int kTags = 4;

class NeuralDecoder : public ChainDecoder {
public:
    explicit NeuralDecoder(const Neural& neural)
        : ChainDecoder(neural.word_chain()), neural_(neural), encoder_(neural.network->encoder()), pairs_(size_t(kMaxCodes + 1)), lexicon_(size_t(kMaxCodes)) {}

    void score(const uint16_t* codes, const uint32_t*, int count) override {
        sequences_.clear();
        for (int i = 0; i <= count; ++i) pairs_[size_t(i)] = pair_hash(codes[i - 1], codes[i]);
        for (int begin = 0, end; begin < count; begin = end + 1) {
            for (end = begin; end < count && codes[end] != kEdge;) ++end;
            if (end == begin) continue;
            sequences_.push_back({begin, end});
            lexicon_bits(neural_.lexicon, codes + begin, end - begin, lexicon_.data() + begin);
        }
        encoder_->encode({codes, pairs_.data(), lexicon_.data(), sequences_, rows(0)});
        constexpr float kLimit = 1e6f;  // whatever the weights are, searches get finite scores
        for (const Region& sequence : sequences_)
            for (float* score = rows(sequence.begin); score < rows(sequence.end); ++score)
                *score = *score > -kLimit ? *score < kLimit ? *score : kLimit : -kLimit;
    }

private:
    const Neural& neural_;
    std::unique_ptr<Encoder> encoder_;
    std::vector<uint32_t> pairs_;
    std::vector<uint64_t> lexicon_;
    std::vector<Region> sequences_;
};

}  // namespace

std::unique_ptr<Decoder> Neural::decoder() const { return std::make_unique<NeuralDecoder>(*this); }

WordChain Neural::word_chain() const { return sbme_word_chain(transitions, start, end); }

}  // namespace cws
