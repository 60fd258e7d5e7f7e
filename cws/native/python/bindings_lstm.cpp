// Bindings of lstm_recurrence.h; cws/labelers/neural/lstm_recurrence.py calls it.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "python/bindings.h"
#include "neural/lstm_recurrence.h"
#include "neural/kernels.h"
#include "base/parallel.h"

namespace py = pybind11;

namespace cws {
namespace {

using Floats = py::array_t<float, py::array::c_style>;
using Offsets = py::array_t<int64_t, py::array::c_style>;

void expect(bool fine, const std::string& what) {
    if (!fine) throw py::value_error("expected " + what);
}

std::vector<Region> to_sequences(const Offsets& offsets, py::ssize_t characters) {
    expect(offsets.ndim() == 1 && offsets.size() >= 1 && offsets.at(0) == 0, "offsets from 0");
    expect(characters <= INT32_MAX && offsets.at(offsets.size() - 1) == characters, "offsets up to the characters");
    std::vector<Region> sequences;
    for (py::ssize_t i = 1; i < offsets.size(); ++i) {
        const int64_t begin = offsets.at(i - 1), end = offsets.at(i);
        expect(begin <= end, "offsets that rise");
        if (begin < end) sequences.push_back({int(begin), int(end)});
    }
    return sequences;
}

// The directions by their recurrent weights (4 * hidden, hidden): the second one is backwards.
std::vector<LstmDirection> to_directions(const std::vector<Floats>& weights) {
    std::vector<LstmDirection> directions;
    expect(weights.size() == 1 || weights.size() == 2, "one direction or two");
    for (const Floats& one : weights) {
        const py::ssize_t hidden = one.ndim() == 2 ? one.shape(1) : 0;
        expect(hidden > 0 && hidden % kPanel == 0 && hidden <= 1 << 14 && one.shape(0) == kGates * hidden &&
                   hidden == weights[0].shape(1),
               "weights of 4 * hidden by hidden, a multiple of " + std::to_string(kPanel));
        directions.push_back({one.data(), int(hidden), !directions.empty()});
    }
    return directions;
}

void expect_shape(const Floats& array, py::ssize_t rows, py::ssize_t columns, const char* name) {
    expect(array.ndim() == 2 && array.shape(0) == rows && array.shape(1) == columns,
           std::string(name) + " of " + std::to_string(rows) + " by " + std::to_string(columns));
}

std::vector<Floats> made(size_t count, py::ssize_t rows, py::ssize_t columns) {
    std::vector<Floats> arrays;
    for (size_t i = 0; i < count; ++i) arrays.emplace_back(std::vector<py::ssize_t>{rows, columns});
    return arrays;
}

// Calls work(direction) for each, in threads.
template <class Work>
void for_each_direction(size_t directions, int threads, Work work) {
    py::gil_scoped_release unlocked;
    for_each_block(directions, threads, [&] { return work; });
}

// inputs: of each direction, (N, 4 * hidden). Returns the hidden states (N, directions * hidden), gates and cells.
py::tuple forward(const std::vector<Floats>& inputs, const std::vector<Floats>& weights, const Offsets& offsets,
                  int threads) {
    const std::vector<LstmDirection> directions = to_directions(weights);
    expect(inputs.size() == directions.size(), "inputs of each direction");
    const py::ssize_t characters = inputs[0].shape(0), hidden = directions[0].hidden;
    for (const Floats& one : inputs) expect_shape(one, characters, kGates * hidden, "inputs");
    const std::vector<Region> sequences = to_sequences(offsets, characters);
    const py::ssize_t stride = hidden * py::ssize_t(directions.size());
    Floats states({characters, stride});
    std::vector<Floats> gates = made(directions.size(), characters, kGates * hidden);
    std::vector<Floats> cells = made(directions.size(), characters, hidden);
    std::vector<float*> gate_rows, cell_rows;
    for (size_t i = 0; i < directions.size(); ++i) {
        gate_rows.push_back(gates[i].mutable_data());
        cell_rows.push_back(cells[i].mutable_data());
    }
    float* const state_rows = states.mutable_data();
    for_each_direction(directions.size(), threads, [&](size_t i) {
        lstm_forward(directions[i], sequences, inputs[i].data(), gate_rows[i], cell_rows[i],
                     state_rows + i * size_t(hidden), size_t(stride));
    });
    return py::make_tuple(states, gates, cells);
}

// Returns the gradients of the inputs.
std::vector<Floats> backward(const Floats& state_gradient, const std::vector<Floats>& gates,
                             const std::vector<Floats>& cells, const std::vector<Floats>& weights,
                             const Offsets& offsets, int threads) {
    const std::vector<LstmDirection> directions = to_directions(weights);
    expect(gates.size() == directions.size() && cells.size() == directions.size(), "gates and cells of each direction");
    const py::ssize_t characters = gates[0].shape(0), hidden = directions[0].hidden;
    const py::ssize_t stride = hidden * py::ssize_t(directions.size());
    expect_shape(state_gradient, characters, stride, "a gradient");
    for (size_t i = 0; i < directions.size(); ++i) {
        expect_shape(gates[i], characters, kGates * hidden, "gates");
        expect_shape(cells[i], characters, hidden, "cells");
    }
    const std::vector<Region> sequences = to_sequences(offsets, characters);
    std::vector<Floats> gradients = made(directions.size(), characters, kGates * hidden);
    std::vector<float*> gradient_rows;
    for (Floats& one : gradients) gradient_rows.push_back(one.mutable_data());
    for_each_direction(directions.size(), threads, [&](size_t i) {
        lstm_backward(directions[i], sequences, gates[i].data(), cells[i].data(),
                      state_gradient.data() + i * size_t(hidden), size_t(stride), gradient_rows[i]);
    });
    return gradients;
}

}  // namespace

void bind_lstm(py::module_& module) {
    module.def("lstm_forward", &forward, py::arg("inputs"), py::arg("weights"), py::arg("offsets"), py::arg("threads"));
    module.def("lstm_backward", &backward, py::arg("gradient"), py::arg("gates"), py::arg("cells"), py::arg("weights"),
               py::arg("offsets"), py::arg("threads"));
}

}  // namespace cws
