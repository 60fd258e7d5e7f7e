#include "segment/tokens.h"

#include <cmath>
#include <limits>

namespace cws {
namespace {

// The tokens of one text, one sequence after the other.
template <class Char>
class TokenFinder {
public:
    TokenFinder(const Char* text, size_t size, const UserDictionary* dictionary)
        : text_(text), size_(size), dictionary_(dictionary), word_ends_(size), types_(text, size) {}

    std::vector<Token> run(Segmenter& segmenter) {
        segmenter.word_ends(text_, size_, dictionary_, word_ends_.data());
        const auto certain = [](const Token&, bool) { return 1.0; };
        segmenter.for_each_sequence(text_, size_, [&](size_t at, Decoder& decoder, int begin, int count) {
            add_until(at, certain);  // white space
            segmenter.constrain(decoder, at, begin, count);
            decoder.read(begin, count);
            add_until(at + size_t(count), [&](const Token& token, bool is_decided) {
                if (token.begin < at) return 1.0;  // joined by the dictionary
                const int first = int(token.begin - at), last = int(token.end - 1 - at);
                return is_decided ? decoder.span_probability(first, last) : decoder.word_probability(first, last);
            });
        });
        add_until(size_, certain);
        return std::move(tokens_);
    }

private:
    // Adds the words that end before a place. probability(token, is_decided): the model's, of being one word; of what the
    // user decides, of its two ends.
    template <class Probability>
    void add_until(size_t end, Probability probability) {
        for (size_t last = next_; last < end; ++last) {
            if (!word_ends_[last]) continue;
            Token token{next_, last + 1, {}, 0, types_.of(next_, last + 1)};
            Entry entry = find_entry(token);
            token.probability = probability(token, entry.weight == kDecided);
            if (Trie::is_word(entry.weight) && entry.weight != kDecided)
                token.probability = add_log_odds(token.probability, entry.weight);
            token.label = std::move(entry.label);
            tokens_.push_back(std::move(token));
            next_ = last + 1;
        }
    }

    // A part of a run of letters and digits is no entry, whatever the dictionary has.
    Entry find_entry(const Token& token) const {
        const bool is_torn = is_inside_run(text_, size_, token.begin) || is_inside_run(text_, size_, token.end);
        if (!dictionary_ || is_torn) return {std::numeric_limits<double>::quiet_NaN(), {}};
        return dictionary_->find(text_ + token.begin, token.end - token.begin);
    }

    const Char* text_;
    size_t size_;
    const UserDictionary* dictionary_;
    std::vector<uint8_t> word_ends_;
    TokenTypes<Char> types_;
    std::vector<Token> tokens_;
    size_t next_ = 0;  // where the next token begins
};

}  // namespace

double add_log_odds(double probability, double nats) {
    if (nats >= kForced) return 1;
    if (nats <= kNever) return 0;
    return probability > 0 ? 1 / (1 + (1 - probability) / probability * std::exp(-nats)) : 0;
}

std::vector<Token> find_tokens(Segmenter& segmenter, const TextView& text, const UserDictionary* dictionary) {
    return text.visit([&](const auto* characters, size_t size) {
        return TokenFinder(characters, size, dictionary).run(segmenter);
    });
}

}  // namespace cws
