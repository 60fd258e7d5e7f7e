// The models that segment, opened from the tensors of mapped files; what the inner loops take on trust is checked here.
#include "python/bindings.h"
#include "models/dictionary.h"
#include "models/hmm.h"
#include "models/linear.h"
#include "python/predictor.h"

namespace cws {
namespace {

class LinearPredictor : public NativePredictor {
public:
    // tensors: buffers by name, as labelers/linear.py describes them. scale: potentials are exp(score * scale). is_first_release:
    // whether the table of n-grams is.
    LinearPredictor(const py::dict& tensors, double scale, bool is_first_release) : NativePredictor(model_, scale) {
        const auto buffer = [&](const char* name) -> const py::buffer_info& {
            buffers_.push_back(tensors[name].cast<py::buffer>().request());
            return buffers_.back();
        };
        buffers_.reserve(16);
        model_.scale = scale;
        model_.classes = tensor<uint16_t>(buffer("characters"), "characters", kBmp * sizeof(uint16_t));
        const py::buffer_info& types = buffer("types");
        model_.types = tensor<uint8_t>(types, "types", 0);
        model_.class_count = uint32_t(types.size);
        model_.unigrams = tensor<int8_t>(buffer("unigrams"), "unigrams",
                                         size_t(model_.class_count) * kUnigramPositions * kTags);
        const auto int16s = [&](const char* name, size_t rows) {
            return tensor<int16_t>(buffer(name), name, rows * kTags * sizeof(int16_t));
        };
        model_.type_contexts = int16s("type_contexts", kTypeContexts);
        model_.repetitions = int16s("repetitions", kRepetitions);
        model_.transitions = int16s("transitions", kTags);
        model_.start = int16s("start", 1);
        model_.end = int16s("end", 1);
        const py::buffer_info& buckets = buffer("buckets");
        model_.ngrams.buckets = tensor<Bucket>(buckets, "buckets", 0);
        model_.ngrams.bucket_count = uint32_t(buckets.size / py::ssize_t(sizeof(Bucket)));
        const py::buffer_info& pilots = buffer("pilots");
        model_.ngrams.pilots = tensor<uint8_t>(pilots, "pilots", 0);
        model_.ngrams.pilot_count = uint32_t(pilots.size);
        if (is_first_release) model_.ngrams.set_first_release();
        check();
    }

private:
    // Everything the inner loops take on trust.
    void check() const {
        if (model_.class_count < kUnknown + kTypes || model_.class_count >= kAbsent)
            throw py::value_error("types: expected 9 to 65534 classes, got " + std::to_string(model_.class_count));
        for (size_t code = 0; code < kBmp; ++code)
            if (model_.classes[code] >= model_.class_count) throw py::value_error("characters: a class out of range");
        for (uint32_t at = 0; at < model_.class_count; ++at)
            if (model_.types[at] >= kTypes) throw py::value_error("types: expected 0 to 7");
        if (model_.ngrams.bucket_count == 0 || model_.ngrams.pilot_count == 0)
            throw py::value_error("buckets and pilots must not be empty");
        // Sums of scores are 16-bit numbers: these two, and 2176 at most from unigrams and n-grams.
        constexpr int kLargest = 15000;
        const auto fits = [](int16_t score) { return score >= -kLargest && score <= kLargest; };
        if (!std::all_of(model_.type_contexts, model_.type_contexts + kTypeContexts * kTags, fits) ||
            !std::all_of(model_.repetitions, model_.repetitions + kRepetitions * kTags, fits))
            throw py::value_error("type_contexts and repetitions: expected scores from -15000 to 15000");
    }

