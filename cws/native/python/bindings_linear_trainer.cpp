// Bindings of training, in numpy arrays: they convert, release the GIL and translate errors.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <limits>
#include <memory>
#include <string>

#include "python/bindings.h"
#include "models/linear_trainer.h"
#include "models/ngram_weights.h"

namespace py = pybind11;

namespace cws {
namespace {

template <class T>
using Array = py::array_t<T, py::array::c_style>;

template <class T>
Array<T> to_numpy(const std::vector<T>& values, std::vector<py::ssize_t> shape) {
    Array<T> result(std::move(shape));
    std::copy(values.begin(), values.end(), result.mutable_data());
    return result;
}

// codes and tags of all sequences, one after the other; lengths of the sequences, none of them zero.
TaggedCorpus to_corpus(const Array<uint16_t>& codes, const Array<uint8_t>& tags, const Array<int64_t>& lengths,
                       size_t class_count, int tag_count) {
    TaggedCorpus corpus;
    py::ssize_t at = 0;
    for (py::ssize_t i = 0; i < lengths.size(); ++i) {
        const int64_t length = lengths.at(i);
        if (length < 1 || length > codes.size() - at || length > tags.size() - at)
            throw py::value_error("lengths must be positive and sum to the number of codes and of tags");
        for (py::ssize_t j = at; j < at + length; ++j)
            if (codes.at(j) >= class_count || tags.at(j) >= tag_count)
                throw py::value_error("a code or tag out of range");
        corpus.add(codes.data() + at, tags.data() + at, int(length));
        at += length;
    }
    if (at != codes.size() || at != tags.size() || lengths.size() == 0)
        throw py::value_error("lengths must sum to the number of codes and of tags, and there must be some");
    return corpus;
}

class Trainer {
public:
    Trainer(const Array<uint16_t>& codes, const Array<uint8_t>& tags, const Array<int64_t>& lengths,
            const Array<uint8_t>& types, const Array<bool>& allowed, const Array<uint64_t>& lexicon_keys,
            const Array<uint16_t>& lexicon_classes, float rate, float margin, int min_trigram_count,
            int min_fourgram_count, uint64_t seed)
        : class_count_(size_t(types.size())) {
        if (lexicon_keys.size() != lexicon_classes.size()) throw py::value_error("a class for each lexicon key");
        if (min_trigram_count < 1 || min_fourgram_count < 1) throw py::value_error("least counts must be 1 or more");
        for (py::ssize_t i = 0; i < types.size(); ++i)
            if (types.at(i) >= kTypes) throw py::value_error("types: expected 0 to 7");
        std::vector<LexiconEntry> lexicon;
        for (py::ssize_t i = 0; i < lexicon_keys.size(); ++i)
            lexicon.push_back({lexicon_keys.at(i), lexicon_classes.at(i)});
        const TrainerOptions options{rate, margin, min_trigram_count, min_fourgram_count, seed};
        if (allowed.ndim() != 2 || allowed.shape(0) != allowed.shape(1) + 2)
            throw py::value_error("allowed: expected a row for each tag, one for the first and one for the last");
        const int tag_count = int(allowed.shape(1));
        TagLegality legality{tag_count, {allowed.data(), allowed.data() + allowed.size()}};
        TaggedCorpus corpus = to_corpus(codes, tags, lengths, class_count_, tag_count);
        std::vector<uint8_t> type_list(types.data(), types.data() + types.size());
        py::gil_scoped_release unlocked;
        trainer_ = std::make_unique<LinearTrainer>(std::move(corpus), std::move(type_list), std::move(legality),
                                                   lexicon, options);
    }

    double run_epoch() {
        py::gil_scoped_release unlocked;
        return trainer_->run_epoch();
    }

    Array<float> emissions(const Array<uint16_t>& codes, const Array<int64_t>& lengths) const {
        const std::vector<uint8_t> no_tags(size_t(codes.size()));
        const TaggedCorpus corpus =
            to_corpus(codes, to_numpy(no_tags, {codes.size()}), lengths, class_count_, trainer_->tags());
        std::vector<float> result;
        {
            py::gil_scoped_release unlocked;
            result = trainer_->emissions(corpus);
        }
        return to_numpy(result, {codes.size(), trainer_->tags()});
    }

    // transitions, start and end
    py::tuple chain() const {
        const py::ssize_t tags = trainer_->tags();
        const auto row = [&](py::ssize_t at) { return trainer_->chain().begin() + at * tags; };
        return py::make_tuple(to_numpy<float>({row(0), row(tags)}, {tags, tags}),
                              to_numpy<float>({row(tags), row(tags + 1)}, {tags}),
                              to_numpy<float>({row(tags + 1), row(tags + 2)}, {tags}));
    }

    py::dict weights() const {
        const LinearTrainer::Weights w = trainer_->weights();
        const py::ssize_t tags = trainer_->tags(), keys = py::ssize_t(w.keys.size());
        py::dict result;
        result["unigrams"] = to_numpy(w.unigrams, {py::ssize_t(class_count_), kUnigramPositions, tags});
        result["type_contexts"] = to_numpy(w.type_contexts, {kTypeContexts, tags});
        result["repetitions"] = to_numpy(w.repetitions, {kRepetitions, tags});
        const py::tuple of_chain = chain();
        result["transitions"] = of_chain[0];
        result["start"] = of_chain[1];
        result["end"] = of_chain[2];
        result["keys"] = to_numpy(w.keys, {keys});
        result["in_lexicon"] = to_numpy(w.in_lexicon, {keys});
        result["ngrams"] = to_numpy(w.ngrams, {keys, kPositions, tags});
        return result;
    }

private:
    size_t class_count_;
    std::unique_ptr<LinearTrainer> trainer_;
};

py::tuple build_table(const Array<uint64_t>& keys, const Array<int8_t>& weights) {
    if (weights.size() != keys.size() * kLanes) throw py::value_error("weights must have shape (keys, 4, 4)");
    BuiltTable table;
    {
        py::gil_scoped_release unlocked;
        table = build_ngram_table(keys.data(), weights.data(), size_t(keys.size()));
    }
    const auto* bytes = reinterpret_cast<const uint8_t*>(table.buckets.data());
    const auto buckets = py::ssize_t(table.buckets.size());
    return py::make_tuple(py::array_t<uint8_t>({buckets, py::ssize_t(sizeof(Bucket))}, bytes),
                          to_numpy(table.pilots, {py::ssize_t(table.pilots.size())}));
}

}  // namespace

void bind_training(py::module_& module) {
    py::class_<Trainer>(module, "LinearTrainer")
        .def(py::init<const Array<uint16_t>&, const Array<uint8_t>&, const Array<int64_t>&, const Array<uint8_t>&,
                      const Array<bool>&, const Array<uint64_t>&, const Array<uint16_t>&, float, float, int, int,
                      uint64_t>(),
             py::arg("codes"), py::arg("tags"), py::arg("lengths"), py::arg("types"), py::arg("allowed"),
             py::arg("lexicon_keys"), py::arg("lexicon_classes"), py::arg("rate"), py::arg("margin"),
             py::arg("min_trigram_count"), py::arg("min_fourgram_count"), py::arg("seed"))
        .def("run_epoch", &Trainer::run_epoch)
        .def("emissions", &Trainer::emissions, py::arg("codes"), py::arg("lengths"))
        .def("chain", &Trainer::chain)
        .def("weights", &Trainer::weights);
    module.def("build_table", &build_table, py::arg("keys"), py::arg("weights"));
}

}  // namespace cws
