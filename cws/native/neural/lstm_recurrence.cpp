#include "neural/lstm_recurrence.h"

#include <algorithm>

#include "neural/layers.h"

namespace cws {
namespace {

// The characters that a step takes, one of each sequence that is still going on.
class Steps {
public:
    Steps(const LstmDirection& direction, std::vector<Region> sequences)
        : sequences_(std::move(sequences)), is_backwards_(direction.is_backwards) {
        std::stable_sort(sequences_.begin(), sequences_.end(),
                         [](Region a, Region b) { return a.end - a.begin > b.end - b.begin; });
    }

    int rows() const { return int(sequences_.size()); }
    int count() const { return sequences_.empty() ? 0 : length(0); }
    int rows_at(int step) const {
        const auto is_going_on = [&](Region sequence) { return sequence.end - sequence.begin > step; };
        return int(std::partition_point(sequences_.begin(), sequences_.end(), is_going_on) - sequences_.begin());
    }
    size_t place(int row, int step) const {
        const Region& sequence = sequences_[size_t(row)];
        return size_t(is_backwards_ ? sequence.end - 1 - step : sequence.begin + step);
    }

private:
    int length(int row) const { return sequences_[size_t(row)].end - sequences_[size_t(row)].begin; }

    std::vector<Region> sequences_;  // the longest first
    bool is_backwards_;
};

}  // namespace

void lstm_forward(const LstmDirection& direction, const std::vector<Region>& sequences, const float* inputs,
                  float* gates, float* cells, float* hidden, size_t stride) {
    const Steps steps(direction, sequences);
    const size_t size = size_t(direction.hidden), columns = kGates * size;
    const PackedWeights<Float32> weights(int(size), int(columns), kPanel, [&](int k, int column) {
        return direction.weights[size_t(column) * size + size_t(k)];
    });
    const NeuralKernels& kernels = neural_kernels();
    const AlignedVector<float> no_cells(size);
    AlignedVector<float> sums(size_t(steps.rows()) * columns);
    std::vector<const float*> before(size_t(steps.rows())), added(before);
    for (int step = 0; step < steps.count(); ++step) {
        const int rows = steps.rows_at(step);
        for (int row = 0; row < rows; ++row) {
            added[size_t(row)] = inputs + steps.place(row, step) * columns;
            if (step) before[size_t(row)] = hidden + steps.place(row, step - 1) * stride;
        }
        if (step) kernels.float32.project({weights.view(), before.data(), added.data(), rows, sums.data()});
        for (int row = 0; row < rows; ++row) {
            const size_t at = steps.place(row, step);
            const float* const cells_before = step ? cells + steps.place(row, step - 1) * size : no_cells.data();
            kernels.lstm_cell(step ? sums.data() + size_t(row) * columns : added[size_t(row)], cells_before,
                              direction.hidden, gates + at * columns, cells + at * size, hidden + at * stride);
        }
    }
}

void lstm_backward(const LstmDirection& direction, const std::vector<Region>& sequences, const float* gates,
                   const float* cells, const float* hidden_gradient, size_t stride, float* input_gradient) {
    const Steps steps(direction, sequences);
    const size_t size = size_t(direction.hidden), columns = kGates * size;
    const PackedWeights<Float32> weights(int(columns), int(size), kPanel, [&](int k, int column) {
        return direction.weights[size_t(k) * size + size_t(column)];
    });
    const NeuralKernels& kernels = neural_kernels();
    const AlignedVector<float> zeros(size);
    // What comes back from the step after; nothing to the last characters.
    AlignedVector<float> of_cells(size_t(steps.rows()) * size), of_hidden(of_cells);
    std::vector<const float*> after(size_t(steps.rows())), added(size_t(steps.rows()), zeros.data());
    for (int step = steps.count(); step-- > 0;) {
        const int rows = steps.rows_at(step);
        for (int row = 0; row < rows; ++row) {
            const size_t at = steps.place(row, step);
            const float* const cells_before = step ? cells + steps.place(row, step - 1) * size : zeros.data();
            kernels.lstm_cell_gradient({gates + at * columns, cells_before, cells + at * size,
                                        hidden_gradient + at * stride, of_hidden.data() + size_t(row) * size,
                                        direction.hidden, of_cells.data() + size_t(row) * size,
                                        input_gradient + at * columns});
            after[size_t(row)] = input_gradient + at * columns;
        }
        if (step) kernels.float32.project({weights.view(), after.data(), added.data(), rows, of_hidden.data()});
    }
}

}  // namespace cws
