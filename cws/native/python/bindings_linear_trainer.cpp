// Bindings of training, in numpy arrays: they convert, release the GIL and translate errors.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "python/bindings.h"
#include "models/linear_trainer.h"
#include "models/ngram_weights.h"

namespace py = pybind11;

namespace cws {
namespace {

template <class T>
using Array = py::array_t<T, py::array::c_style>;

// Arrays that need not be given: a default of no values would import numpy with the module.
template <class T>
using Maybe = std::optional<Array<T>>;

template <class T>
Array<T> or_nothing(const Maybe<T>& given) {
    return given ? *given : Array<T>(0);
}

template <class T>
Array<T> to_numpy(const std::vector<T>& values, std::vector<py::ssize_t> shape) {
    Array<T> result(std::move(shape));
    std::copy(values.begin(), values.end(), result.mutable_data());
    return result;
}

// What is given of the sequences of a corpus, one after the other; standards, weights and emissions may be empty.
struct Sequences {
    Array<uint16_t> codes;
    Array<uint8_t> tag_sets;
    Array<int64_t> lengths;
    Array<uint8_t> standards;
    Array<float> weights, emissions;
};

void check_lengths(const Sequences& given) {
    py::ssize_t at = 0;
    for (py::ssize_t i = 0; i < given.lengths.size(); ++i) {
        const int64_t length = given.lengths.at(i);
        if (length < 1 || length > given.codes.size() - at || length > given.tag_sets.size() - at)
            throw py::value_error("lengths must be positive and sum to the number of codes and of tags");
        at += length;
    }
    if (at != given.codes.size() || at != given.tag_sets.size() || given.lengths.size() == 0)
        throw py::value_error("lengths must sum to the number of codes and of tags, and there must be some");
}

TaggedCorpus to_corpus(const Sequences& given, size_t class_count, int tag_count) {
    check_lengths(given);
    for (py::ssize_t j = 0; j < given.codes.size(); ++j)
        if (given.codes.at(j) >= class_count || given.tag_sets.at(j) == 0 || given.tag_sets.at(j) >> tag_count)
            throw py::value_error("a code or tag out of range");
    if (given.standards.size() != 0 && given.standards.size() != given.lengths.size())
        throw py::value_error("a standard for each sequence");
    if (given.weights.size() != 0 && given.weights.size() != given.lengths.size())
        throw py::value_error("a weight for each sequence");
    if (given.emissions.size() != 0 && given.emissions.size() != given.codes.size() * tag_count)
        throw py::value_error("emissions: expected one for each code and tag");
    TaggedCorpus corpus;
    py::ssize_t at = 0;
    for (py::ssize_t i = 0; i < given.lengths.size(); ++i) {
        const int64_t length = given.lengths.at(i);
        const float weight = given.weights.size() ? given.weights.at(i) : 1;
        if (!(weight >= 0 && weight <= 1000)) throw py::value_error("weights of sequences: expected 0 to 1000");
        corpus.add(given.codes.data() + at, given.tag_sets.data() + at, int(length),
                   given.standards.size() ? given.standards.at(i) : uint8_t(0), weight);
        at += length;
    }
    if (given.emissions.size() == 0) return corpus;
    corpus.emissions.resize(corpus.codes.size() * size_t(tag_count));
    const float* next = given.emissions.data();
    for (const auto& sequence : corpus.sequences) {
        const auto size = py::ssize_t(sequence.count) * tag_count;
        std::copy(next, next + size, corpus.emissions.begin() + sequence.begin * tag_count);
        next += size;
    }
    return corpus;
}

ClassLists to_lists(const std::vector<std::pair<Array<uint64_t>, Array<uint16_t>>>& given) {
    if (given.size() > kClassLists) throw py::value_error("too many lists of classes");
    ClassLists lists;
    for (size_t at = 0; at < given.size(); ++at) {
        const auto& [keys, numbers] = given[at];
        if (keys.size() != numbers.size()) throw py::value_error("a class for each lexicon key");
        for (py::ssize_t i = 0; i < keys.size(); ++i) {
            if (numbers.at(i) == 0) throw py::value_error("classes are counted from 1");
            lists[at].push_back({keys.at(i), numbers.at(i)});
        }
    }
    return lists;
}

class Trainer {
public:
    Trainer(const Sequences& given, const Array<uint8_t>& types, const Array<bool>& allowed, const ClassLists& lists,
            TrainerOptions options, const Array<float>& chain)
        : class_count_(size_t(types.size())) {
        if (options.min_trigram_count < 1 || options.min_fourgram_count < 1)
            throw py::value_error("least counts must be 1 or more");
        for (py::ssize_t i = 0; i < types.size(); ++i)
            if (types.at(i) >= kTypes) throw py::value_error("types: expected 0 to 7");
        if (allowed.ndim() != 2 || allowed.shape(0) != allowed.shape(1) + 2)
            throw py::value_error("allowed: expected a row for each tag, one for the first and one for the last");
        if (chain.size() != 0 && chain.size() != allowed.size())
            throw py::value_error("chain: expected the shape of allowed");
        const int tag_count = int(allowed.shape(1));
        if (tag_count > 6) throw py::value_error("a linear model has 2, 4 or 6 tags, got " + std::to_string(tag_count));
        TagLegality legality{tag_count, {allowed.data(), allowed.data() + allowed.size()}};
        TaggedCorpus corpus = to_corpus(given, class_count_, tag_count);
        std::vector<uint8_t> type_list(types.data(), types.data() + types.size());
        std::vector<float> first_chain(chain.data(), chain.data() + chain.size());
        py::gil_scoped_release unlocked;
        trainer_ = std::make_unique<LinearTrainer>(std::move(corpus), std::move(type_list), std::move(legality), lists,
                                                   options, std::move(first_chain));
    }

