// Models of kind bert, opened from the tensors of mapped files; what the inner loops take on trust is checked here.
#include <algorithm>
#include <cmath>

#include "python/bindings.h"
#include "python/float_tensors.h"
#include "python/predictor.h"
#include "neural/transformer.h"
#include "neural/transformer_kernels.h"

namespace cws {
namespace {

constexpr int kLargestHidden = 4096;
constexpr int kMostLayers = 1000;
constexpr int kWhole = 16;  // sizes are multiples of it: whole panels, and halves of heads whole vectors

py::value_error error(const std::string& expected, double got) {
    return py::value_error("expected " + expected + ", got " + std::to_string(got));
}

int sized(const std::string& name, size_t size, size_t most) {
    if (size == 0 || size % kWhole || size > most)
        throw py::value_error(name + ": expected a size that 16 divides, up to " + std::to_string(most) + ", got " +
                              std::to_string(size));
    return int(size);
}

// What cws/labelers/neural/native_bert.py reads in config.json and cws.json.
struct Options {
    int heads, layers, longest;
    double epsilon, rope;
    bool is_normed_before;
    int word_lists, standard;
    uint32_t unknown, first, last;
};

class TransformerPredictor : public NativePredictor {
public:
    // tensors: buffers by name, of 32-bit floats but for "characters", the token of each code point, "types", its type in
    // characters.h, and those of a lexicon, if there are features.
    TransformerPredictor(const py::dict& tensors, const Options& options, bool integers) : NativePredictor(model_, 1.0) {
        check(options);
        model_.reads_side_by_side = model_.reads_characters = true;
        model_.unknown = options.unknown;
        model_.longest = options.longest;
        FloatTensors floats(tensors, buffers_);
        TransformerTensors found = read(floats, options);
        read_chain(floats, model_);
        const uint32_t most = read_characters(tensors, options, uint32_t(found.vocabulary));
        if (floats.has("join")) {
            read_features(floats, options, found);
            model_.lexicon = map_trie(tensors, buffers_);
            model_.has_features = true;
            model_.has_lexicon = most <= UINT16_MAX;
        }
        py::gil_scoped_release unlocked;
        model_.network = make_transformer(found, options.first, options.last,
                                          integers ? Precision::kInt16 : Precision::kFloat32);
    }

private:
    static void check(const Options& options) {
        if (options.heads < 1) throw error("one head or more", options.heads);
        if (options.layers < 1 || options.layers > kMostLayers) throw error("1 to 1000 layers", options.layers);
        if (options.longest < 1 || options.longest > kMaxSequence)
            throw error("sequences of 1 to 1024 characters", options.longest);
        if (!(options.epsilon >= 1e-12 && options.epsilon <= 1)) throw error("an epsilon of 1e-12 to 1", options.epsilon);
        if (!(options.rope == 0 || (options.rope >= 1 && options.rope <= 1e9)))
            throw error("a base of rotations of 1 to 1e9", options.rope);
    }

    static TransformerTensors read(FloatTensors& floats, const Options& options) {
        TransformerTensors to;
        size_t hidden, vocabulary, inner;
        to.output_weights = floats.read_rows("output.weight", kTagCount, hidden);
        to.output_bias = floats.read("output.bias", kTagCount);
        to.hidden = sized("output.weight", hidden, kLargestHidden);
        to.heads = options.heads;
        if (to.hidden % to.heads || to.hidden / to.heads % kWhole) throw error("heads of a size that 16 divides", to.heads);
        to.tokens = floats.read_rows("tokens", hidden, vocabulary);
        if (vocabulary > INT32_MAX) throw error("2147483647 tokens at most", double(vocabulary));
        to.vocabulary = int(vocabulary);
        floats.read_rows("layers.0.intermediate.weight", hidden, inner);
        to.inner = sized("layers.0.intermediate.weight", inner, kLargestDepth);
        to.longest = options.longest;
        to.epsilon = float(options.epsilon);
        to.rope = float(options.rope);
        to.is_normed_before = options.is_normed_before;
        if (floats.has("places")) {
            size_t places;
            to.places = floats.read_rows("places", hidden, places);
            if (places < size_t(options.longest) + 2)
                throw error(std::to_string(options.longest + 2) + " places", double(places));
        }
        if (floats.has("type")) to.type = floats.read("type", hidden);
        to.embedding_norm = norm(floats, "embedding_norm", hidden);
        if (floats.has("final_norm.weight")) to.final_norm = norm(floats, "final_norm", hidden);
        for (int at = 0; at < options.layers; ++at) {
            const std::string name = "layers." + std::to_string(at) + ".";
            TransformerTensors::Layer layer;
            layer.query = linear(floats, name + "query", hidden, hidden);
            layer.key = linear(floats, name + "key", hidden, hidden);
            layer.value = linear(floats, name + "value", hidden, hidden);
            layer.attention_output = linear(floats, name + "attention_output", hidden, hidden);
            layer.intermediate = linear(floats, name + "intermediate", inner, hidden);
            if (floats.has(name + "gate.weight")) layer.gate = linear(floats, name + "gate", inner, hidden);
            layer.output = linear(floats, name + "output", hidden, inner);
            const bool has_norm = at > 0 || !to.is_normed_before || floats.has(name + "attention_norm.weight");
            if (has_norm) layer.attention_norm = norm(floats, name + "attention_norm", hidden);
            layer.inner_norm = norm(floats, name + "inner_norm", hidden);
            to.layers.push_back(layer);
        }
        return to;
    }

