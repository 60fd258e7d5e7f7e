// Bindings of chain.h; the arrays have been checked by cws/decode/chain.py.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "python/bindings.h"
#include "chain/chain.h"
#include "chain/sbme.h"

namespace py = pybind11;

namespace cws {
namespace {

template <class T>
using Array = py::array_t<T, py::array::c_style>;

// The arrays of a chain, alive as long as this; what C++ takes on trust is looked at once more.
class Arguments {
public:
    Arguments(Array<float> emissions, Array<int64_t> offsets, Array<float> transitions, Array<float> start,
              Array<float> end, const py::object& allowed, bool is_sbme)
        : emissions_(std::move(emissions)), offsets_(std::move(offsets)), transitions_(std::move(transitions)),
          start_(std::move(start)), end_(std::move(end)) {
        const py::ssize_t tags = emissions_.ndim() == 2 ? emissions_.shape(1) : 0;
        const py::ssize_t characters = emissions_.shape(0);
        expect(1 <= tags && tags <= kMaxTags, "emissions of 1 to 256 tags");
        expect(transitions_.size() == tags * tags && start_.size() == tags && end_.size() == tags, "transitions");
        expect(offsets_.ndim() == 1 && offsets_.size() >= 1 && offsets_.at(0) == 0, "offsets from 0");
        for (py::ssize_t i = 1; i < offsets_.size(); ++i)
            expect(offsets_.data()[i - 1] <= offsets_.data()[i], "offsets that rise");
        expect(offsets_.data()[offsets_.size() - 1] == characters, "offsets up to the number of characters");
        if (!allowed.is_none()) {
            allowed_ = allowed.cast<Array<uint8_t>>();
            expect(allowed_.size() == characters * allowed_stride(int(tags)), "allowed");
        }
        expect(!is_sbme || tags == 4, "four tags");
        chain = {int(tags), transitions_.data(), start_.data(), end_.data(), is_sbme};
        batch = {emissions_.data(), offsets_.data(), offsets_.size() - 1, allowed.is_none() ? nullptr : allowed_.data()};
    }

    static void expect(bool fine, const char* what) {
        if (!fine) throw py::value_error(std::string("expected ") + what);
    }

    Chain chain;
    Batch batch;

private:
    Array<float> emissions_;
    Array<int64_t> offsets_;
    Array<float> transitions_, start_, end_;
    Array<uint8_t> allowed_;
};

py::tuple viterbi_py(const Arguments& arguments, int threads) {
    Array<uint8_t> tags(arguments.batch.characters());
    Array<double> scores(arguments.batch.sequences);
    uint8_t* const tags_data = tags.mutable_data();
    double* const scores_data = scores.mutable_data();
    {
        py::gil_scoped_release unlocked;
        viterbi(arguments.chain, arguments.batch, threads, tags_data, scores_data);
    }
    return py::make_tuple(tags, scores);
}

py::tuple nbest_py(const Arguments& arguments, int n, int threads) {
    Arguments::expect(n >= 1, "n of at least 1");
    Array<uint8_t> tags({py::ssize_t(n), py::ssize_t(arguments.batch.characters())});
    Array<double> scores({py::ssize_t(n), py::ssize_t(arguments.batch.sequences)});
    uint8_t* const tags_data = tags.mutable_data();
    double* const scores_data = scores.mutable_data();
    {
        py::gil_scoped_release unlocked;
        nbest(arguments.chain, arguments.batch, n, threads, tags_data, scores_data);
    }
    return py::make_tuple(tags, scores);
}

py::tuple forward_backward_py(const Arguments& arguments, bool pairwise, int threads) {
    const py::ssize_t characters = arguments.batch.characters(), tags = arguments.chain.tags;
    Array<double> log_partition(arguments.batch.sequences);
    Array<float> marginals({characters, tags});
    Array<double> transitions({tags, tags});
    Array<float> pairs({pairwise ? characters : 0, tags, tags});
    const ChainSums sums{log_partition.mutable_data(), marginals.mutable_data(), transitions.mutable_data(),
                    pairwise ? pairs.mutable_data() : nullptr, nullptr, nullptr};
    {
        py::gil_scoped_release unlocked;
        forward_backward(arguments.chain, arguments.batch, nullptr, threads, sums);
    }
    return py::make_tuple(log_partition, marginals, pairwise ? py::object(pairs) : py::object(transitions));
}

py::tuple log_likelihood_py(const Arguments& arguments, const py::array& tags, const Array<float>& weights, int threads) {
    const py::ssize_t characters = arguments.batch.characters(), size = arguments.chain.tags;
    Arguments::expect(tags.ndim() == 1 && tags.size() == characters && (tags.flags() & py::array::c_style), "tags");
    Arguments::expect(weights.size() == arguments.batch.sequences, "weights");
    const bool bytes = py::isinstance<py::array_t<uint8_t>>(tags);
    Arguments::expect(bytes || py::isinstance<py::array_t<int64_t>>(tags), "tags of uint8 or int64");
    const Gold gold{bytes ? static_cast<const uint8_t*>(tags.data()) : nullptr,
                    bytes ? nullptr : static_cast<const int64_t*>(tags.data()), weights.data()};
    Array<double> values(arguments.batch.sequences);
    Array<float> emissions({characters, size});
    Array<double> transitions({size, size}), start(size), end(size);
    const ChainSums sums{values.mutable_data(), emissions.mutable_data(), transitions.mutable_data(), nullptr,
                    start.mutable_data(), end.mutable_data()};
    {
        py::gil_scoped_release unlocked;
        forward_backward(arguments.chain, arguments.batch, &gold, threads, sums);
    }
    return py::make_tuple(values, py::make_tuple(emissions, transitions, start, end));
}

// The core's tags: the name of each, those that may come before each, and those that may be first and last.
py::tuple sbme_tags() {
    std::string names(4, ' ');
    for (const auto& [tag, name] : {std::pair(S, 'S'), std::pair(B, 'B'), std::pair(M, 'M'), std::pair(E, 'E')})
        names[tag] = name;
    const auto pair_of = [](const Tag* tags) { return py::make_tuple(int(tags[0]), int(tags[1])); };
    py::list before;
    for (const auto& tags : kBefore) before.append(pair_of(tags));
    return py::make_tuple(names, before, pair_of(kFirstTags), pair_of(kLastTags));
}

}  // namespace

void bind_decode(py::module_& module) {
    module.attr("SBME_TAGS") = sbme_tags();
    py::class_<Arguments>(module, "Chain")
        .def(py::init<Array<float>, Array<int64_t>, Array<float>, Array<float>, Array<float>, const py::object&, bool>(),
             py::arg("emissions"), py::arg("offsets"), py::arg("transitions"), py::arg("start"), py::arg("end"),
             py::arg("allowed"), py::arg("is_sbme"))
        .def("viterbi", &viterbi_py, py::arg("threads"))
        .def("nbest", &nbest_py, py::arg("n"), py::arg("threads"))
        .def("forward_backward", &forward_backward_py, py::arg("pairwise"), py::arg("threads"))
        .def("log_likelihood", &log_likelihood_py, py::arg("tags"), py::arg("weights"), py::arg("threads"));
}

}  // namespace cws
