// The Python face of the word sampler; cws/lexicon/refine.py is its door and checks what it is given.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>

#include "bindings.h"
#include "lexicon_sampler.h"

namespace py = pybind11;

namespace cws {
namespace {

template <class T>
using Array = py::array_t<T, py::array::c_style>;

std::unique_ptr<WordSampler> make_sampler(const Array<uint32_t>& units, const Array<uint64_t>& offsets,
                                          const Array<uint8_t>& ends, int longest, double discount, double strength,
                                          double unigram_discount, double unigram_strength, double mean_length,
                                          uint64_t seed) {
    const auto size = uint64_t(units.size());
    if (offsets.size() == 0 || offsets.at(0) != 0 || offsets.at(offsets.size() - 1) != size ||
        uint64_t(ends.size()) != size || !std::is_sorted(offsets.data(), offsets.data() + offsets.size()))
        throw py::value_error("offsets must rise from 0 to the number of units, and so many must be the ends");
    if (longest < 1 || longest > WordSampler::kMaxLength) throw py::value_error("longest: expected 1 to 8");
    if (size && *std::max_element(units.data(), units.data() + size) > 0x10FFFF + 256)
        throw py::value_error("units must be numbered from 0");
    const SamplerOptions options{longest,          discount,    strength, unigram_discount,
                                 unigram_strength, mean_length, seed};
    py::gil_scoped_release unlocked;
    return std::make_unique<WordSampler>(units.data(), offsets.data(), size_t(offsets.size() - 1), ends.data(),
                                         options);
}

Array<uint8_t> ends_of(const WordSampler& sampler) {
    Array<uint8_t> result(py::ssize_t(sampler.ends().size()));
    std::copy(sampler.ends().begin(), sampler.ends().end(), result.mutable_data());
    return result;
}

}  // namespace

void bind_sampler(py::module_& module) {
    py::class_<WordSampler>(module, "WordSampler")
        .def(py::init(&make_sampler), py::arg("units"), py::arg("offsets"), py::arg("ends"), py::kw_only(),
             py::arg("longest"), py::arg("discount"), py::arg("strength"), py::arg("unigram_discount"),
             py::arg("unigram_strength"), py::arg("mean_length"), py::arg("seed"))
        .def("sweep", &WordSampler::sweep, py::call_guard<py::gil_scoped_release>())
        .def("ends", &ends_of)
        .def_property_readonly("kinds", &WordSampler::kinds);
}

}  // namespace cws
