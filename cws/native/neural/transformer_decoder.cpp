// From the characters of a block to the windows that an encoder of transformers reads.
#include <algorithm>

#include "chain/chain_decoder.h"
#include "base/characters.h"
#include "neural/transformer.h"

namespace cws {
namespace {

constexpr int kTags = 4;
constexpr int kMargin = 64;  // characters a window sees, at least, on either side of those whose emissions it gives

class TransformerDecoder : public ChainDecoder {
public:
    explicit TransformerDecoder(const Transformer& transformer)
        : ChainDecoder(sbme_word_chain(transformer.transitions, transformer.start, transformer.end)),
          transformer_(transformer), encoder_(transformer.network->encoder()), tokens_(size_t(kMaxCodes)),
          classes_(size_t(kMaxCodes)), lexicon_(size_t(kMaxCodes)) {}

    void score(const uint16_t* codes, const uint32_t* characters, int count) override {
        windows_.clear();
        for (int begin = 0, end; begin < count; begin = end + 1) {
            for (end = begin; end < count && codes[end] != kEdge; ++end) {
                const uint32_t code = characters[end];
                tokens_[size_t(end)] = code < kBmp ? transformer_.tokens[code] : transformer_.unknown;
            }
            if (end == begin) continue;
            if (transformer_.has_lexicon) find_words(begin, end);
            for (const WindowPlace& place : window_places(end - begin, transformer_.longest)) {
                const int at = begin + place.begin;
                windows_.push_back({tokens_.data() + at, nullptr, lexicon_.data() + at, place.end - place.begin,
                                    place.first - place.begin, place.last - place.begin, rows(at)});
            }
        }
        if (transformer_.has_features) find_pairs();
        encoder_->encode(windows_);
        constexpr float kLimit = 1e6f;  // whatever the weights are, searches get finite scores
        for (const Window& window : windows_)
            for (float* at = window.emissions + kTags * window.first; at < window.emissions + kTags * window.last; ++at)
                *at = *at > -kLimit ? *at < kLimit ? *at : kLimit : -kLimit;
    }

private:
    void find_words(int begin, int end) {
        for (int i = begin; i < end; ++i) classes_[size_t(i)] = uint16_t(tokens_[size_t(i)]);
        lexicon_bits(transformer_.lexicon, classes_.data() + begin, end - begin, lexicon_.data() + begin);
    }

    // The edges of windows count as characters, so these are of windows, not of the block.
    void find_pairs() {
        size_t count = 0;
        for (const Window& window : windows_) count += size_t(window.count) + 1;
        pairs_.resize(count);
        uint32_t* at = pairs_.data();
        for (Window& window : windows_) {
            window.pairs = at;
            for (int i = 0; i <= window.count; ++i)
                *at++ = pair_hash(i > 0 ? window.tokens[i - 1] : kEdge, i < window.count ? window.tokens[i] : kEdge);
        }
    }

    const Transformer& transformer_;
    std::unique_ptr<WindowEncoder> encoder_;
    std::vector<uint32_t> tokens_, pairs_;
    std::vector<uint16_t> classes_;  // the tokens once more, for the trie
    std::vector<uint64_t> lexicon_;
    std::vector<Window> windows_;
};

}  // namespace

std::vector<WindowPlace> window_places(int length, int longest) {
    if (length <= longest) return {{0, length, 0, length}};
    const int margin = std::min(kMargin, (longest - 1) / 2), step = longest - 2 * margin;
    std::vector<WindowPlace> result;
    for (int begin = 0, first = 0; first < length; begin += step) {
        begin = std::min(begin, length - longest);
        const int next = std::min(begin + step, length - longest);
        const int last = begin == next ? length : next + margin;
        if (first < last) result.push_back({begin, begin + longest, first, last});
        first = last;
    }
    return result;
}

std::unique_ptr<Decoder> Transformer::decoder() const { return std::make_unique<TransformerDecoder>(*this); }

}  // namespace cws