    double run_epoch() {
        py::gil_scoped_release unlocked;
        return trainer_->run_epoch();
    }

    Array<float> emissions(const Array<uint16_t>& codes, const Array<int64_t>& lengths, size_t standard,
                           const std::pair<float, float>& trust, const Maybe<float>& first) const {
        const std::vector<uint8_t> any_tags(size_t(codes.size()), 1);
        const Sequences given{codes, to_numpy(any_tags, {codes.size()}), lengths, {}, {}, or_nothing(first)};
        const TaggedCorpus corpus = to_corpus(given, class_count_, trainer_->tags());
        std::vector<float> result;
        {
            py::gil_scoped_release unlocked;
            result = trainer_->emissions(corpus, standard, {trust.first, trust.second});
        }
        return to_numpy(result, {codes.size(), trainer_->tags()});
    }

    // transitions, start and end
    py::tuple chain(size_t standard) const {
        const py::ssize_t tags = trainer_->tags();
        const std::vector<float> weights = trainer_->chain(standard);
        const auto row = [&](py::ssize_t at) { return weights.begin() + at * tags; };
        return py::make_tuple(to_numpy<float>({row(0), row(tags)}, {tags, tags}),
                              to_numpy<float>({row(tags), row(tags + 1)}, {tags}),
                              to_numpy<float>({row(tags + 1), row(tags + 2)}, {tags}));
    }

