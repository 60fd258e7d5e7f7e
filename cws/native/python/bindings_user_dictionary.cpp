// Bindings of user dictionaries; cws/user_dictionary/dictionary.py is their Python API.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <unordered_map>

#include "python/bindings.h"
#include "python/native_dictionary.h"
#include "python/python_text.h"
#include "user_dictionary/decide.h"
#include "trie/trie_builder.h"

namespace py = pybind11;

namespace cws {
namespace {

Folding read_folding(const uint16_t* table, size_t bytes) {
    if (bytes != 0 && bytes != kBmp * sizeof(uint16_t))
        throw py::value_error("folding: expected 65536 numbers of 16 bits, or none");
    return Folding(table, table + bytes / sizeof(uint16_t));
}

// A table of the filter, and the logarithm of its size.
template <class T>
std::pair<const T*, int> read_table(const py::dict& tensors, const char* name, int least_bits,
                                    std::vector<py::buffer_info>& buffers) {
    const py::buffer_info& info = buffer_of(tensors, name, sizeof(T), buffers);
    const auto size = size_t(info.size * info.itemsize) / sizeof(T);
    int bits = least_bits;
    while (bits < 24 && (size_t(1) << bits) < size) ++bits;
    if (size != size_t(1) << bits) throw py::value_error(std::string(name) + ": expected a power of two");
    return {tensor<T>(info, name, 0), bits};
}

PrefixFilter read_filter(const py::dict& tensors, std::vector<py::buffer_info>& buffers) {
    const auto [pairs, pair_bits] = read_table<uint8_t>(tensors, "filter_pairs", 8, buffers);
    const auto [triples, triple_bits] = read_table<uint64_t>(tensors, "filter_triples", 1, buffers);
    return {pairs, triples, pair_bits, triple_bits, false};
}

}  // namespace

NativeDictionary::NativeDictionary(std::shared_ptr<const StaticEntries> entries, Folding folding, Labels labels,
                                   std::vector<py::buffer_info> buffers)
    : buffers_(std::move(buffers)), entries_(std::move(entries)), labels_(std::move(labels)),
      dictionary_(UserDictionary(entries_, std::move(folding), labels_)) {}

std::unique_ptr<NativeDictionary> NativeDictionary::build(const py::iterable& entries, const py::bytes& folding) {
    const std::string_view table = folding;
    Folding folds = read_folding(reinterpret_cast<const uint16_t*>(table.data()), table.size());
    TrieBuilder builder;
    Labels labels;
    std::unordered_map<std::string, uint32_t> numbers;
    std::vector<std::pair<size_t, uint32_t>> labelled;  // (entry, number of its label)
    std::vector<uint32_t> copy;
    for (const py::handle item : entries) {
        const auto [word, weight, label] = item.cast<std::tuple<py::str, double, std::optional<std::string>>>();
        const auto size = size_t(PyUnicode_GET_LENGTH(word.ptr()));
        if (size == 0) throw py::value_error("expected words, got an empty one");
        if (label) {
            const auto number = numbers.emplace(*label, uint32_t(labels.size()));
            if (number.second) labels.push_back(*label);
            labelled.emplace_back(builder.size(), number.first->second);
        }
        builder.add(code_points(word.ptr(), copy), size, weight);
    }
    std::shared_ptr<const StaticEntries> made;
    {
        py::gil_scoped_release unlocked;
        made = StaticEntries::build(builder, folds, labelled);
    }
    return std::unique_ptr<NativeDictionary>(
        new NativeDictionary(std::move(made), std::move(folds), std::move(labels), {}));
}

std::unique_ptr<NativeDictionary> NativeDictionary::map(const py::dict& tensors, Labels labels) {
    std::vector<py::buffer_info> buffers;
    auto made = std::make_shared<StaticEntries>();
    made->trie = map_trie(tensors, buffers);
    const auto bytes_of = [](const py::buffer_info& info) { return size_t(info.size * info.itemsize); };
    const py::buffer_info& folding = buffer_of(tensors, "folding", sizeof(uint16_t), buffers);
    Folding folds = read_folding(tensor<uint16_t>(folding, "folding", 0), bytes_of(folding));
    const py::buffer_info& labelled = buffer_of(tensors, "labels", 2 * sizeof(uint32_t), buffers);
    made->filter = read_filter(tensors, buffers);
    const auto* const pairs = tensor<uint32_t>(labelled, "labels", 0);
    {
        py::gil_scoped_release unlocked;
        for (size_t at = 0; at < bytes_of(labelled) / (2 * sizeof(uint32_t)); ++at) {
            if (pairs[2 * at] >= made->trie.node_count || pairs[2 * at + 1] >= labels.size())
                throw py::value_error("labels: a number out of range");
            made->labels.emplace_back(pairs[2 * at], pairs[2 * at + 1]);
        }
        if (!std::is_sorted(made->labels.begin(), made->labels.end())) throw py::value_error("labels: not in order");
        made->count();
        made->filter.has_singles = made->singles > 0;
    }
    return std::unique_ptr<NativeDictionary>(
        new NativeDictionary(std::move(made), std::move(folds), std::move(labels), std::move(buffers)));
}

py::dict NativeDictionary::tensors() const {
    if (dictionary_.get().has_changes()) throw std::logic_error("tensors of a dictionary that was changed");
    py::dict result;
    const auto add = [&](const char* name, const void* data, size_t bytes) {
        result[name] = py::bytes(static_cast<const char*>(data), bytes);
    };
    const Folding& folding = dictionary_.get().folding();
    static_assert(sizeof(std::pair<uint32_t, uint32_t>) == 2 * sizeof(uint32_t));
    add_trie(entries_->trie, result);
    const PrefixFilter& filter = entries_->filter;
    add("filter_pairs", filter.pairs, size_t(1) << filter.pair_bits);
    add("filter_triples", filter.triples, sizeof(uint64_t) << filter.triple_bits);
    add("folding", folding.data(), folding.size() * sizeof(uint16_t));
    add("labels", entries_->labels.data(), entries_->labels.size() * sizeof(std::pair<uint32_t, uint32_t>));
    return result;
}

std::optional<std::tuple<double, std::optional<std::string>>> NativeDictionary::get(const py::str& word) const {
    std::vector<uint32_t> copy;
    const Entry entry = dictionary_.get().find(code_points(word.ptr(), copy), size_t(PyUnicode_GET_LENGTH(word.ptr())));
    if (!Trie::is_word(entry.weight)) return std::nullopt;
    return std::make_tuple(entry.weight, entry.label.empty() ? std::nullopt : std::make_optional(entry.label));
}

void NativeDictionary::set(const py::str& word, double weight, const std::optional<std::string>& label) {
    std::vector<uint32_t> copy;
    const uint32_t* const codes = code_points(word.ptr(), copy);
    dictionary_.write().set(codes, size_t(PyUnicode_GET_LENGTH(word.ptr())), weight, label.value_or(std::string()));
}

py::list NativeDictionary::items() const {
    py::list result;
    dictionary_.get().for_each([&](const std::u32string& word, const Entry& entry) {
        const py::object label = entry.label.empty() ? py::object(py::none()) : py::object(py::str(entry.label));
        result.append(py::make_tuple(make_str(word.data(), word.size()), entry.weight, label));
    });
    return result;
}

void bind_dictionary(py::module_& module) {
    module.attr("FORCED") = kForced;
    module.attr("DECIDED") = kDecided;
    module.attr("NEVER") = kNever;
    module.attr("TOLERANCE") = kTolerance;
    module.attr("REMOVED") = kRemoved;
    py::class_<NativeDictionary>(module, "NativeDictionary")
        .def_static("build", &NativeDictionary::build, py::arg("entries"), py::arg("folding"))
        .def_static("map", &NativeDictionary::map, py::arg("tensors"), py::arg("labels"))
        .def("tensors", &NativeDictionary::tensors)
        .def("labels", &NativeDictionary::labels)
        .def("get", &NativeDictionary::get, py::arg("word"))
        .def("set", &NativeDictionary::set, py::arg("word"), py::arg("weight"), py::arg("label"))
        .def("items", &NativeDictionary::items)
        .def("__len__", &NativeDictionary::size);
}

}  // namespace cws
