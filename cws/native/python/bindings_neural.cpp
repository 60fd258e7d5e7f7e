// The neural models, opened from the tensors of mapped files; what the inner loops take on trust is checked here.
#include <algorithm>

#include "python/bindings.h"
#include "python/float_tensors.h"
#include "python/predictor.h"
#include "neural/network.h"

namespace cws {
namespace {

constexpr int kLargestSize = 4096;  // of a vector

class NeuralPredictor : public NativePredictor {
public:
    // tensors: buffers by name, as cws/labelers/neural/lexicon_features.py describes those of the lexicon; "characters", the
    // class of each code point; and those of a PyTorch module with an encoder of cws/labelers/neural/encoders.py, a linear layer
    // `output` and, if it has one, a `crf`. dilations: of the blocks of a Cnn; none: it is a BiLstm. word_lists: how many the
    // lexicon is of.
    NeuralPredictor(const py::dict& tensors, const std::vector<int>& dilations, int standard, bool integers, int word_lists)
        : NativePredictor(model_, 1.0) {
        buffers_.reserve(64 + 2 * dilations.size());
        model_.reads_side_by_side = true;
        NeuralTensors neural;
        if (word_lists < 1 || word_lists > kMaxLists)
            throw py::value_error("expected 1 to " + std::to_string(kMaxLists) + " word lists, got " +
                                  std::to_string(word_lists));
        neural.word_lists = word_lists;
        FloatTensors floats(tensors, buffers_);
        read_sizes(floats, dilations, neural);
        read_features(floats, standard, neural);
        read_encoder(floats, dilations, neural);
        read_chain(floats, model_);
        read_classes(tensors, neural.classes);
        model_.lexicon = map_trie(tensors, buffers_);
        py::gil_scoped_release unlocked;
        const Precision precision = integers ? Precision::kInt16 : Precision::kFloat32;
        model_.network = dilations.empty() ? make_bilstm(neural, precision) : make_cnn(neural, precision);
    }

private:
    // A buffer has no shape: sizes follow from each other.
    static void read_sizes(FloatTensors& floats, const std::vector<int>& dilations, NeuralTensors& to) {
        const auto sized = [&](const char* name, size_t count, bool is_right) {
            if (!is_right) throw py::value_error(std::string(name) + ": " + std::to_string(count) + " numbers fit no size");
            return int(count);
        };
        size_t size, rows, pairs, classes;
        floats.read_rows("output.weight", 4, size);
        sized("output.weight", size, size <= 2 * kLargestSize && (!dilations.empty() || size % 2 == 0));
        to.hidden = int(dilations.empty() ? size / 2 : size);
        to.pairs = floats.read_rows("encoder.features.pairs.weight", kPairRows, pairs);
        to.pair_size = sized("encoder.features.pairs.weight", pairs, pairs <= kLargestSize);
        const char* const first = dilations.empty() ? "encoder.lstm.weight_ih_l0" : "encoder.project.weight";
        floats.read_rows(first, size_t(to.hidden) * (dilations.empty() ? 4 : 1), rows);
        const size_t rest = 2 * pairs + size_t(to.lexicon_bits());
        to.character_size = sized(first, rows, rows > rest && rows <= 4 * kLargestSize) - int(rest);
        to.characters = floats.read_rows("encoder.features.characters.weight", size_t(to.character_size), classes);
        to.classes = sized("encoder.features.characters.weight", classes, classes > kUnknown + kTypes - 1 && classes <= kBmp);
    }

    static void read_features(FloatTensors& floats, int standard, NeuralTensors& to) {
        size_t standards;
        const float* const rows =
            floats.read_rows("encoder.features.standards.weight", size_t(to.features()), standards);
        if (standard < 0 || size_t(standard) >= standards)
            throw py::value_error("expected a standard from 0 to " + std::to_string(standards - 1) + ", got " +
                                  std::to_string(standard));
        to.standard = rows + size_t(standard) * size_t(to.features());
    }

    static void read_encoder(FloatTensors& floats, const std::vector<int>& dilations, NeuralTensors& to) {
        const size_t hidden = size_t(to.hidden), features = size_t(to.features());
        const size_t size = dilations.empty() ? 2 * hidden : hidden;
        to.output_weights = floats.read("output.weight", 4 * size);
        to.output_bias = floats.read("output.bias", 4);
        if (dilations.empty()) {
            for (const std::string side : {"_l0", "_l0_reverse"})
                to.lstm.push_back({floats.read("encoder.lstm.weight_ih" + side, 4 * hidden * features),
                                   floats.read("encoder.lstm.weight_hh" + side, 4 * hidden * hidden),
                                   floats.read("encoder.lstm.bias_ih" + side, 4 * hidden),
                                   floats.read("encoder.lstm.bias_hh" + side, 4 * hidden)});
            return;
        }
        to.project_weights = floats.read("encoder.project.weight", hidden * features);
        to.project_bias = floats.read("encoder.project.bias", hidden);
        for (size_t at = 0; at < dilations.size(); ++at) {
            if (dilations[at] < 1 || dilations[at] > kMaxSequence)
                throw py::value_error("expected dilations from 1 to 1024, got " + std::to_string(dilations[at]));
            const std::string name = "encoder.blocks." + std::to_string(at) + ".convolution.";
            to.convolutions.push_back({floats.read(name + "weight", 6 * hidden * hidden),
                                       floats.read(name + "bias", 2 * hidden), dilations[at]});
        }
    }

    void read_classes(const py::dict& tensors, int classes) {
        if (!tensors.contains("characters")) throw py::value_error("expected a tensor characters");
        buffers_.push_back(tensors["characters"].cast<py::buffer>().request());
        model_.classes = tensor<uint16_t>(buffers_.back(), "characters", kBmp * sizeof(uint16_t));
        const auto [least, most] = std::minmax_element(model_.classes, model_.classes + kBmp);
        if (*least == kEdge || *most >= classes)
            throw py::value_error("characters: expected classes from 1 to " + std::to_string(classes - 1) + ", got " +
                                  std::to_string(*least == kEdge ? 0 : *most));
    }

    std::vector<py::buffer_info> buffers_;  // keep what model_ points to
    Neural model_;
};

}  // namespace

void bind_neural(py::module_& module) {
    py::class_<NeuralPredictor, NativePredictor>(module, "NeuralPredictor")
        .def(py::init<const py::dict&, const std::vector<int>&, int, bool, int>(), py::arg("tensors"),
             py::arg("dilations"), py::arg("standard"), py::arg("integers"), py::arg("word_lists") = 1);
}

}  // namespace cws
