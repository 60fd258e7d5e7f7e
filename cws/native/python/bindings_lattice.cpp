// Bindings of the static trie and of the best path over its words; cws/lattice.py is their Python API.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cmath>
#include <string>

#include "python/bindings.h"
#include "trie/lattice.h"
#include "neural/lexicon_features.h"
#include "python/python_text.h"
#include "trie/trie_builder.h"
#include "python/word_cache.h"

namespace py = pybind11;

namespace cws {
namespace {

class WordTrie {
public:
    explicit WordTrie(TrieArrays arrays) : arrays_(std::move(arrays)), trie_(arrays_.view()) { count_words(); }

    // words: pairs (word, weight); the last weight of a word counts.
    static std::unique_ptr<WordTrie> build(const py::iterable& words) {
        TrieBuilder builder;
        std::vector<uint32_t> copy;
        for (const py::handle item : words) {
            const auto [word, weight] = item.cast<std::pair<py::str, double>>();
            const auto size = size_t(PyUnicode_GET_LENGTH(word.ptr()));
            if (size == 0) throw py::value_error("expected words, got an empty one");
            if (!std::isfinite(weight)) throw py::value_error("expected finite weights, got " + std::to_string(weight));
            builder.add(code_points(word.ptr(), copy), size, weight);
        }
        py::gil_scoped_release unlocked;
        return std::make_unique<WordTrie>(builder.build());
    }

    // Buffers by name, as cws/lattice.py describes them; they are used where they lie.
    static std::unique_ptr<WordTrie> map(const py::dict& tensors) {
        std::vector<py::buffer_info> buffers;
        const Trie trie = map_trie(tensors, buffers);
        return std::unique_ptr<WordTrie>(new WordTrie(trie, std::move(buffers)));
    }

    py::dict tensors() const {
        py::dict result;
        add_trie(trie_, result);
        return result;
    }

    size_t size() const { return word_count_; }

    std::optional<double> get(const py::str& word) const {
        std::vector<uint32_t> copy;
        const uint32_t* const codes = code_points(word.ptr(), copy);
        const uint32_t node = trie_.find(codes, size_t(PyUnicode_GET_LENGTH(word.ptr())));
        if (node == kNoNode || node == kRoot || !Trie::is_word(trie_.nodes[node].weight)) return std::nullopt;
        return trie_.nodes[node].weight;
    }

    const Trie& trie() const { return trie_; }

    bool contains(const py::str& word) const { return get(word).has_value(); }

    py::list items() const {
        py::list result;
        for_each_node(trie_, [&](const std::u32string& word, uint32_t node) {
            if (Trie::is_word(trie_.nodes[node].weight))
                result.append(py::make_tuple(make_str(word.data(), word.size()), trie_.nodes[node].weight));
        });
        return result;
    }

    // The ends of the words of the best path, and its score.
    std::pair<std::vector<size_t>, double> best_path(const py::str& text, double unknown) const {
        std::vector<size_t> ends;
        double score = 0;
        run(text, unknown, [&](size_t end) { ends.push_back(end); }, score);
        return {ends, score};
    }

    // The words of the best path.
    py::object segment(const py::str& text, double unknown) {
        std::vector<uint8_t> word_ends(size_t(PyUnicode_GET_LENGTH(text.ptr())));
        double score = 0;
        run(text, unknown, [&](size_t end) { word_ends[end - 1] = 1; }, score);
        return with_characters(text.ptr(), [&](const auto* characters, size_t size) {
            return owned(make_word_list(characters, size, word_ends.data(), cache_));
        });
    }

private:
    WordTrie(const Trie& trie, std::vector<py::buffer_info> buffers) : trie_(trie), buffers_(std::move(buffers)) {
        count_words();
    }

    void count_words() {
        for (size_t at = 1; at < trie_.node_count; ++at)
            word_count_ += trie_.nodes[at].parent != kNoNode && Trie::is_word(trie_.nodes[at].weight);
    }

    static void check_unknown(double unknown) {
        if (!std::isfinite(unknown)) throw py::value_error("unknown: expected a finite number");
    }

    template <class Use>
    void run(const py::str& text, double unknown, Use use, double& score) const {
        check_unknown(unknown);
        const auto size = size_t(PyUnicode_GET_LENGTH(text.ptr()));
        if (size >= kNoNode) throw py::value_error("expected a text of fewer than 2**32 - 1 characters");
        py::gil_scoped_release unlocked;
        std::vector<uint32_t> copy, classes(size + 1, kNoClass), ends(size);
        std::vector<double> scores(size + 1);
        const uint32_t* const codes = code_points(text.ptr(), copy);
        for (size_t i = 0; i < size; ++i) classes[i] = trie_.class_of(codes[i]);
        cws::best_path(trie_, classes.data(), size, 0.0, unknown, scores.data(), ends.data());
        score = scores[0];
        for (size_t at = 0; at < size; at = ends[at]) use(ends[at]);
    }

