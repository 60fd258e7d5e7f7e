// Trains a linear model: a conditional random field (Lafferty et al. 2001) over the features of linear_model.h, by
// stochastic gradient with AdaGrad (Duchi et al. 2011) and a softmax margin (Gimpel & Smith 2010: every wrong tag is
// scored `margin` higher while training, so that gold must win by that much).
//
// Tried before it, on the dev parts of ctb6, pku and sxu with one word list (F1): averaged perceptron 96.1, 97.0, 94.6;
// AdaGrad without a margin 96.2, 97.4, 94.9; with 96.4, 97.5, 94.9. Dropout of n-grams or of words of the lexicon lost
// 0.1 to 0.6, a larger AdaGrad offset 0.2: rare n-grams must learn fast. docs/linear.md has more.
//
// What a lexicon says of an n-gram (its class, 0 for nothing) has weights of its own, shared by all n-grams of the class
// and order. A trained model adds them to the n-gram's own, so they cost nothing when segmenting.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "linear_model.h"
#include "sbme.h"

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

struct WordCounts {
    int64_t gold = 0, predicted = 0, correct = 0;
};

class LinearTrainer {
public:
    LinearTrainer(TaggedCorpus corpus, std::vector<uint8_t> types, const std::vector<LexiconEntry>& lexicon,
                  TrainerOptions options);

    // One pass over the corpus in random order; returns the mean loss a character, in nats.
    double run_epoch();

    // Segments another corpus with the weights so far.
    WordCounts evaluate(const TaggedCorpus& corpus) const;

    // The trained weights, those of the lexicon added to their n-grams'. shape of ngram_weights: (keys, 16)
    struct Weights {
        std::vector<float> unigrams, type_contexts, repetitions, transitions, start, end, ngrams;
        std::vector<uint64_t> keys;        // ascending
        std::vector<uint8_t> in_lexicon;   // of each key, 1 if a lexicon has it
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
    struct Chain;  // emissions, potentials and gradients of one sequence

    static Index make_index(const TaggedCorpus& corpus, const std::vector<LexiconEntry>& lexicon,
                            const TrainerOptions& options, size_t& rows, size_t& lexicon_rows);
    Ngrams ngrams_at(const uint16_t* codes) const;
    unsigned type_context(const uint16_t* codes) const;
    void score(const uint16_t* codes, const Ngrams* ngrams, int count, Chain& chain) const;
    double differentiate(const uint8_t* tags, int count, Chain& chain);
    void update(const uint16_t* codes, const Ngrams* ngrams, int count, const Chain& chain);

    TaggedCorpus corpus_;
    std::vector<uint8_t> types_;
    TrainerOptions options_;
    size_t rows_ = 0, lexicon_rows_ = 0;
    Index index_;
    std::vector<Ngrams> ngrams_;  // of the corpus, one for each code
    Table unigrams_, own_, lexicon_, type_contexts_, repetitions_, chain_;
    std::vector<uint32_t> order_;
    std::mt19937_64 random_;
};

}  // namespace cws
