// What the networks of neural labelers are put together from: weights as the kernels want them, and what is known of
// each character before its sequence is read.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "neural/network.h"
#include "neural/kernels.h"
#include "neural/transformer_kernels.h"

namespace cws {

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

inline int round_up(int size, int to) { return (size + to - 1) / to * to; }

// What integers that weights multiply are known not to outgrow: kUnit each, or kRowLength all of a row together.
enum class InputBound { kEach, kRow };

template <class Number>
class PackedWeights {
public:
    // weight_of(k, column): a float.
    template <class WeightOf>
    PackedWeights(int depth, int columns, int panel, WeightOf weight_of, InputBound bound = InputBound::kEach)
        : depth_(depth), columns_(columns) {
        constexpr int kStep = Number::kStep;
        panels_.resize(size_t(depth) * size_t(columns));
        scales_.resize(size_t(columns), 1.0f);
        for (int column = 0; column < columns; ++column) {
            const float scale = kStep == 1 ? 1.0f : integer_scale(column, weight_of, bound);
            const float unit = bound == InputBound::kEach ? float(kUnit) : 1.0f;
            if (kStep > 1) scales_[size_t(column)] = 1 / (scale * unit);
            Input* const to = panels_.data() + size_t(column / panel * panel) * size_t(depth) + column % panel * kStep;
            for (int k = 0; k < depth; ++k) {
                const float weight = weight_of(k, column) * scale;
                to[k / kStep * panel * kStep + k % kStep] = kStep == 1 ? Input(weight) : Input(std::nearbyint(weight));
            }
        }
    }

    Weights<Number> view() const { return {depth_, columns_, panels_.data(), scales_.data()}; }

private:
    using Input = typename Number::Input;

    // The highest that neither a weight nor a sum of products outgrows.
    template <class WeightOf>
    float integer_scale(int column, WeightOf weight_of, InputBound bound) const {
        double largest = 1e-9, sum = 0, squares = 1e-18;
        for (int k = 0; k < depth_; ++k) {
            const double weight = std::abs(double(weight_of(k, column)));
            largest = std::max(largest, weight);
            sum += weight;
            squares += weight * weight;
        }
        if (bound == InputBound::kRow) return float(std::min(32000 / largest, kColumnLength / std::sqrt(squares)));
        const double rounding = depth_;  // at most, and twice what it is at most without combined inputs
        return float(std::min(32000 / largest, ((double(INT32_MAX) / kUnit) - 1 - rounding) / std::max(sum, 1e-9)));
    }

    int depth_, columns_;
    AlignedVector<Input> panels_;
    AlignedVector<float> scales_;
};

// The inputs of a first layer: of each character, the vectors of two pairs and the bits of the lexicon. The rest does
// not depend on neighbours and is in a table for each class.
template <class Number>
class FeatureInputs {
public:
    using Input = typename Number::Input;

    explicit FeatureInputs(const NeuralTensors& tensors) : size_(tensors.pair_size), bits_(tensors.lexicon_bits()), pairs_(nullptr) {
        const size_t count = kPairRows * size_t(size_);
        if constexpr (Number::kStep == 1) {
            pairs_ = tensors.pairs;
        } else {
            const NeuralKernels& kernels = neural_kernels();
            largest_ = std::max(kernels.largest(tensors.pairs, count), 1e-9f);
            integers_.resize(count);
            kernels.of(Number()).convert(tensors.pairs, count, float(kUnit) / largest_, integers_.data());
            pairs_ = integers_.data();
        }
    }

    int depth() const { return 2 * size_ + bits_; }
    // What a weight of input k is multiplied by, so that inputs are at most 1.
    float largest(int k) const { return k < 2 * size_ ? largest_ : 1.0f; }

    // The inputs of a character, of its pair with the one before and that with the one after it.
    void copy(const uint32_t* pairs, uint64_t bits, Input* to) const {
        to = std::copy_n(pairs_ + size_t(pairs[0]) * size_t(size_), size_, to);
        to = std::copy_n(pairs_ + size_t(pairs[1]) * size_t(size_), size_, to);
        for (int bit = 0; bit < bits_; ++bit) to[bit] = Input(int(bits >> bit & 1) * kOne);
    }

    void prefetch(const EncoderBlock& block, int i) const {
        const Input* const row = pairs_ + size_t(block.pairs[i]) * size_t(size_);
        for (int at = 0; at < size_; at += 64 / int(sizeof(Input))) __builtin_prefetch(row + at);
    }

private:
    static constexpr int kOne = Number::kStep == 1 ? 1 : kUnit;

    int size_, bits_;
    float largest_ = 1;
    const Input* pairs_;
    std::vector<Input> integers_;
};

// (classes, columns): what the character, the standard and a bias add to the columns of a first layer.
// weights_of(column): the row of weights of the features, or null for a column of padding; bias_of(column): a float.
template <class WeightsOf, class BiasOf>
AlignedVector<float> character_table(const NeuralTensors& tensors, int columns, WeightsOf weights_of, BiasOf bias_of) {
    const PackedWeights<Float32> weights(tensors.character_size, columns, kPanel, [&](int k, int column) {
        const float* const row = weights_of(column);
        return row ? row[k] : 0.0f;
    });
    std::vector<float> bias(size_t(columns), 0.0f);
    for (int column = 0; column < columns; ++column) {
        const float* const row = weights_of(column);
        if (!row) continue;
        double sum = bias_of(column);
        for (int k = 0; k < tensors.features(); ++k) sum += double(row[k]) * double(tensors.standard[k]);
        bias[size_t(column)] = float(sum);
    }
    std::vector<const float*> inputs, biases(size_t(tensors.classes), bias.data());
    for (int at = 0; at < tensors.classes; ++at)
        inputs.push_back(tensors.characters + size_t(at) * size_t(tensors.character_size));
    AlignedVector<float> table(size_t(tensors.classes) * size_t(columns));
    neural_kernels().float32.project({weights.view(), inputs.data(), biases.data(), tensors.classes, table.data()});
    return table;
}

}  // namespace cws
