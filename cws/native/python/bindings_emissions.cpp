// Words by emissions that were computed elsewhere: EmissionPredictor, and the sequences to compute them for.
#include <pybind11/numpy.h>

#include "python/bindings.h"
#include "chain/chain_decoder.h"
#include "python/predictor.h"

namespace cws {
namespace {

constexpr int kTags = 4;

using Floats = py::array_t<float, py::array::c_style>;

const uint16_t* checked_classes(const py::buffer_info& info) {
    return tensor<uint16_t>(info, "characters", kBmp * sizeof(uint16_t));
}

const float* checked_floats(const Floats& array, const char* name, size_t rows) {
    if (size_t(array.size()) != rows * kTags)
        throw py::value_error(std::string(name) + ": expected " + std::to_string(rows * kTags) + " numbers, got " +
                              std::to_string(array.size()));
    return array.data();
}

// The emissions of all sequences of one text, one after the other.
struct EmissionLabeler : Labeler {
    std::unique_ptr<Decoder> decoder() const override;

    const float* transitions = nullptr;
    const float* start = nullptr;
    const float* end = nullptr;
    const float* emissions = nullptr;
    size_t count = 0;
};

class EmissionDecoder : public ChainDecoder {
public:
    explicit EmissionDecoder(const EmissionLabeler& labeler)
        : ChainDecoder(sbme_word_chain(labeler.transitions, labeler.start, labeler.end)), labeler_(labeler) {}

    // Blocks come in the order of the text, once or several times over.
    void score(const uint16_t* codes, const uint32_t*, int count) override {
        for (int i = 0; i < count; ++i) {
            if (codes[i] == kEdge) continue;
            if (next_ == labeler_.count) next_ = 0;
            if (next_ < labeler_.count) std::copy_n(labeler_.emissions + kTags * next_++, kTags, rows(i));
        }
    }

private:
    const EmissionLabeler& labeler_;
    size_t next_ = 0;
};

std::unique_ptr<Decoder> EmissionLabeler::decoder() const { return std::make_unique<EmissionDecoder>(*this); }

class EmissionPredictor : public NativePredictor {
public:
    // characters: the class of each code point, which tells white space. emissions: (N, 4), of all that is none in the
    // one text that this is for. transitions (4, 4), start (4,), end (4,): what is illegal is not read.
    EmissionPredictor(const py::buffer& characters, Floats emissions, Floats transitions, Floats start, Floats end)
        : NativePredictor(labeler_, 1.0), characters_(characters.request()), emissions_(std::move(emissions)),
          transitions_(std::move(transitions)), start_(std::move(start)), end_(std::move(end)) {
        labeler_.classes = checked_classes(characters_);
        labeler_.count = size_t(emissions_.size()) / kTags;
        labeler_.emissions = checked_floats(emissions_, "emissions", labeler_.count);
        labeler_.transitions = checked_floats(transitions_, "transitions", kTags);
        labeler_.start = checked_floats(start_, "start", 1);
        labeler_.end = checked_floats(end_, "end", 1);
    }

private:
    py::buffer_info characters_;
    Floats emissions_, transitions_, start_, end_;
    EmissionLabeler labeler_;
};

// The (begin, count) of each sequence of a text, as (S, 2): what stands between white space, at most kMaxSequence long.
py::array_t<int64_t> find_sequences(const py::buffer& characters, const py::str& text) {
    const py::buffer_info info = characters.request();
    const uint16_t* const classes = checked_classes(info);
    std::vector<int64_t> found;
    with_characters(text.ptr(), [&](const auto* codes, size_t size) {
        py::gil_scoped_release unlocked;
        for (size_t at = 0; at < size;) {
            if (class_of(classes, uint32_t(codes[at])) == kSeparator) {
                ++at;
                continue;
            }
            const size_t end = sequence_end(classes, codes, size, at);
            found.insert(found.end(), {int64_t(at), int64_t(end - at)});
            at = end;
        }
        return 0;
    });
    return py::array_t<int64_t>({int64_t(found.size() / 2), int64_t(2)}, found.data());
}

}  // namespace

void bind_emissions(py::module_& module) {
    py::class_<EmissionPredictor, NativePredictor>(module, "EmissionPredictor")
        .def(py::init<const py::buffer&, Floats, Floats, Floats, Floats>(), py::arg("characters"),
             py::arg("emissions"), py::arg("transitions"), py::arg("start"), py::arg("end"));
    module.def("find_sequences", &find_sequences, py::arg("characters"), py::arg("text"));
}

}  // namespace cws
