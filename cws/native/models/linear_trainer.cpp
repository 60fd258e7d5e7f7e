#include "models/linear_trainer.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "base/cpu_dispatch.h"

namespace cws {
namespace {

constexpr float kAdaGradOffset = 1e-6f;
constexpr int kAhead = 8;  // characters the weights are fetched ahead

template <int kWidth>
inline void add(float* sums, const float* row) {
    for (int i = 0; i < kWidth; ++i) sums[i] += row[i];
}

template <int kWidth>
inline void add(float* sums, const float* row, float factor) {
    for (int i = 0; i < kWidth; ++i) sums[i] += factor * row[i];
}

// Calls the function with the number of tags as a constant.
template <class Function>
auto with_tags(int tags, Function function) {
    switch (tags) {
        case 2: return function(std::integral_constant<int, 2>());
        case 4: return function(std::integral_constant<int, 4>());
        case 6: return function(std::integral_constant<int, 6>());
        default: throw std::invalid_argument("a linear model has 2, 4 or 6 tags, got " + std::to_string(tags));
    }
}

}  // namespace

template <int kWidth>
inline void LinearTrainer::Table::update(size_t at, const float* gradient, float rate) {
    float* __restrict w = weights.data() + at * kWidth;
    float* __restrict s = squares.data() + at * kWidth;
    for (int i = 0; i < kWidth; ++i) {
        s[i] += gradient[i] * gradient[i];
        w[i] += rate * gradient[i] / std::sqrt(s[i] + kAdaGradOffset);
    }
}

unsigned LinearTrainer::type_context(const uint16_t* codes) const {
    unsigned context = 0;
    for (int i = -2; i <= 2; ++i) context = context << 3 | types_[codes[i]];
    return context;
}

template <int K, class RowOf, class TrustOf>
CWS_CPU_DISPATCH void LinearTrainer::score(const Layer& layer, const uint16_t* codes, const Ngrams* ngrams, RowOf row_of,
                                           TrustOf trust_of, int count, MarginLoss<K>& loss) const {
    for (int i = -kPad; i < count + kPad; ++i)
        add<kUnigramPositions * K>(loss.score(i - 2), layer.unigrams.row(codes[i]));
    for (int i = -1; i < count; ++i) {
        if (i + kAhead < count)
            for (int order = 2; order <= kMaxOrder; ++order)
                __builtin_prefetch(layer.ngrams.row(row_of(i + kAhead, order)));
        for (int order = 2; order <= kMaxOrder; ++order) {
            float* scores = loss.score(i + kFirstScored[order - 2]);
            if (const uint32_t row = row_of(i, order)) add<kPositions * K>(scores, layer.ngrams.row(row));
            const auto& classes = ngrams[i][size_t(order - 2)].class_rows;
            if (classes[0]) add<kPositions * K>(scores, layer.classes.row(classes[0]), trust_of(i, order));
            if (classes[1]) add<kPositions * K>(scores, layer.classes.row(classes[1]));
        }
    }
    for (int i = 0; i < count; ++i) {
        add<K>(loss.score(i), layer.type_contexts.row(type_context(codes + i)));
        add<K>(loss.score(i), layer.repetitions.row(repetition_of(codes + i)));
    }
}

template <int K, class RowOf>
CWS_CPU_DISPATCH void LinearTrainer::update(Layer& layer, const uint16_t* codes, const Ngrams* ngrams, RowOf row_of,
                                            int count, const MarginLoss<K>& loss) {
    const float rate = layer.rate;
    if (options_.classes_only) {
        for (int i = -1; i < count; ++i)
            for (int order = 2; order <= kMaxOrder; ++order)
                for (const uint16_t row : ngrams[i][size_t(order - 2)].class_rows)
                    if (row) layer.classes.update<kPositions * K>(row, loss.gradient(i + kFirstScored[order - 2]), rate);
        return;
    }
    for (int i = -kPad; i < count + kPad; ++i)
        layer.unigrams.update<kUnigramPositions * K>(codes[i], loss.gradient(i - 2), rate);
    for (int i = -1; i < count; ++i) {
        if (i + kAhead < count)
            for (int order = 2; order <= kMaxOrder; ++order)
                __builtin_prefetch(layer.ngrams.squares.data() + size_t(row_of(i + kAhead, order)) * kPositions * K, 1);
        for (int order = 2; order <= kMaxOrder; ++order) {
            const float* gradient = loss.gradient(i + kFirstScored[order - 2]);
            if (const uint32_t row = row_of(i, order)) layer.ngrams.update<kPositions * K>(row, gradient, rate);
            for (const uint16_t row : ngrams[i][size_t(order - 2)].class_rows)
                if (row) layer.classes.update<kPositions * K>(row, gradient, rate);
        }
    }
    for (int i = 0; i < count; ++i) {
        layer.type_contexts.update<K>(type_context(codes + i), loss.gradient(i), rate);
        layer.repetitions.update<K>(repetition_of(codes + i), loss.gradient(i), rate);
    }
    for (size_t row = 0; row < loss.kRows; ++row) layer.chain.update<K>(row, loss.chain_gradient(row), rate);
}

double LinearTrainer::run_epoch() {
    return with_tags(tags(), [&](auto k) { return run_epoch_of<k>(); });
}

// A weight of 2.5 is two visits, and a third in half of the epochs.
void LinearTrainer::order_sequences() {
    const auto& sequences = corpus_.sequences;
    const bool all_once = std::all_of(sequences.begin(), sequences.end(), [](const auto& one) { return one.weight == 1; });
    if (!all_once) {
        order_.clear();
        for (uint32_t i = 0; i < sequences.size(); ++i) {
            const double chance = double(random_() >> 11) * 0x1p-53;
            order_.insert(order_.end(), size_t(double(sequences[i].weight) + chance), i);
        }
    }
    for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random_() % i]);
}

