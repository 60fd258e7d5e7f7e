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
// What lists say of an n-gram (its class in each list of classes, 0 for nothing) has weights of its own, shared by all
// n-grams of the class and order. A trained model adds them to the n-gram's own, so they cost nothing when segmenting.
//
// Several annotation standards are learned together: every weight is the sum of a shared one and one of the standard's own
// (Daume 2007, "Frustratingly easy domain adaptation"), both by AdaGrad, each at a learning rate of its own. One standard has
// shared weights only. A model of one standard holds the sums.
//
// Sequences may come with emissions, and the chain with weights, of a model that the training begins with: they are added
// to all scores and do not change, so what is learned is the difference.
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
    int min_fourgram_count;  // the same for 4-grams, of which only those of a list of classes can
    uint64_t seed;
    float own_rate = 1;         // of a standard's own weights, times rate
    bool classes_only = false;  // nothing but the weights of classes is learned
};

struct NgramClass {
    uint64_t key;
    uint16_t number;  // from 1
};

inline constexpr size_t kClassLists = 2;  // at most: what word lists say, and what raw text says
using ClassLists = std::array<std::vector<NgramClass>, kClassLists>;

// How much more a finished training trusts the first list of classes (word lists), where it saw little: times `factor` for
// n-grams that its standard never saw, halfway to 1 for those seen `half_count` times. What the corpus says of its own
// words stays as it was learned.
struct LexiconTrust {
    float factor = 1, half_count = 1;
    float of(uint32_t count) const { return 1 + (factor - 1) * (half_count / (half_count + float(count))); }
};

// Sequences of character classes and tags, which lie between pairs of edges as score_characters wants them.
struct TaggedCorpus {
    struct Sequence {
        int64_t begin;
        int count;            // never 0
        uint8_t standard;     // whose annotation it has
        float weight;         // how many times it is seen an epoch, on average
    };
    std::vector<uint16_t> codes;
    std::vector<uint8_t> tag_sets;   // as long as codes: the tags that are right, as bits; 0 at edges
    std::vector<float> emissions;    // of the model to begin with, shape (codes, tags); or empty
    std::vector<Sequence> sequences;

    TaggedCorpus() : codes(kPad, kEdge), tag_sets(kPad, 0) {}
    void add(const uint16_t* sequence_codes, const uint8_t* sequence_tag_sets, int count, uint8_t standard = 0,
             float weight = 1);
};

// What may follow what, as bytes of 0 and 1, shape (tags + 2, tags): [from][to], then the first tag, then the last.
struct TagLegality {
    int tags;
    std::vector<uint8_t> allowed;
};

class LinearTrainer {
public:
    // chain: weights to begin with, in the shape of TagLegality::allowed; or empty. Throws std::invalid_argument for
    // another number of tags than 2, 4 or 6.
    LinearTrainer(TaggedCorpus corpus, std::vector<uint8_t> types, TagLegality legality, const ClassLists& lists,
                  TrainerOptions options, std::vector<float> chain = {});

    // One pass over the corpus in random order; returns the mean loss a character, in nats.
    double run_epoch();

    // What the weights so far score the tags of another corpus's characters in a standard; shape: (characters, tags).
    std::vector<float> emissions(const TaggedCorpus& corpus, size_t standard, LexiconTrust trust) const;

    // The weights of a standard's chain so far, in the shape of TagLegality::allowed, those to begin with among them.
    std::vector<float> chain(size_t standard) const;

    int tags() const { return legality_.tags; }
    size_t standards() const { return standards_; }

    // The trained weights of a standard but the chain's, those of classes added to their n-grams'.
    struct Weights {
        std::vector<float> unigrams, type_contexts, repetitions;
        std::vector<float> ngrams;        // shape: (keys, 4, tags)
        std::vector<uint64_t> keys;       // ascending
        std::vector<uint8_t> in_lexicon;  // of each key, 1 if the first list of classes has it
    };
    Weights weights(size_t standard, LexiconTrust trust) const;

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
    // All weights of one copy: the shared one, or a standard's own. Row 0 of n-grams and classes stays zero.
    struct Layer {
        Table unigrams, ngrams, classes, type_contexts, repetitions, chain;
        float rate;
        std::vector<uint32_t> rows;  // of n-grams, by the shared layer's; empty in the shared layer
        Layer(size_t alphabet, size_t ngram_rows, size_t class_rows, int tags, float rate);
        uint32_t row_of(uint32_t shared_row) const { return rows.empty() ? shared_row : rows[shared_row]; }
    };
    // What the core knows of an n-gram: the row of its own weights, and of its class in each list.
    struct Ngram {
        uint32_t row = 0;
        std::array<uint16_t, kClassLists> class_rows = {};
    };
    // The n-grams that begin at a character: 2-, 3- and 4-gram.
    using Ngrams = std::array<Ngram, kMaxOrder - 1>;
    using Rows = std::array<uint32_t, kMaxOrder - 1>;
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

    static Index make_index(const TaggedCorpus& corpus, const ClassLists& lists, const TrainerOptions& options,
                            size_t& rows, size_t& class_rows);
    void add_layers();
    std::vector<const Layer*> layers_of(size_t standard) const;
    Ngrams ngrams_at(const uint16_t* codes) const;
    unsigned type_context(const uint16_t* codes) const;
    void order_sequences();
    template <int K>
    double run_epoch_of();
    template <int K>
    std::vector<float> emissions_of(const TaggedCorpus& corpus, size_t standard, LexiconTrust trust) const;
    // Where row_of(i, order) is the row of the n-gram that begins at i in the layer.
    // trust_of(i, order): times the weights of the first list.
    template <int K, class RowOf, class TrustOf>
    void score(const Layer& layer, const uint16_t* codes, const Ngrams* ngrams, RowOf row_of, TrustOf trust_of, int count,
               MarginLoss<K>& loss) const;
    template <int K, class RowOf>
    void update(Layer& layer, const uint16_t* codes, const Ngrams* ngrams, RowOf row_of, int count,
                const MarginLoss<K>& loss);

    TaggedCorpus corpus_;
    std::vector<uint8_t> types_;
    TagLegality legality_;
    TrainerOptions options_;
    std::vector<float> first_chain_;
    size_t rows_ = 0, class_rows_ = 0, standards_ = 1;
    Index index_;
    std::vector<Ngrams> ngrams_;     // of the corpus, one for each code
    std::vector<std::vector<uint32_t>> counts_;  // [standard][row of an n-gram]: how often the corpus has it
    std::vector<Rows> own_rows_;     // of the same in the layer of the sequence's standard; empty with one standard
    std::vector<Layer> layers_;      // the shared one, then, of several, one for each standard
    std::vector<uint32_t> order_;
    std::mt19937_64 random_;
};

}  // namespace cws
