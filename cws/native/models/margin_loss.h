// The loss of one sequence of K tags under a softmax margin, and its gradient: forward-backward with scaling (Rabiner
// 1989) over a chain whose illegal steps are factors of zero, which costs less than leaving them out.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
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

    // Adds the margin to the scores of wrong tags, fills the gradients of the log-likelihood, which are gold minus
    // marginals, and returns the loss. Before it, reset and the scores; count >= 1.
    double differentiate(const uint8_t* gold, int count, ChainWeights chain, float margin) {
        float factors[kRows][K];
        for (size_t row = 0; row < kRows; ++row)
            for (size_t k = 0; k < K; ++k)
                factors[row][k] = chain.allowed[row * K + k] ? std::exp(chain.weights[row * K + k]) : 0.f;
        const double log_partition = exponentiate(gold, count, margin) + go_forward(count, factors);
        go_backward(count, factors);
        return log_partition - add_gold(gold, count, chain.weights);
    }

private:
    static constexpr int kRoom = K * (kPad + kPositions);

    float* gradient(int at) { return gradients_.data() + kRoom + at * K; }

    double exponentiate(const uint8_t* gold, int count, float margin) {
        double taken_off = 0;
        for (int i = 0; i < count; ++i) {
            float* scores = score(i);
            for (int k = 0; k < K; ++k) scores[k] += k == gold[i] ? 0.f : margin;
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

    void go_backward(int count, const float (&factors)[kRows][K]) {
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
                        chain_gradients_[from][to] -= forward[from] * factors[from][to] * coming[to] / total;
            for (int k = 0; k < K; ++k) {
                gradient(i)[k] = -forward[k] * going[k] / total;
                backward[k] = going[k] / sum;
            }
        }
        std::copy_n(gradient(0), K, chain_gradients_[kStartRow]);
        std::copy_n(gradient(count - 1), K, chain_gradients_[kEndRow]);
    }

    // Adds 1 to the gradients of the gold tags; returns their score.
    double add_gold(const uint8_t* gold, int count, const float* weights) {
        const int last = gold[count - 1];
        double total = double(weights[kStartRow * K + gold[0]] + weights[kEndRow * K + size_t(last)]);
        chain_gradients_[kStartRow][gold[0]] += 1;
        chain_gradients_[kEndRow][last] += 1;
        for (int i = 0; i < count; ++i) {
            gradient(i)[gold[i]] += 1;
            total += double(score(i)[gold[i]]);
            if (i == 0) continue;
            chain_gradients_[gold[i - 1]][gold[i]] += 1;
            total += double(weights[gold[i - 1] * K + gold[i]]);
        }
        return total;
    }

    std::vector<float> scores_, potentials_, forward_, backward_, gradients_;
    float chain_gradients_[kRows][K];
};

}  // namespace cws
