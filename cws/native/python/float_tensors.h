// Tensors of 32-bit floats of mapped files, checked before the inner loops take them on trust.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "python/bindings.h"

namespace cws {

// Reads tensors of 32-bit floats by name.
class FloatTensors {
public:
    FloatTensors(const pybind11::dict& tensors, std::vector<pybind11::buffer_info>& buffers)
        : tensors_(tensors), buffers_(buffers) {}

    bool has(const std::string& name) const { return tensors_.contains(name.c_str()); }

    // Of so many numbers; 0: of any number of them, which is returned in count.
    const float* read(const std::string& name, size_t expected, size_t* count = nullptr) {
        if (!has(name)) throw pybind11::value_error("expected a tensor " + name);
        buffers_.push_back(tensors_[name.c_str()].cast<pybind11::buffer>().request());
        const pybind11::buffer_info& info = buffers_.back();
        if (info.itemsize != 1 && info.format != pybind11::format_descriptor<float>::format())
            throw pybind11::value_error(name + ": expected 32-bit floats, got format " + info.format);
        const float* const numbers = tensor<float>(info, name.c_str(), expected * sizeof(float));
        const auto bytes = size_t(info.size * info.itemsize);
        if (bytes == 0 || bytes % sizeof(float)) throw pybind11::value_error(name + ": expected 32-bit floats");
        if (count) *count = bytes / sizeof(float);
        // Scores stay finite with these, however many are added up.
        constexpr float kLargest = 1e4f;
        float largest = 0;
        for (size_t at = 0; at < bytes / sizeof(float); ++at) {
            const float size = std::abs(numbers[at]);
            largest = size <= largest ? largest : size;  // NaN too
        }
        if (!(largest <= kLargest)) throw pybind11::value_error(name + ": expected numbers from -10000 to 10000");
        return numbers;
    }

    // Of rows of so many numbers.
    const float* read_rows(const std::string& name, size_t row, size_t& rows) {
        const float* const numbers = read(name, 0, &rows);
        if (rows % row) throw pybind11::value_error(name + ": expected rows of " + std::to_string(row) + " numbers");
        rows /= row;
        return numbers;
    }

private:
    const pybind11::dict& tensors_;
    std::vector<pybind11::buffer_info>& buffers_;
};

// The scores between tags, into a model that has them; zeros where there is no CRF.
template <class Model>
void read_chain(FloatTensors& floats, Model& model) {
    if (!floats.has("crf.transitions")) return;
    std::copy_n(floats.read("crf.transitions", 16), 16, model.transitions);
    std::copy_n(floats.read("crf.start_transitions", 4), 4, model.start);
    std::copy_n(floats.read("crf.end_transitions", 4), 4, model.end);
}

}  // namespace cws
