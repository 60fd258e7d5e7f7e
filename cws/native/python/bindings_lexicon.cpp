// Bindings of what builds a lexicon from counts and text: the modules of cws/lexicon are its API.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "python/bindings.h"
#include "lexicon/line_sample.h"
#include "lexicon/word_sampler.h"
#include "lexicon/steps.h"
#include "ngrams/links.h"
#include "python/python_text.h"
#include "trie/lattice_expectations.h"
#include "trie/trie_builder.h"

namespace py = pybind11;

namespace cws {
namespace {

template <class T>
using Array = py::array_t<T, py::array::c_style>;

template <class T>
Array<T> to_array(const std::vector<T>& values) {
    Array<T> result{py::ssize_t(values.size())};
    std::copy(values.begin(), values.end(), result.mutable_data());
    return result;
}

std::unique_ptr<WordSampler> make_sampler(const Array<uint32_t>& symbols, const Array<uint64_t>& offsets,
                                          const Array<uint8_t>& ends, int longest, double discount, double strength,
                                          double unigram_discount, double unigram_strength, double mean_length,
                                          uint64_t seed) {
    const auto size = uint64_t(symbols.size());
    if (offsets.size() == 0 || offsets.at(0) != 0 || offsets.at(offsets.size() - 1) != size ||
        uint64_t(ends.size()) != size || !std::is_sorted(offsets.data(), offsets.data() + offsets.size()))
        throw py::value_error("offsets must rise from 0 to the number of symbols, and so many must be the ends");
    if (longest < 1 || longest > WordSampler::kMaxLength) throw py::value_error("longest: expected 1 to 8");
    if (size && *std::max_element(symbols.data(), symbols.data() + size) > 0x10FFFF + 256)
        throw py::value_error("symbols must be numbered from 0");
    const SamplerOptions options{longest,          discount,    strength, unigram_discount,
                                 unigram_strength, mean_length, seed};
    py::gil_scoped_release unlocked;
    return std::make_unique<WordSampler>(symbols.data(), offsets.data(), size_t(offsets.size() - 1), ends.data(),
                                         options);
}

Array<uint8_t> ends_of(const WordSampler& sampler) {
    return to_array(sampler.ends());
}

// The words are different; a line of the text is segmented by itself.
std::unique_ptr<TextLattice> make_lattice(const py::str& text, const py::list& words, int threads) {
    TrieBuilder builder(words.size());
    std::vector<uint32_t> copy, lengths;
    for (const py::handle item : words) {
        const py::str word = item.cast<py::str>();
        const auto size = size_t(PyUnicode_GET_LENGTH(word.ptr()));
        if (size == 0) throw py::value_error("expected words, got an empty one");
        builder.add(code_points(word.ptr(), copy), size, double(lengths.size()));
        lengths.push_back(uint32_t(size));
    }
    const auto size = size_t(PyUnicode_GET_LENGTH(text.ptr()));
    if (size >= kNoNode) throw py::value_error("expected a text of fewer than 2**32 - 1 characters");
    py::gil_scoped_release unlocked;
    const TrieArrays trie = builder.build();
    return std::make_unique<TextLattice>(trie.view(), std::move(lengths), code_points(text.ptr(), copy), size, threads);
}

py::tuple expect(const TextLattice& lattice, const Array<double>& weights, double unknown) {
    if (size_t(weights.size()) != lattice.words()) throw py::value_error("expected a weight for each word");
    if (!std::isfinite(unknown)) throw py::value_error("unknown: expected a finite number");
    if (!std::all_of(weights.data(), weights.data() + weights.size(), [](double weight) { return std::isfinite(weight); }))
        throw py::value_error("expected finite weights");
    Expectations result;
    {
        py::gil_scoped_release unlocked;
        result = lattice.expect(weights.data(), unknown);
    }
    return py::make_tuple(to_array(result.counts), result.log_probability, result.characters);
}

std::vector<NgramRows> rows_of(const std::vector<Array<uint32_t>>& tables) {
    std::vector<NgramRows> rows;
    for (const Array<uint32_t>& table : tables) {
        if (table.ndim() != 2 || table.shape(1) < 1) throw py::value_error("expected tables of n-grams, one a row");
        rows.push_back({table.data(), size_t(table.shape(0))});
    }
    return rows;
}

std::vector<size_t> orders_of(const std::vector<Array<uint32_t>>& tables) {
    std::vector<size_t> orders;
    for (const Array<uint32_t>& table : tables) orders.push_back(size_t(table.shape(1)));
    return orders;
}

py::list link(const std::vector<Array<uint32_t>>& tables) {
    const std::vector<NgramRows> rows = rows_of(tables);
    for (size_t k = 0; k < tables.size(); ++k)
        if (size_t(tables[k].shape(1)) != k + 1) throw py::value_error("expected tables of order 1, 2 and so on");
    std::vector<NgramLinks> links;
    {
        py::gil_scoped_release unlocked;
        links = link_ngrams(rows);
    }
    py::list result;
    for (const NgramLinks& one : links) result.append(py::make_tuple(to_array(one.prefixes), to_array(one.suffixes)));
    return result;
}

// The trie of tables of n-grams, one a row, with weights or without.
TrieArrays trie_of(const std::vector<NgramRows>& tables, const std::vector<size_t>& orders,
                   const std::vector<const double*>& weights) {
    TrieBuilder builder;
    for (size_t table = 0; table < tables.size(); ++table)
        for (size_t i = 0; i < tables[table].count; ++i)
            builder.add(tables[table].ngrams + i * orders[table], orders[table],
                        weights.empty() ? 0.0 : weights[table][i]);
    return builder.build();
}

py::list strings_of(const Pieces& pieces) {
    py::list strings;
    for (const StringNumbers::String& piece : pieces.numbers.strings()) strings.append(make_str(piece.codes, piece.size));
    return strings;
}

py::tuple cut(const py::str& text, const std::vector<Array<uint32_t>>& strong, size_t longest, int threads) {
    const std::vector<NgramRows> rows = rows_of(strong);
    const std::vector<size_t> orders = orders_of(strong);
    std::vector<uint32_t> copy;
    const uint32_t* const codes = code_points(text.ptr(), copy);
    const auto size = size_t(PyUnicode_GET_LENGTH(text.ptr()));
    Pieces pieces;
    {
        py::gil_scoped_release unlocked;
        const TrieArrays trie = trie_of(rows, orders, {});
        pieces = cut_pieces(trie.view(), codes, size, longest, threads);
    }
    return py::make_tuple(strings_of(pieces), to_array(pieces.counts));
}

Array<uint8_t> best_ends(const py::str& text, const std::vector<Array<uint32_t>>& tables,
                         const std::vector<Array<double>>& weights, double unknown) {
    const std::vector<NgramRows> rows = rows_of(tables);
    std::vector<const double*> values;
    for (size_t table = 0; table < tables.size(); ++table) {
        if (table >= weights.size() || weights[table].size() != tables[table].shape(0))
            throw py::value_error("expected a weight for each n-gram");
        values.push_back(weights[table].data());
        if (!std::all_of(values.back(), values.back() + rows[table].count, [](double x) { return std::isfinite(x); }))
            throw py::value_error("expected finite weights");
    }
    const std::vector<size_t> orders = orders_of(tables);
    std::vector<uint32_t> copy;
    const uint32_t* const codes = code_points(text.ptr(), copy);
    const auto size = size_t(PyUnicode_GET_LENGTH(text.ptr()));
    Array<uint8_t> ends{py::ssize_t(size)};
    uint8_t* const out = ends.mutable_data();
    py::gil_scoped_release unlocked;
    const TrieArrays trie = trie_of(rows, orders, values);
    mark_best_ends(trie.view(), codes, size, unknown, out);
    return ends;
}

py::tuple count(const py::str& text, const Array<uint8_t>& ends) {
    const auto size = size_t(PyUnicode_GET_LENGTH(text.ptr()));
    if (size_t(ends.size()) != size || (size && !ends.data()[size - 1]))
        throw py::value_error("expected a text and whether a word ends at each character, as at the last one");
    std::vector<uint32_t> copy;
    const Pieces words = count_pieces(code_points(text.ptr(), copy), ends.data(), size);
    return py::make_tuple(strings_of(words), to_array(words.counts));
}

py::tuple prune(const py::list& words, size_t singles, const Array<double>& counts, double min_pmi, double more) {
    if (size_t(counts.size()) != words.size()) throw py::value_error("expected a count for each word");
    std::vector<uint32_t> copy, codes;
    std::vector<size_t> ends;
    for (const py::handle& word : words) {
        const py::str text = py::cast<py::str>(word);
        const auto size = size_t(PyUnicode_GET_LENGTH(text.ptr()));
        if ((size == 1) != (ends.size() < singles) || size == 0)
            throw py::value_error("expected first the words of one character, then all others");
        const uint32_t* const from = code_points(text.ptr(), copy);
        codes.insert(codes.end(), from, from + size);
        ends.push_back(codes.size());
    }
    StringNumbers numbers;
    for (size_t i = 0, begin = 0; i < ends.size(); begin = ends[i++]) numbers.add(codes.data() + begin, ends[i] - begin);
    if (numbers.strings().size() != ends.size()) throw py::value_error("expected different words");
    for (const uint32_t code : codes)
        if (numbers.find(&code, 1) == StringNumbers::kNone) throw py::value_error("expected all characters as words");
    std::vector<double> result(counts.data(), counts.data() + counts.size());
    const std::vector<uint32_t> kept = prune_words(numbers, singles, result, min_pmi, more);
    return py::make_tuple(to_array(kept), to_array(result));
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

// (bits, [(checksum, runs)]): what others need to join the samples of several parts of a text.
py::tuple lines_of(const LineSample& sample) {
    py::list lines;
    sample.for_each_line([&](uint32_t checksum, const uint32_t* codes, size_t size) {
        lines.append(py::make_tuple(checksum, make_str(codes, size)));
    });
    return py::make_tuple(sample.bits(), lines);
}

}  // namespace

void bind_sampler(py::module_& module) {
    py::class_<LineSample>(module, "LineSample")
        .def(py::init<size_t>(), py::arg("characters"))
        .def("add", &add_text, py::arg("text"))
        .def("end_line", &LineSample::end_line)
        .def("runs", &runs_of)
        .def("lines", &lines_of);
    py::class_<TextLattice>(module, "TextLattice")
        .def(py::init(&make_lattice), py::arg("text"), py::arg("words"), py::arg("threads"))
        .def("expect", &expect, py::arg("weights"), py::arg("unknown"));
    py::class_<WordSampler>(module, "WordSampler")
        .def(py::init(&make_sampler), py::arg("symbols"), py::arg("offsets"), py::arg("ends"), py::kw_only(),
             py::arg("longest"), py::arg("discount"), py::arg("strength"), py::arg("unigram_discount"),
             py::arg("unigram_strength"), py::arg("mean_length"), py::arg("seed"))
        .def("sweep", &WordSampler::sweep, py::call_guard<py::gil_scoped_release>())
        .def("ends", &ends_of)
        .def_property_readonly("word_types", &WordSampler::word_types);
    module.def("link_ngrams", &link, py::arg("tables"));
    module.def("cut_pieces", &cut, py::arg("text"), py::arg("strong"), py::arg("longest"),
               py::arg("threads"));
    module.def("best_ends", &best_ends, py::arg("text"), py::arg("tables"), py::arg("weights"), py::arg("unknown"));
    module.def("count_words", &count, py::arg("text"), py::arg("ends"));
    module.def("prune_words", &prune, py::arg("words"), py::arg("singles"), py::arg("counts"), py::arg("min_pmi"),
               py::arg("more"));
}

}  // namespace cws
