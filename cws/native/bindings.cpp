// The Python face of the core: converts, releases the GIL, translates errors. Nothing here decides anything.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "bindings.h"
#include "format.h"
#include "linear_model.h"
#include "python_text.h"
#include "segmenter.h"
#include "word_list.h"

namespace py = pybind11;

namespace cws {
namespace {

class LinearSegmenter {
public:
    // tensors: buffers by name, as labelers/linear.py describes them. scale: potentials are exp(score * scale).
    LinearSegmenter(const py::dict& tensors, double scale) : scale_(scale) {
        const auto buffer = [&](const char* name) -> const py::buffer_info& {
            buffers_.push_back(tensors[name].cast<py::buffer>().request());
            return buffers_.back();
        };
        buffers_.reserve(16);
        free_.reserve(256);  // as many as there are threads, at most
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
        check();
    }

    py::object segment(const py::str& text) {
        return with_characters(text.ptr(), [&](const auto* characters, size_t size) {
            std::vector<uint8_t> word_ends(size);
            {
                py::gil_scoped_release unlocked;
                Lease segmenter(*this);
                segmenter->word_ends(characters, size, word_ends.data());
            }
            return owned(make_word_list(characters, size, word_ends.data(), cache_));
        });
    }

    // The lists of words of the texts. Threads segment, in order; this one makes lists of what they have done.
    py::list segment_batch(const py::list& texts, int threads) {
        struct Item {
            py::object text;
            std::vector<uint8_t> word_ends;
        };
        std::vector<Item> items;
        items.reserve(texts.size());
        for (const py::handle text : texts) {
            if (!PyUnicode_Check(text.ptr()))
                throw py::type_error("expected str, got " + std::string(Py_TYPE(text.ptr())->tp_name));
            items.push_back({py::reinterpret_borrow<py::object>(text), {}});
        }
        const size_t chunk = std::max<size_t>(1, std::min<size_t>(256, items.size() / (size_t(threads) * 4)));
        const size_t chunks = (items.size() + chunk - 1) / chunk;
        std::vector<char> done(chunks, 0);
        std::atomic<size_t> next{0};
        std::mutex mutex;
        std::condition_variable changed;
        std::exception_ptr failure;  // no memory, in a thread
        const auto work = [&]() noexcept {
            try {
                Lease segmenter(*this);
                for (size_t at; (at = next++) < chunks;) {
                    for (size_t i = at * chunk; i < std::min(items.size(), (at + 1) * chunk); ++i) {
                        Item& item = items[i];
                        with_characters(item.text.ptr(), [&](const auto* characters, size_t size) {
                            item.word_ends.resize(size);
                            segmenter->word_ends(characters, size, item.word_ends.data());
                        });
                    }
                    const std::lock_guard lock(mutex);
                    done[at] = 1;
                    changed.notify_one();
                }
            } catch (...) {
                const std::lock_guard lock(mutex);
                failure = std::current_exception();
                changed.notify_one();
            }
        };
        struct Workers {
            std::atomic<size_t>& next;
            std::vector<std::thread> threads;
            ~Workers() {
                next = ~size_t(0) / 2;  // after an error nobody begins another chunk
                py::gil_scoped_release unlocked;
                for (std::thread& thread : threads) thread.join();
            }
        } workers{next, {}};
        for (int i = 0; i < std::min<int>(threads, int(chunks)); ++i) workers.threads.emplace_back(work);
        py::list result;  // grows, because other threads can find a list with holes through the garbage collector
        for (size_t at = 0; at < chunks; ++at) {
            {
                py::gil_scoped_release unlocked;
                std::unique_lock lock(mutex);
                changed.wait(lock, [&] { return done[at] != 0 || failure; });
                if (!done[at]) std::rethrow_exception(failure);
            }
            if (PyErr_CheckSignals()) throw py::error_already_set();  // Ctrl-C
            for (size_t i = at * chunk; i < std::min(items.size(), (at + 1) * chunk); ++i) {
                Item& item = items[i];
                PyObject* words = with_characters(item.text.ptr(), [&](const auto* characters, size_t size) {
                    return make_word_list(characters, size, item.word_ends.data(), cache_);
                });
                result.append(owned(words));
                item.word_ends = {};
            }
        }
        return result;
    }