    std::vector<py::buffer_info> buffers_;  // keep what model_ points to
    LinearModel model_;
};

class HmmPredictor : public NativePredictor {
public:
    // tensors: buffers by name, as labelers/hmm.py describes them for the order.
    HmmPredictor(const py::dict& tensors, double scale, int order) : NativePredictor(model_, scale) {
        const auto buffer = [&](const char* name) -> const py::buffer_info& {
            buffers_.push_back(tensors[name].cast<py::buffer>().request());
            return buffers_.back();
        };
        buffers_.reserve(16);
        if (order != 1 && order != 2) throw py::value_error("expected order 1 or 2, got " + std::to_string(order));
        model_.order = order;
        model_.scale = scale;
        model_.classes = tensor<uint16_t>(buffer("characters"), "characters", kBmp * sizeof(uint16_t));
        const py::buffer_info& scores = buffer("scores");
        model_.scores = tensor<int16_t>(scores, "scores", 0);
        model_.class_count = uint32_t(size_t(scores.size * scores.itemsize) / (4 * sizeof(int16_t)));
        if (order == 1) {
            model_.transitions = tensor<int16_t>(buffer("transitions"), "transitions", 16 * sizeof(int16_t));
            model_.start = tensor<int16_t>(buffer("start"), "start", 4 * sizeof(int16_t));
            model_.end = tensor<int16_t>(buffer("end"), "end", 4 * sizeof(int16_t));
        } else {
            const uint32_t bigrams = tree(buffer("bigram_first"), buffer("bigram_classes"), "bigram_first",
                                          model_.class_count, model_.bigram_first, model_.bigram_classes);
            model_.bigram_scores =
                tensor<int16_t>(buffer("bigram_scores"), "bigram_scores", size_t(bigrams) * kTagPairs * sizeof(int16_t));
            const uint32_t trigrams = tree(buffer("trigram_first"), buffer("trigram_classes"), "trigram_first", bigrams,
                                           model_.trigram_first, model_.trigram_classes);
            model_.trigram_scores = tensor<int16_t>(buffer("trigram_scores"), "trigram_scores",
                                                    size_t(trigrams) * kTagTriples * sizeof(int16_t));
        }
        if (model_.class_count < kUnknown + kTypes) throw py::value_error("scores: expected at least 9 classes");
        for (size_t code = 0; code < kBmp; ++code)
            if (model_.classes[code] >= model_.class_count) throw py::value_error("characters: a class out of range");
    }

private:
    // One level of the tree of n-grams: where the children of each of `parents` begin. Returns how many there are.
    static uint32_t tree(const py::buffer_info& first, const py::buffer_info& classes, const char* name,
                         uint32_t parents, const uint32_t*& begins, const uint16_t*& children) {
        begins = tensor<uint32_t>(first, name, (size_t(parents) + 1) * sizeof(uint32_t));
        children = tensor<uint16_t>(classes, "classes of n-grams", 0);
        const auto count = size_t(classes.size * classes.itemsize) / sizeof(uint16_t);
        if (!std::is_sorted(begins, begins + parents + 1) || begins[0] != 0 || begins[parents] != count)
            throw py::value_error(std::string(name) + ": expected numbers that rise from 0 to " + std::to_string(count));
        return uint32_t(count);
    }

    std::vector<py::buffer_info> buffers_;  // keep what model_ points to
    Hmm model_;
};

class DictionaryPredictor : public NativePredictor {
public:
    // tensors: buffers by name, as cws/lattice.py describes them.
    DictionaryPredictor(const py::dict& tensors, double unknown, bool has_symbols) : NativePredictor(model_, 1.0) {
        model_.has_symbols = has_symbols;
        model_.trie = map_trie(tensors, buffers_);
        model_.unknown = unknown;
        if (!std::isfinite(unknown)) throw py::value_error("unknown: expected a finite number");
    }

private:
    std::vector<py::buffer_info> buffers_;  // keep what model_ points to
    DictionaryModel model_;
};

}  // namespace

void bind_models(py::module_& module) {
    py::enum_<Format>(module, "Format")
        .value("text", Format::kText)
        .value("json", Format::kJson)
        .value("conll", Format::kConll)
        .value("spans", Format::kSpans);
    py::class_<NativePredictor>(module, "NativePredictor")
        .def("set_units", &NativePredictor::set_units, py::arg("has_units"))
        .def("set_dictionary", &NativePredictor::set_dictionary, py::arg("dictionary").none(true), py::keep_alive<1, 2>())
        .def("segment", &NativePredictor::segment, py::arg("text"))
        .def("segment_batch", &NativePredictor::segment_batch, py::arg("texts"), py::arg("threads"))
        .def("tokens", &NativePredictor::tokens, py::arg("text"))
        .def("nbest", &NativePredictor::nbest, py::arg("text"), py::arg("n"))
        .def("emissions", &NativePredictor::emissions, py::arg("text"))
        .def("format", &NativePredictor::format, py::arg("format"), py::arg("block"), py::arg("column"),
             py::arg("has_words"), py::arg("is_last"), py::arg("only_words") = false)
        .def("word_ends", &NativePredictor::word_ends, py::arg("block"))
        .def("whole_sequences", &NativePredictor::whole_sequences, py::arg("block"), py::arg("column"),
             py::arg("has_words"));
    py::class_<LinearPredictor, NativePredictor>(module, "LinearPredictor")
        .def(py::init<const py::dict&, double, bool>(), py::arg("tensors"), py::arg("scale"),
             py::arg("is_first_release") = false);
    py::class_<HmmPredictor, NativePredictor>(module, "HmmPredictor")
        .def(py::init<const py::dict&, double, int>(), py::arg("tensors"), py::arg("scale"), py::arg("order"));
    py::class_<DictionaryPredictor, NativePredictor>(module, "DictionaryPredictor")
        .def(py::init<const py::dict&, double, bool>(), py::arg("tensors"), py::arg("unknown"), py::arg("units"));
}

}  // namespace cws
