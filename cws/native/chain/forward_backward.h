// What the two ways of forward-backward share, and the slow one of them; forward_backward.cpp has the quick one.
#pragma once

#include <cstdint>
#include <vector>

#include "chain/chain.h"

namespace cws {

// The sums of one block of sequences; blocks are added up in order, so the number of threads does not matter.
struct Totals {
    explicit Totals(int tags) : transitions(size_t(tags * tags)), start(size_t(tags)), end(size_t(tags)) {}
    std::vector<double> transitions, start, end;
};

// One sequence, and where its results go. `scale` is what the marginals are multiplied by: 1, or minus the weight of
// the sequence where the gradient of the gold tags' log-probability is wanted.
struct Sequence {
    const float* emissions;
    const uint8_t* allowed;
    int64_t count;
    float* marginals;
    float* pairwise;
    double scale;
};

// In logs: right for all scores, and some thirty times slower.
class InLogs {
public:
    explicit InLogs(const Chain& chain) : chain_(chain), tags_(chain.tags) {}

    // Adds what the sequence has to the totals. Returns the log-partition.
    double run(const Sequence& sequence, Totals& totals);

private:
    size_t at(int64_t i, int tag) const { return size_t(i * tags_ + tag); }
    double transition(int from, int to) const { return chain_.transitions[from * tags_ + to]; }
    void take_emissions(const Sequence& sequence);
    void sum_forward(int64_t count);
    void sum_backward(int64_t count);
    void write(const Sequence& sequence, Totals& totals);

    const Chain& chain_;
    int tags_;
    std::vector<double> emissions_, forward_, backward_;  // (count, tags)
};

}  // namespace cws