    // (start, end, probability) of each word.
    std::vector<std::tuple<size_t, size_t, double>> tokens(const py::str& text) {
        return with_characters(text.ptr(), [&](const auto* characters, size_t size) {
            py::gil_scoped_release unlocked;
            Lease segmenter(*this);
            std::vector<uint8_t> word_ends(size);
            segmenter->word_ends(characters, size, word_ends.data());
            std::vector<std::tuple<size_t, size_t, double>> result;
            size_t word = 0;
            const auto collect = [&](size_t end, auto probability) {
                for (size_t i = word; i < end; ++i) {
                    if (!word_ends[i]) continue;
                    result.emplace_back(word, i + 1, probability(word, i));
                    word = i + 1;
                }
            };
            const auto certain = [](size_t, size_t) { return 1.0; };
            ForwardBackward forward_backward;
            segmenter->for_each_sequence(characters, size, [&](size_t begin, const int16_t* emissions, int count) {
                collect(begin, certain);  // white space
                forward_backward.run(chain_scores(model_), scale_, emissions, count);
                collect(begin + size_t(count), [&](size_t first, size_t last) {
                    return forward_backward.word_probability(int(first - begin), int(last - begin));
                });
            });
            collect(size, certain);
            return result;
        });
    }

    // The n best segmentations, best first, as (score in nats, words).
    std::vector<std::pair<double, py::object>> nbest(const py::str& text, int n) {
        return with_characters(text.ptr(), [&](const auto* characters, size_t size) {
            std::vector<uint8_t> word_ends(size);
            std::vector<Stage> stages;
            std::vector<Choice> best{{0, 0, 0}};
            {
                py::gil_scoped_release unlocked;
                Lease segmenter(*this);
                segmenter->word_ends(characters, size, word_ends.data());
                segmenter->for_each_sequence(characters, size, [&](size_t begin, const int16_t* emissions, int count) {
                    stages.push_back({begin, n_best_word_ends(chain_scores(model_), emissions, count, n), {}});
                    stages.back().choices = best = combine(best, stages.back().tails, size_t(n));
                });
            }
            std::vector<std::pair<double, py::object>> result;
            for (const Choice& one : best) {
                Choice at = one;
                for (size_t i = stages.size(); i-- > 0;) {
                    const std::vector<uint8_t>& tail = stages[i].tails[at.tail].word_ends;
                    std::copy(tail.begin(), tail.end(), word_ends.begin() + int64_t(stages[i].begin));
                    if (i > 0) at = stages[i - 1].choices[at.head];
                }
                result.emplace_back(double(one.score) * scale_,
                                    owned(make_word_list(characters, size, word_ends.data(), cache_)));
            }
            return result;
        });
    }

    // (begin, scores) of each sequence of the text; shape of scores: (count, 4). For tests and for the curious.
    std::vector<std::pair<size_t, std::vector<int16_t>>> emissions(const py::str& text) {
        return with_characters(text.ptr(), [&](const auto* characters, size_t size) {
            std::vector<std::pair<size_t, std::vector<int16_t>>> result;
            Lease segmenter(*this);
            segmenter->for_each_sequence(characters, size, [&](size_t begin, const int16_t* emissions, int count) {
                result.emplace_back(begin, std::vector<int16_t>(emissions, emissions + count * kTags));
            });
            return result;
        });
    }

    // The words of a block of UTF-8, or the place of the first invalid byte.
    py::object format(Format format, const py::bytes& block, int64_t column, bool has_words, bool is_last) {
        const std::string_view bytes = block;
        std::string output;
        int64_t invalid;
        {
            py::gil_scoped_release unlocked;
            output.reserve(bytes.size() * (format == Format::kJson ? 12 : 2));
            invalid = Formatter(model_).format(format, bytes.data(), bytes.size(), {column, has_words}, is_last, output);
        }
        if (invalid != Formatter::kValid) return py::int_(invalid);
        return py::bytes(output);
    }