    py::dict weights(size_t standard, const std::pair<float, float>& trust) const {
        const LinearTrainer::Weights w = trainer_->weights(standard, {trust.first, trust.second});
        const py::ssize_t tags = trainer_->tags(), keys = py::ssize_t(w.keys.size());
        py::dict result;
        result["unigrams"] = to_numpy(w.unigrams, {py::ssize_t(class_count_), kUnigramPositions, tags});
        result["type_contexts"] = to_numpy(w.type_contexts, {kTypeContexts, tags});
        result["repetitions"] = to_numpy(w.repetitions, {kRepetitions, tags});
        const py::tuple of_chain = chain(standard);
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

// A table's buckets and pilots as they lie in a file; an empty one without buckets.
NgramTable table_of(const Array<uint8_t>& buckets, const Array<uint8_t>& pilots) {
    if (buckets.size() % py::ssize_t(sizeof(Bucket)) != 0 || (buckets.size() != 0 && pilots.size() == 0))
        throw py::value_error("buckets: expected 64 bytes each, and pilots");
    return {reinterpret_cast<const Bucket*>(buckets.data()), pilots.data(),
            uint32_t(buckets.size() / py::ssize_t(sizeof(Bucket))), uint32_t(pilots.size())};
}

py::tuple build_table(const Array<uint64_t>& keys, const Array<int8_t>& weights, const Maybe<uint8_t>& base_buckets,
                      const Maybe<uint8_t>& base_pilots) {
    if (weights.size() != keys.size() * kLanes) throw py::value_error("weights must have shape (keys, 4, 4)");
    const Array<uint8_t> buckets_before = or_nothing(base_buckets), pilots_before = or_nothing(base_pilots);
    const NgramTable base = table_of(buckets_before, pilots_before);
    BuiltTable table;
    {
        py::gil_scoped_release unlocked;
        table = build_ngram_table(keys.data(), weights.data(), size_t(keys.size()), base);
    }
    const auto* bytes = reinterpret_cast<const uint8_t*>(table.buckets.data());
    const auto buckets = py::ssize_t(table.buckets.size());
    return py::make_tuple(py::array_t<uint8_t>({buckets, py::ssize_t(sizeof(Bucket))}, bytes),
                          to_numpy(table.pilots, {py::ssize_t(table.pilots.size())}));
}

// The weights that a table has for the keys, shape (keys, 16), zeros where it has none; and whether it has the key.
py::tuple find_in_table(const Array<uint8_t>& buckets, const Array<uint8_t>& pilots, const Array<uint64_t>& keys) {
    const NgramTable table = table_of(buckets, pilots);
    std::vector<int8_t> weights(size_t(keys.size()) * kLanes);
    std::vector<uint8_t> found(size_t(keys.size()));
    for (py::ssize_t i = 0; i < keys.size() && table.bucket_count; ++i) {
        const Hash hash(keys.at(i));
        const Bucket& bucket = *table.bucket_of(hash);
        const int entry = find_entry(bucket, hash.fingerprint);
        if (entry < 0) continue;
        found[size_t(i)] = 1;
        std::copy_n(bucket.weights[entry], kLanes, &weights[size_t(i) * kLanes]);
    }
    return py::make_tuple(to_numpy(weights, {keys.size(), kLanes}), to_numpy(found, {keys.size()}));
}

}  // namespace

void bind_training(py::module_& module) {
    constexpr std::pair<float, float> kAsTheyAre = {1, 1};
    py::class_<Trainer>(module, "LinearTrainer")
        .def(py::init([](const Array<uint16_t>& codes, const Array<uint8_t>& tag_sets, const Array<int64_t>& lengths,
                         const Array<uint8_t>& types, const Array<bool>& allowed,
                         const std::vector<std::pair<Array<uint64_t>, Array<uint16_t>>>& lists, float rate,
                         float margin, int min_trigram_count, int min_fourgram_count, uint64_t seed, const Maybe<uint8_t>& standards,
                         const Maybe<float>& weights, const Maybe<float>& emissions, const Maybe<float>& chain,
                         float own_rate, bool classes_only) {
                 const TrainerOptions options{rate, margin, min_trigram_count, min_fourgram_count, seed, own_rate, classes_only};
                 const Sequences given{codes,           tag_sets, lengths, or_nothing(standards), or_nothing(weights),
                                       or_nothing(emissions)};
                 return std::make_unique<Trainer>(given, types, allowed, to_lists(lists), options, or_nothing(chain));
             }),
             py::arg("codes"), py::arg("tag_sets"), py::arg("lengths"), py::arg("types"), py::arg("allowed"),
             py::arg("lists"), py::arg("rate"), py::arg("margin"), py::arg("min_trigram_count"),
             py::arg("min_fourgram_count"), py::arg("seed"), py::kw_only(), py::arg("standards") = py::none(),
             py::arg("weights") = py::none(), py::arg("emissions") = py::none(), py::arg("chain") = py::none(),
             py::arg("own_rate") = 1, py::arg("classes_only") = false)
        .def("run_epoch", &Trainer::run_epoch)
        .def("emissions", &Trainer::emissions, py::arg("codes"), py::arg("lengths"), py::arg("standard") = 0,
             py::arg("trust") = kAsTheyAre, py::arg("first") = py::none())
        .def("chain", &Trainer::chain, py::arg("standard") = 0)
        .def("weights", &Trainer::weights, py::arg("standard") = 0, py::arg("trust") = kAsTheyAre);
    module.def("build_table", &build_table, py::arg("keys"), py::arg("weights"), py::arg("base_buckets") = py::none(),
               py::arg("base_pilots") = py::none());
    module.def("find_in_table", &find_in_table, py::arg("buckets"), py::arg("pilots"), py::arg("keys"));
}

}  // namespace cws