    TrieArrays arrays_;
    Trie trie_;
    std::vector<py::buffer_info> buffers_;  // keep what trie_ points to
    size_t word_count_ = 0;
    WordCache cache_;
};

template <class T>
using Array = py::array_t<T, py::array::c_style>;

// Of sequences one after the other.
Array<int64_t> lexicon_bits_of(const WordTrie& words, const Array<uint16_t>& codes, const Array<int64_t>& lengths) {
    if (codes.ndim() != 1 || lengths.ndim() != 1) throw py::value_error("expected arrays of one dimension");
    int64_t total = 0;
    for (py::ssize_t i = 0; i < lengths.size(); ++i) {
        if (lengths.at(i) < 0 || lengths.at(i) > codes.size() - total)
            throw py::value_error("expected lengths that add up to " + std::to_string(codes.size()));
        total += lengths.at(i);
    }
    if (total != codes.size()) throw py::value_error("expected lengths that add up to " + std::to_string(codes.size()));
    Array<int64_t> result(codes.size());
    const uint16_t* from = codes.data();
    uint64_t* to = reinterpret_cast<uint64_t*>(result.mutable_data());
    const int64_t *length = lengths.data(), *const end = length + lengths.size();
    py::gil_scoped_release unlocked;
    for (; length != end; from += *length, to += *length++) lexicon_bits(words.trie(), from, *length, to);
    return result;
}

}  // namespace

const py::buffer_info& buffer_of(const py::dict& tensors, const char* name, size_t row_bytes,
                                 std::vector<py::buffer_info>& buffers) {
    buffers.reserve(16);  // references to them stay valid
    buffers.push_back(tensors[name].cast<py::buffer>().request());
    const py::buffer_info& info = buffers.back();
    if (size_t(info.size * info.itemsize) % row_bytes)
        throw py::value_error(std::string(name) + ": expected rows of " + std::to_string(row_bytes) + " bytes");
    return info;
}

Trie map_trie(const py::dict& tensors, std::vector<py::buffer_info>& buffers) {
    Trie trie;
    trie.pages = tensor<uint16_t>(buffer_of(tensors, "pages", 1, buffers), "pages", kPages * sizeof(uint16_t));
    const py::buffer_info& classes = buffer_of(tensors, "classes", 256 * sizeof(uint32_t), buffers);
    trie.classes = tensor<uint32_t>(classes, "classes", 0);
    trie.row_count = size_t(classes.size * classes.itemsize) / (256 * sizeof(uint32_t));
    const py::buffer_info& nodes = buffer_of(tensors, "nodes", sizeof(TrieNode), buffers);
    trie.nodes = tensor<TrieNode>(nodes, "nodes", 0);
    trie.node_count = size_t(nodes.size * nodes.itemsize) / sizeof(TrieNode);
    py::gil_scoped_release unlocked;
    if (const std::string wrong = check_trie(trie); !wrong.empty()) throw py::value_error(wrong);
    return trie;
}

void add_trie(const Trie& trie, py::dict& tensors) {
    const auto add = [&](const char* name, const void* data, size_t bytes) {
        tensors[name] = py::bytes(static_cast<const char*>(data), bytes);
    };
    add("pages", trie.pages, kPages * sizeof(uint16_t));
    add("classes", trie.classes, (trie.row_count << 8) * sizeof(uint32_t));
    add("nodes", trie.nodes, trie.node_count * sizeof(TrieNode));
}

void bind_lattice(py::module_& module) {
    py::class_<WordTrie>(module, "WordTrie")
        .def_static("build", &WordTrie::build, py::arg("words"))
        .def_static("map", &WordTrie::map, py::arg("tensors"))
        .def("tensors", &WordTrie::tensors)
        .def("get", &WordTrie::get, py::arg("word"))
        .def("items", &WordTrie::items)
        .def("segment", &WordTrie::segment, py::arg("text"), py::arg("unknown"))
        .def("best_path", &WordTrie::best_path, py::arg("text"), py::arg("unknown"))
        .def("__contains__", &WordTrie::contains, py::arg("word"))
        .def("__len__", &WordTrie::size);
    module.def("lexicon_bits", &lexicon_bits_of, py::arg("trie"), py::arg("codes"), py::arg("lengths"));
}

}  // namespace cws
