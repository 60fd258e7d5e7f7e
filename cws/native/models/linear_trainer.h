// Trains a linear model: a conditional random field (Lafferty et al. 2001) over the features of linear_model.h, by
// stochastic gradient with AdaGrad (Duchi et al. 2011) and a softmax margin (Gimpel & Smith 2010: every wrong tag is
// scored `margin` higher while training, so that gold must win by that much).
//
// Tried before it, on the dev parts of ctb6, pku and sxu with one word list (F1): averaged perceptron 96.1, 97.0, 94.6;
// AdaGrad without a margin 96.2, 97.4, 94.9; with 96.4, 97.5, 94.9. Dropout of n-grams or of words of the lexicon lost
// 0.1 to 0.6, a larger AdaGrad offset 0.2: rare n-grams must learn fast. docs/notebook/linear.md has more.
//
// Any scheme of 2, 4 or 6 tags can be trained, given by its legality. The models of linear_model.h have four tags, S, B, M
// and E; docs/explanation/tags.md says why.
//
// What a lexicon says of an n-gram (its class, 0 for nothing) has weights of its own, shared by all n-grams of the class
// and order. A trained model adds them to the n-gram's own, so they cost nothing when segmenting.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "models/linear.h"
#include "models/margin_loss.h"

namespace cws {

struct TrainerOptions {  // cws/training/linear.py has the defaults
    float rate, margin;
    int min_trigram_count;   // rarer trigrams get no weights of their own; bigrams all do
    int min_fourgram_count;  // the same for 4-grams, of which only those of the lexicon can
    uint64_t seed;
};

struct LexiconEntry {
    uint64_t key;
    uint16_t lexicon_class;  // from 1
};

// Character classes and tags of sequences, which lie between pairs of edges as score_characters wants them.
struct TaggedCorpus {
    std::vector<uint16_t> codes;
    std::vector<uint8_t> tags;                      // as long as codes; 0 at edges
    std::vector<std::pair<int64_t, int>> sequences; // (begin, count), none empty

    TaggedCorpus() : codes(kPad, kEdge), tags(kPad, 0) {}
    void add(const uint16_t* sequence_codes, const uint8_t* sequence_tags, int count);
};

// What may follow what, as bytes of 0 and 1, shape (tags + 2, tags): [from][to], then the first tag, then the last.
struct TagLegality {
    int tags;
    std::vector<uint8_t> allowed;
};

class LinearTrainer {
public:
    // Throws std::invalid_argument for another number of tags than 2, 4 or 6.
    LinearTrainer(TaggedCorpus corpus, std::vector<uint8_t> types, TagLegality legality,
                  const std::vector<LexiconEntry>& lexicon, TrainerOptions options);

    // One pass over the corpus in random order; returns the mean loss a character, in nats.
    double run_epoch();

    // What the weights so far score the tags of another corpus's characters; shape: (characters, tags).
    std::vector<float> emissions(const TaggedCorpus& corpus) const;

    // The weights of the chain so far, in the shape of TagLegality::allowed.
    const std::vector<float>& chain() const { return chain_.weights; }

    int tags() const { return legality_.tags; }

    // The trained weights but the chain's, those of the lexicon added to their n-grams'.
    struct Weights {
        std::vector<float> unigrams, type_contexts, repetitions;
        std::vector<float> ngrams;        // shape: (keys, 4, tags)
        std::vector<uint64_t> keys;       // ascending
        std::vector<uint8_t> in_lexicon;  // of each key, 1 if a lexicon has it
    };
    Weights weights() const;

private:
    // Rows of weights with AdaGrad's sums of squared gradients.
    struct Table {
        int width = 0;
        std::vector<float> weights, squares;
        Table(size_t rows, int columns)
            : width(columns), weights(rows * size_t(columns)), squares(rows * size_t(columns)) {}
        const float* row(size_t at) const { return weights.data() + at * size_t(width); }
        template <int kWidth>
        void update(size_t at, const float* gradient, float rate);
    };
    // What an n-gram adds: its own weights and its lexicon class's; row 0 of both tables stays zero.
    struct Ngram {
        uint32_t row = 0;
        uint16_t lexicon_row = 0;
    };
    // The n-grams that begin at a character: 2-, 3- and 4-gram.
    using Ngrams = std::array<Ngram, kMaxOrder - 1>;
    // Open addressing from keys to n-grams.
    class Index {
    public:
        explicit Index(size_t capacity);
        Ngram* find(uint64_t key);
        const Ngram* find(uint64_t key) const { return const_cast<Index*>(this)->find(key); }
        Ngram& insert(uint64_t key);
        template <class Visit>
        void for_each(Visit visit) const {
            for (size_t i = 0; i < keys_.size(); ++i)
                if (keys_[i] != kFree) visit(keys_[i], values_[i]);
        }

    private:
        static constexpr uint64_t kFree = ~uint64_t(0);
        std::vector<uint64_t> keys_;
        std::vector<Ngram> values_;
        size_t mask_;
    };

    static Index make_index(const TaggedCorpus& corpus, const std::vector<LexiconEntry>& lexicon,
                            const TrainerOptions& options, size_t& rows, size_t& lexicon_rows);
    Ngrams ngrams_at(const uint16_t* codes) const;
    unsigned type_context(const uint16_t* codes) const;
    template <int K>
    double run_epoch_of();
    template <int K>
    std::vector<float> emissions_of(const TaggedCorpus& corpus) const;
    template <int K>
    void score(const uint16_t* codes, const Ngrams* ngrams, int count, MarginLoss<K>& loss) const;
    template <int K>
    void update(const uint16_t* codes, const Ngrams* ngrams, int count, const MarginLoss<K>& loss);

    TaggedCorpus corpus_;
    std::vector<uint8_t> types_;
    TagLegality legality_;
    TrainerOptions options_;
    size_t rows_ = 0, lexicon_rows_ = 0;
    Index index_;
    std::vector<Ngrams> ngrams_;  // of the corpus, one for each code
    Table unigrams_, own_, lexicon_, type_contexts_, repetitions_, chain_;
    std::vector<uint32_t> order_;
    std::mt19937_64 random_;
};

}  // namespace cws