    std::tuple<size_t, int64_t, bool> whole_sequences(const py::bytes& block, int64_t column, bool has_words) {
        const std::string_view bytes = block;
        LinePosition position{column, has_words};
        py::gil_scoped_release unlocked;
        const size_t length = Formatter(model_).whole_sequences(bytes.data(), bytes.size(), position);
        return {length, position.column, position.has_words};
    }

private:
    // A Segmenter for the calling thread, given back at the end. Nobody waits for the lock: a process may be forked
    // while one of its threads holds it, and then the child's never opens.
    class Lease {
    public:
        explicit Lease(LinearSegmenter& owner) : owner_(owner) {
            {
                const std::unique_lock lock(owner_.mutex_, std::try_to_lock);
                if (lock && !owner_.free_.empty()) {
                    segmenter_ = std::move(owner_.free_.back());
                    owner_.free_.pop_back();
                }
            }
            if (!segmenter_) segmenter_ = std::make_unique<Segmenter>(owner_.model_);
        }
        ~Lease() {
            const std::unique_lock lock(owner_.mutex_, std::try_to_lock);
            if (lock && owner_.free_.size() < owner_.free_.capacity()) owner_.free_.push_back(std::move(segmenter_));
        }
        Segmenter* operator->() { return segmenter_.get(); }

    private:
        LinearSegmenter& owner_;
        std::unique_ptr<Segmenter> segmenter_;
    };

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

    // One of the n best of the text so far: one of those before its last sequence, and one of that sequence's.
    struct Choice {
        int64_t score;
        size_t head, tail;
    };
    struct Stage {
        size_t begin;
        std::vector<ScoredWordEnds> tails;
        std::vector<Choice> choices;
    };

    static std::vector<Choice> combine(const std::vector<Choice>& heads, const std::vector<ScoredWordEnds>& tails,
                                       size_t n) {
        std::vector<Choice> choices;
        for (size_t i = 0; i < heads.size(); ++i)
            for (size_t j = 0; j < tails.size() && (i + 1) * (j + 1) <= n; ++j)
                choices.push_back({heads[i].score + tails[j].score, i, j});
        std::stable_sort(choices.begin(), choices.end(), [](auto& a, auto& b) { return a.score > b.score; });
        if (choices.size() > n) choices.resize(n);
        return choices;
    }

    std::vector<py::buffer_info> buffers_;  // keep what model_ points to
    LinearModel model_;
    double scale_;
    WordCache cache_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Segmenter>> free_;
};

}  // namespace
}  // namespace cws

PYBIND11_MODULE(_native, module) {
    using namespace cws;
    module.doc() = "The C++ core of cws; cws.labelers.linear and cws.segmenter are its Python doors.";
    py::enum_<Format>(module, "Format")
        .value("text", Format::kText)
        .value("json", Format::kJson)
        .value("conll", Format::kConll)
        .value("spans", Format::kSpans);
    py::class_<LinearSegmenter>(module, "LinearSegmenter")
        .def(py::init<const py::dict&, double>(), py::arg("tensors"), py::arg("scale"))
        .def("segment", &LinearSegmenter::segment, py::arg("text"))
        .def("segment_batch", &LinearSegmenter::segment_batch, py::arg("texts"), py::arg("threads"))
        .def("tokens", &LinearSegmenter::tokens, py::arg("text"))
        .def("nbest", &LinearSegmenter::nbest, py::arg("text"), py::arg("n"))
        .def("emissions", &LinearSegmenter::emissions, py::arg("text"))
        .def("format", &LinearSegmenter::format, py::arg("format"), py::arg("block"), py::arg("column"),
             py::arg("has_words"), py::arg("is_last"))
        .def("whole_sequences", &LinearSegmenter::whole_sequences, py::arg("block"), py::arg("column"),
             py::arg("has_words"));
    bind_training(module);
    bind_lattice(module);
    bind_jieba(module);
}