template <int K>
double LinearTrainer::run_epoch_of() {
    order_sequences();
    const auto as_it_is = [](int, int) { return 1.f; };
    MarginLoss<K> loss;
    double total = 0;
    size_t characters = 0;
    for (const uint32_t which : order_) {
        const auto& sequence = corpus_.sequences[which];
        const int64_t begin = sequence.begin;
        const int count = sequence.count;
        const uint16_t* codes = corpus_.codes.data() + begin;
        const Ngrams* ngrams = ngrams_.data() + begin;
        const auto shared_row = [&](int i, int order) { return ngrams[i][size_t(order - 2)].row; };
        const auto own_row = [&](int i, int order) { return own_rows_[size_t(begin + i)][size_t(order - 2)]; };
        const size_t own = standards_ == 1 ? 0 : 1 + size_t(sequence.standard);

        loss.reset(count);
        if (!corpus_.emissions.empty())
            std::copy_n(&corpus_.emissions[size_t(begin) * K], size_t(count) * K, loss.score(0));
        score(layers_[0], codes, ngrams, shared_row, as_it_is, count, loss);
        if (own) score(layers_[own], codes, ngrams, own_row, as_it_is, count, loss);
        const std::vector<float> chain = this->chain(sequence.standard);
        const ChainWeights weights{chain.data(), legality_.allowed.data()};
        total += loss.differentiate(corpus_.tag_sets.data() + begin, count, weights, options_.margin);
        update(layers_[0], codes, ngrams, shared_row, count, loss);
        if (own) update(layers_[own], codes, ngrams, own_row, count, loss);
        characters += size_t(count);
    }
    return total / double(std::max<size_t>(characters, 1));
}

std::vector<float> LinearTrainer::emissions(const TaggedCorpus& corpus, size_t standard,
                                            LexiconTrust trust) const {
    return with_tags(tags(), [&](auto k) { return emissions_of<k>(corpus, standard, trust); });
}

template <int K>
std::vector<float> LinearTrainer::emissions_of(const TaggedCorpus& corpus, size_t standard,
                                               LexiconTrust trust) const {
    std::vector<float> result;
    MarginLoss<K> loss;
    std::vector<Ngrams> ngrams;
    for (const auto& sequence : corpus.sequences) {
        const int count = sequence.count;
        const uint16_t* codes = corpus.codes.data() + sequence.begin;
        ngrams.assign(size_t(count) + 1, Ngrams{});
        for (int i = -1; i < count; ++i) ngrams[size_t(i + 1)] = ngrams_at(codes + i);
        loss.reset(count);
        if (!corpus.emissions.empty())
            std::copy_n(&corpus.emissions[size_t(sequence.begin) * K], size_t(count) * K, loss.score(0));
        const auto trust_of = [&](int i, int order) {
            return trust.of(counts_[standard][ngrams[size_t(i + 1)][size_t(order - 2)].row]);
        };
        for (const Layer* layer : layers_of(standard)) {
            const auto row = [&](int i, int order) { return layer->row_of(ngrams[size_t(i + 1)][size_t(order - 2)].row); };
            score(*layer, codes, ngrams.data() + 1, row, trust_of, count, loss);
        }
        result.insert(result.end(), loss.score(0), loss.score(count));
    }
    return result;
}

}  // namespace cws
