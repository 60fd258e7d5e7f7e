// The loss of one sequence of K tags under a softmax margin, and its gradient: forward-backward with scaling (Rabiner
// 1989) over a chain whose illegal steps are factors of zero, which costs less than leaving them out.
//
// Gold is a set of tags for each character, as bits. Where all sets hold one tag the gold path is the only one. Where some
// are open, gold is all paths through the sets (partial annotation: Tsuboi et al. 2008), and a second pass sums them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/characters.h"
#include "models/ngram_weights.h"

namespace cws {

// The weights between tags, as rows of K: [from][to], then of the first tag, then of the last. allowed has the same
// shape; where it is 0 a weight counts for nothing.
struct ChainWeights {
    const float* weights;
    const uint8_t* allowed;
};

// Arrays of (count, K); scores and gradients have room for what n-grams say of the edges.
template <int K>
class MarginLoss {
public:
    static constexpr size_t kStartRow = K, kEndRow = K + 1, kRows = K + 2;

    void reset(int count) {
        const size_t size = size_t(count) * K;
        scores_.assign(size + 2 * kRoom, 0.f);
        gradients_.assign(size + 2 * kRoom, 0.f);
        for (auto* values : {&potentials_, &forward_, &backward_}) values->resize(size);
        for (auto& row : chain_gradients_) std::fill(row, row + K, 0.f);
    }
    float* score(int at) { return scores_.data() + kRoom + at * K; }
    const float* gradient(int at) const { return gradients_.data() + kRoom + at * K; }
    const float* chain_gradient(size_t row) const { return chain_gradients_[row]; }

    // Adds the margin to the scores of wrong tags, fills the gradients of the log-likelihood, which are gold (the marginals
    // of the paths through the sets) minus marginals, and returns the loss. Before it, reset and the scores; count >= 1,
    // and a legal path goes through the sets.
    double differentiate(const uint8_t* gold_sets, int count, ChainWeights chain, float margin) {
        float factors[kRows][K];
        for (size_t row = 0; row < kRows; ++row)
            for (size_t k = 0; k < K; ++k)
                factors[row][k] = chain.allowed[row * K + k] ? std::exp(chain.weights[row * K + k]) : 0.f;
        for (int i = 0; i < count; ++i)
            for (int k = 0; k < K; ++k) score(i)[k] += gold_sets[i] >> k & 1 ? 0.f : margin;
        const double log_partition = exponentiate(count, nullptr) + go_forward(count, factors);
        go_backward(count, factors, -1);
        const bool is_whole = std::all_of(gold_sets, gold_sets + count, [](int set) { return (set & (set - 1)) == 0; });
        if (is_whole) return log_partition - add_gold(gold_sets, count, chain.weights);
        const double log_gold = exponentiate(count, gold_sets) + go_forward(count, factors);
        go_backward(count, factors, 1);
        return log_partition - log_gold;
    }

private:
    static constexpr int kRoom = K * (kPad + kPositions);

    float* gradient(int at) { return gradients_.data() + kRoom + at * K; }

    // Of the tags of the sets only, where there are sets.
    double exponentiate(int count, const uint8_t* sets) {
        double taken_off = 0;
        for (int i = 0; i < count; ++i) {
            float scores[K];
            std::copy_n(score(i), K, scores);
            if (sets)
                for (int k = 0; k < K; ++k)
                    if (!(sets[i] >> k & 1)) scores[k] = -std::numeric_limits<float>::infinity();
            const float largest = *std::max_element(scores, scores + K);
            for (int k = 0; k < K; ++k) potentials_[size_t(i * K + k)] = std::exp(scores[k] - largest);
            taken_off += double(largest);
        }
        return taken_off;
    }

    double go_forward(int count, const float (&factors)[kRows][K]) {
        double log_scales = 0;
        for (int i = 0; i < count; ++i) {
            float* forward = &forward_[size_t(i * K)];
            const float* potentials = &potentials_[size_t(i * K)];
            float coming[K] = {};
            if (i == 0) {
                std::copy_n(factors[kStartRow], K, coming);
            } else {
                for (int from = 0; from < K; ++from)
                    for (int to = 0; to < K; ++to) coming[to] += forward[from - K] * factors[from][to];
            }
            float total = 0;
            for (int k = 0; k < K; ++k) {
                forward[k] = potentials[k] * coming[k];
                total += forward[k];
            }
            for (int k = 0; k < K; ++k) forward[k] /= total;
            log_scales += std::log(double(total));
        }
        float ending = 0;
        for (int k = 0; k < K; ++k) ending += forward_[size_t((count - 1) * K + k)] * factors[kEndRow][k];
        return log_scales + std::log(double(ending));
    }

    // Adds the marginals times `sign` to the gradients.
    void go_backward(int count, const float (&factors)[kRows][K], float sign) {
        float factors_to[K][K];  // [to][from]
        for (int from = 0; from < K; ++from)
            for (int to = 0; to < K; ++to) factors_to[to][from] = factors[from][to];
        for (int i = count - 1; i >= 0; --i) {
            float* backward = &backward_[size_t(i * K)];
            const float* forward = &forward_[size_t(i * K)];
            float coming[K] = {}, going[K] = {};
            if (i == count - 1) {
                std::copy_n(factors[kEndRow], K, going);
            } else {
                for (int to = 0; to < K; ++to) coming[to] = potentials_[size_t((i + 1) * K + to)] * backward[K + to];
                for (int to = 0; to < K; ++to)
                    for (int from = 0; from < K; ++from) going[from] += factors_to[to][from] * coming[to];
            }
            float total = 0, sum = 0;
            for (int k = 0; k < K; ++k) {
                total += forward[k] * going[k];
                sum += going[k];
            }
            if (i < count - 1)
                for (int from = 0; from < K; ++from)
                    for (int to = 0; to < K; ++to)
                        chain_gradients_[from][to] += sign * (forward[from] * factors[from][to] * coming[to] / total);
            for (int k = 0; k < K; ++k) {
                const float marginal = sign * (forward[k] * going[k] / total);
                gradient(i)[k] += marginal;
                if (i == 0) chain_gradients_[kStartRow][k] += marginal;
                if (i == count - 1) chain_gradients_[kEndRow][k] += marginal;
                backward[k] = going[k] / sum;
            }
        }
    }

    // Adds 1 to the gradients of the gold tags, of sets that hold one each; returns their score.
    double add_gold(const uint8_t* gold_sets, int count, const float* weights) {
        const auto gold = [&](int at) { return size_t(__builtin_ctz(gold_sets[at])); };
        double total = double(weights[kStartRow * K + gold(0)] + weights[kEndRow * K + gold(count - 1)]);
        chain_gradients_[kStartRow][gold(0)] += 1;
        chain_gradients_[kEndRow][gold(count - 1)] += 1;
        for (int i = 0; i < count; ++i) {
            gradient(i)[gold(i)] += 1;
            total += double(score(i)[gold(i)]);
            if (i == 0) continue;
            chain_gradients_[gold(i - 1)][gold(i)] += 1;
            total += double(weights[gold(i - 1) * K + gold(i)]);
        }
        return total;
    }

    std::vector<float> scores_, potentials_, forward_, backward_, gradients_;
    float chain_gradients_[kRows][K];
};

}  // namespace cws
