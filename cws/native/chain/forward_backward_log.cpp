// Forward-backward in logs, as the textbook has it.
#include <algorithm>
#include <cmath>

#include "chain/forward_backward.h"

namespace cws {
namespace {

double log_add(double a, double b) {
    const double larger = std::max(a, b);
    return larger == -INFINITY ? larger : larger + std::log1p(std::exp(std::min(a, b) - larger));
}

}  // namespace

double InLogs::run(const Sequence& sequence, Totals& totals) {
    take_emissions(sequence);
    sum_forward(sequence.count);
    sum_backward(sequence.count);
    double whole = -INFINITY;
    for (int tag = 0; tag < tags_; ++tag) whole = log_add(whole, forward_[at(0, tag)] + backward_[at(0, tag)]);
    if (whole > -INFINITY) write(sequence, totals);
    return whole;
}

void InLogs::take_emissions(const Sequence& sequence) {
    emissions_.assign(sequence.emissions, sequence.emissions + sequence.count * tags_);
    if (!sequence.allowed) return;
    for (int64_t i = 0; i < sequence.count; ++i)
        for (int tag = 0; tag < tags_; ++tag)
            if (!is_allowed(sequence.allowed + i * allowed_stride(tags_), tag)) emissions_[at(i, tag)] = -INFINITY;
}

void InLogs::sum_forward(int64_t count) {
    forward_.resize(emissions_.size());
    for (int64_t i = 0; i < count; ++i)
        for (int to = 0; to < tags_; ++to) {
            double sum = i ? -INFINITY : chain_.start[to];
            for (int from = 0; i && from < tags_; ++from)
                sum = log_add(sum, forward_[at(i - 1, from)] + transition(from, to));
            forward_[at(i, to)] = sum + emissions_[at(i, to)];
        }
}

void InLogs::sum_backward(int64_t count) {
    backward_.resize(emissions_.size());
    for (int64_t i = count - 1; i >= 0; --i)
        for (int from = 0; from < tags_; ++from) {
            double sum = i == count - 1 ? chain_.end[from] : -INFINITY;
            for (int to = 0; i < count - 1 && to < tags_; ++to)
                sum = log_add(sum, transition(from, to) + emissions_[at(i + 1, to)] + backward_[at(i + 1, to)]);
            backward_[at(i, from)] = sum;
        }
}

void InLogs::write(const Sequence& sequence, Totals& totals) {
    // What has the same sum as all paths, but for rounding, is divided by its own: large scores then do no harm.
    const auto share = [&](std::vector<double>& logs) {
        const double top = *std::max_element(logs.begin(), logs.end());
        double sum = 0;
        for (double& one : logs) sum += one = std::exp(one - top);
        for (double& one : logs) one /= sum;
    };
    std::vector<double> marginals(static_cast<size_t>(tags_)), pairs(static_cast<size_t>(tags_ * tags_));
    for (int64_t i = 0; i < sequence.count; ++i) {
        for (int tag = 0; tag < tags_; ++tag) marginals[size_t(tag)] = forward_[at(i, tag)] + backward_[at(i, tag)];
        share(marginals);
        for (int tag = 0; tag < tags_; ++tag) {
            const double marginal = sequence.scale * marginals[size_t(tag)];
            sequence.marginals[at(i, tag)] = float(marginal);
            if (i == 0) totals.start[size_t(tag)] += marginal;
            if (i == sequence.count - 1) totals.end[size_t(tag)] += marginal;
        }
        if (i == 0) continue;
        for (int from = 0; from < tags_; ++from)
            for (int to = 0; to < tags_; ++to)
                pairs[size_t(from * tags_ + to)] = forward_[at(i - 1, from)] + transition(from, to) +
                                                   emissions_[at(i, to)] + backward_[at(i, to)];
        share(pairs);
        for (size_t k = 0; k < pairs.size(); ++k) {
            totals.transitions[k] += sequence.scale * pairs[k];
            if (sequence.pairwise) sequence.pairwise[size_t(i) * pairs.size() + k] = float(pairs[k]);
        }
    }
}

}  // namespace cws