    static TransformerTensors::Norm norm(FloatTensors& floats, const std::string& name, size_t size) {
        return {floats.read(name + ".weight", size), bias(floats, name, size)};
    }
    static TransformerTensors::Linear linear(FloatTensors& floats, const std::string& name, size_t out, size_t in) {
        return {floats.read(name + ".weight", out * in), bias(floats, name, out)};
    }
    static const float* bias(FloatTensors& floats, const std::string& name, size_t size) {
        return floats.has(name + ".bias") ? floats.read(name + ".bias", size) : nullptr;
    }

    static void read_features(FloatTensors& floats, const Options& options, TransformerTensors& to) {
        if (options.word_lists < 1 || options.word_lists > kMaxLists)
            throw error("1 to " + std::to_string(kMaxLists) + " word lists", options.word_lists);
        size_t pairs, standards;
        to.features.word_lists = options.word_lists;
        to.features.pairs = floats.read_rows("pairs", kPairRows, pairs);
        if (pairs > size_t(kLargestHidden)) throw error("vectors of pairs of at most 4096 numbers", double(pairs));
        to.features.pair_size = int(pairs);
        const auto size = size_t(to.features.features());
        to.join = floats.read("join", size_t(to.hidden) * size);
        const float* const rows = floats.read_rows("standards", size, standards);
        if (options.standard < 0 || size_t(options.standard) >= standards)
            throw error("a standard from 0 to " + std::to_string(standards - 1), options.standard);
        to.features.standard = rows + size_t(options.standard) * size;
    }

    // Returns the highest token.
    uint32_t read_characters(const py::dict& tensors, const Options& options, uint32_t vocabulary) {
        model_.tokens = table<uint32_t>(tensors, "characters");
        uint32_t most = std::max({options.unknown, options.first, options.last});
        most = std::max(most, *std::max_element(model_.tokens, model_.tokens + kBmp));
        if (most >= vocabulary)
            throw py::value_error("characters: expected tokens below " + std::to_string(vocabulary) + ", got " +
                                  std::to_string(most));
        const uint8_t* const types = table<uint8_t>(tensors, "types");
        if (*std::max_element(types, types + kBmp) >= kTypes) throw py::value_error("types: expected 0 to 7");
        std::transform(types, types + kBmp, classes_.begin(), [](uint8_t type) { return uint16_t(kUnknown + type); });
        model_.classes = classes_.data();
        return most;
    }

    template <class T>
    const T* table(const py::dict& tensors, const char* name) {
        if (!tensors.contains(name)) throw py::value_error(std::string("expected a tensor ") + name);
        buffers_.push_back(tensors[name].cast<py::buffer>().request());
        return tensor<T>(buffers_.back(), name, kBmp * sizeof(T));
    }

    std::vector<uint16_t> classes_ = std::vector<uint16_t>(kBmp);
    std::vector<py::buffer_info> buffers_;  // keep what model_ points to
    Transformer model_;
};

}  // namespace

void bind_transformer(py::module_& module) {
    py::class_<TransformerPredictor, NativePredictor>(module, "TransformerPredictor")
        .def(py::init([](const py::dict& tensors, int heads, int layers, int longest, double epsilon, double rope,
                         bool is_normed_before, int word_lists, int standard, uint32_t unknown, uint32_t first,
                         uint32_t last, bool integers) {
                 const Options options = {heads, layers, longest, epsilon, rope, is_normed_before,
                                          word_lists, standard, unknown, first, last};
                 return std::make_unique<TransformerPredictor>(tensors, options, integers);
             }),
             py::arg("tensors"), py::kw_only(), py::arg("heads"), py::arg("layers"), py::arg("longest"),
             py::arg("epsilon"), py::arg("rope"), py::arg("is_normed_before"), py::arg("word_lists"),
             py::arg("standard"), py::arg("unknown"), py::arg("first"), py::arg("last"), py::arg("integers"));
    module.def("window_places", [](int length, int longest) {
        if (length < 1 || longest < 1) throw py::value_error("expected a length and a longest of 1 or more");
        std::vector<std::tuple<int, int, int, int>> result;
        for (const WindowPlace& one : window_places(length, longest))
            result.emplace_back(one.begin, one.end, one.first, one.last);
        return result;
    });
}

}  // namespace cws
