// Forward-backward in logs, as the textbook has it.
#include <algorithm>
#include <cmath>

#include "chain_sums.h"

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
    if (whole > -INFINITY) write(sequence, whole, totals);
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

void InLogs::write(const Sequence& sequence, double whole, Totals& totals) const {
    for (int64_t i = 0; i < sequence.count; ++i)
        for (int to = 0; to < tags_; ++to) {
            const double marginal = std::exp(forward_[at(i, to)] + backward_[at(i, to)] - whole);
            sequence.marginals[at(i, to)] = float(sequence.scale * marginal);
            if (i == 0) totals.start[size_t(to)] += sequence.scale * marginal;
            if (i == sequence.count - 1) totals.end[size_t(to)] += sequence.scale * marginal;
            for (int from = 0; i && from < tags_; ++from) {
                const double pair = std::exp(forward_[at(i - 1, from)] + transition(from, to) +
                                             emissions_[at(i, to)] + backward_[at(i, to)] - whole);
                totals.transitions[size_t(from * tags_ + to)] += sequence.scale * pair;
                if (sequence.pairwise) sequence.pairwise[(i * tags_ + from) * tags_ + to] = float(pair);
            }
        }
}

}  // namespace cws
