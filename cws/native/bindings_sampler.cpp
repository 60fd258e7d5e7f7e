// The Python face of what builds a lexicon from counts and text: cws/lexicon/expect.py, cut.py and refine.py are its doors.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "bindings.h"
#include "lexicon_sample.h"
#include "lexicon_sampler.h"
#include "lexicon_words.h"
#include "python_text.h"
#include "trie_builder.h"

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

// The trie of a list of different words, and the node of each.
TrieArrays build_trie(const py::list& words, const double* weights, std::vector<uint32_t>& nodes) {
    TrieBuilder builder(words.size());
    std::vector<uint32_t> copy;
    for (size_t i = 0; i < words.size(); ++i) {
        const py::str word = words[i].cast<py::str>();
        const auto size = size_t(PyUnicode_GET_LENGTH(word.ptr()));
        if (size == 0) throw py::value_error("expected words, got an empty one");
        if (weights && !std::isfinite(weights[i])) throw py::value_error("expected finite weights");
        builder.add(code_points(word.ptr(), copy), size, weights ? weights[i] : 0.0);
    }
    return builder.build(&nodes);
}

py::tuple expect(const py::str& text, const py::list& words, const Array<double>& weights, double unknown,
                 bool all_paths, int threads) {
    if (size_t(weights.size()) != words.size()) throw py::value_error("expected a weight for each word");
    if (!std::isfinite(unknown)) throw py::value_error("unknown: expected a finite number");
    std::vector<uint32_t> nodes, copy;
    const TrieArrays trie = build_trie(words, weights.data(), nodes);
    const auto size = size_t(PyUnicode_GET_LENGTH(text.ptr()));
    if (size >= kNoNode) throw py::value_error("expected a text of fewer than 2**32 - 1 characters");
    Expectations result;
    {
        py::gil_scoped_release unlocked;
        result = expect_words(trie.view(), code_points(text.ptr(), copy), size, unknown, all_paths, threads);
    }
    Array<double> counts(py::ssize_t(words.size()));
    for (size_t i = 0; i < words.size(); ++i) counts.mutable_at(py::ssize_t(i)) = result.counts[nodes[i]];
    return py::make_tuple(counts, result.log_probability, result.characters);
}

Array<uint8_t> join(const py::str& text, const py::list& words) {
    std::vector<uint32_t> nodes, copy;
    const TrieArrays trie = build_trie(words, nullptr, nodes);
    const auto size = size_t(PyUnicode_GET_LENGTH(text.ptr()));
    Array<uint8_t> joined{py::ssize_t(size)};
    uint8_t* const out = joined.mutable_data();
    py::gil_scoped_release unlocked;
    join_words(trie.view(), code_points(text.ptr(), copy), size, out);
    return joined;
}

void add_text(LineSample& sample, const py::str& text) {
    with_characters(text.ptr(), [&](const auto* characters, size_t size) {
        const py::gil_scoped_release unlocked;
        sample.add(characters, size);
    });
}

py::list runs_of(const LineSample& sample) {
    const std::vector<uint32_t> codes = sample.runs();
    py::list runs;
    for (auto at = codes.begin(); at != codes.end();) {
        const auto end = std::find(at, codes.end(), uint32_t{'\n'});
        runs.append(make_str(&*at, size_t(end - at)));
        at = end + 1;
    }
    return runs;
}

}  // namespace

void bind_sampler(py::module_& module) {
    py::class_<LineSample>(module, "LineSample")
        .def(py::init<size_t>(), py::arg("characters"))
        .def("add", &add_text, py::arg("text"))
        .def("end_line", &LineSample::end_line)
        .def("runs", &runs_of);
    py::class_<WordSampler>(module, "WordSampler")
        .def(py::init(&make_sampler), py::arg("units"), py::arg("offsets"), py::arg("ends"), py::kw_only(),
             py::arg("longest"), py::arg("discount"), py::arg("strength"), py::arg("unigram_discount"),
             py::arg("unigram_strength"), py::arg("mean_length"), py::arg("seed"))
        .def("sweep", &WordSampler::sweep, py::call_guard<py::gil_scoped_release>())
        .def("ends", &ends_of)
        .def_property_readonly("kinds", &WordSampler::kinds);
    module.def("expect_words", &expect, py::arg("text"), py::arg("words"), py::arg("weights"), py::arg("unknown"),
               py::arg("all_paths"), py::arg("threads"));
    module.def("join_words", &join, py::arg("text"), py::arg("words"));
}

}  // namespace cws
