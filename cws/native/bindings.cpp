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
#include "hmm.h"
#include "linear_model.h"
#include "python_text.h"
#include "segmenter.h"
#include "word_list.h"

namespace py = pybind11;

namespace cws {
namespace {

// A model, ready to segment: what is asked of Python's Segmenter, whatever the model.
class NativeSegmenter {
public:
    NativeSegmenter(const NativeSegmenter&) = delete;

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
            segmenter->for_each_sequence(characters, size, [&](size_t at, Decoder& decoder, int begin, int count) {
                collect(at, certain);  // white space
                decoder.read(begin, count);
                collect(at + size_t(count), [&](size_t first, size_t last) {
                    return decoder.word_probability(int(first - at), int(last - at));
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
            std::vector<Choice> best{{0.0, 0, 0}};
            {
                py::gil_scoped_release unlocked;
                Lease segmenter(*this);
                segmenter->word_ends(characters, size, word_ends.data());
                segmenter->for_each_sequence(characters, size, [&](size_t at, Decoder& decoder, int begin, int count) {
                    stages.push_back({at, decoder.nbest(begin, count, n), {}});
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
                result.emplace_back(one.score * scale_,
                                    owned(make_word_list(characters, size, word_ends.data(), cache_)));
            }
            return result;
        });
    }

    // (begin, scores) of each sequence of the text; shape of scores: (count, K). For tests and for the curious.
    std::vector<std::pair<size_t, std::vector<float>>> emissions(const py::str& text) {
        return with_characters(text.ptr(), [&](const auto* characters, size_t size) {
            std::vector<std::pair<size_t, std::vector<float>>> result;
            Lease segmenter(*this);
            segmenter->for_each_sequence(characters, size, [&](size_t at, Decoder& decoder, int begin, int count) {
                result.emplace_back(at, decoder.emissions(begin, count));
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
            invalid = Formatter(labeler_).format(format, bytes.data(), bytes.size(), {column, has_words}, is_last, output);
        }
        if (invalid != Formatter::kValid) return py::int_(invalid);
        return py::bytes(output);
    }

    std::tuple<size_t, int64_t, bool> whole_sequences(const py::bytes& block, int64_t column, bool has_words) {
        const std::string_view bytes = block;
        LinePosition position{column, has_words};
        py::gil_scoped_release unlocked;
        const size_t length = Formatter(labeler_).whole_sequences(bytes.data(), bytes.size(), position);
        return {length, position.column, position.has_words};
    }

private:
    // A Segmenter for the calling thread, given back at the end. Nobody waits for the lock: a process may be forked
    // while one of its threads holds it, and then the child's never opens.
    class Lease {
    public:
        explicit Lease(NativeSegmenter& owner) : owner_(owner) {
            {
                const std::unique_lock lock(owner_.mutex_, std::try_to_lock);
                if (lock && !owner_.free_.empty()) {
                    segmenter_ = std::move(owner_.free_.back());
                    owner_.free_.pop_back();
                }
            }
            if (!segmenter_) segmenter_ = std::make_unique<Segmenter>(owner_.labeler_);
        }
        ~Lease() {
            const std::unique_lock lock(owner_.mutex_, std::try_to_lock);
            if (lock && owner_.free_.size() < owner_.free_.capacity()) owner_.free_.push_back(std::move(segmenter_));
        }
        Segmenter* operator->() { return segmenter_.get(); }

    private:
        NativeSegmenter& owner_;
        std::unique_ptr<Segmenter> segmenter_;
    };

    // One of the n best of the text so far: one of those before its last sequence, and one of that sequence's.
    struct Choice {
        double score;
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

    const Labeler& labeler_;
    double scale_;
    WordCache cache_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Segmenter>> free_;

protected:
    // scale: nats of one step of the labeler's scores. The labeler is complete when the first method is called.
    NativeSegmenter(const Labeler& labeler, double scale) : labeler_(labeler), scale_(scale) {
        free_.reserve(256);  // as many as there are threads, at most
    }
};

class LinearSegmenter : public NativeSegmenter {
public:
    // tensors: buffers by name, as labelers/linear.py describes them. scale: potentials are exp(score * scale).
    LinearSegmenter(const py::dict& tensors, double scale) : NativeSegmenter(model_, scale) {
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

class HmmSegmenter : public NativeSegmenter {
public:
    // tensors: buffers by name, as labelers/hmm.py describes them for the order.
    HmmSegmenter(const py::dict& tensors, double scale, int order) : NativeSegmenter(model_, scale) {
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
    py::class_<NativeSegmenter>(module, "NativeSegmenter")
        .def("segment", &NativeSegmenter::segment, py::arg("text"))
        .def("segment_batch", &NativeSegmenter::segment_batch, py::arg("texts"), py::arg("threads"))
        .def("tokens", &NativeSegmenter::tokens, py::arg("text"))
        .def("nbest", &NativeSegmenter::nbest, py::arg("text"), py::arg("n"))
        .def("emissions", &NativeSegmenter::emissions, py::arg("text"))
        .def("format", &NativeSegmenter::format, py::arg("format"), py::arg("block"), py::arg("column"),
             py::arg("has_words"), py::arg("is_last"))
        .def("whole_sequences", &NativeSegmenter::whole_sequences, py::arg("block"), py::arg("column"),
             py::arg("has_words"));
    py::class_<LinearSegmenter, NativeSegmenter>(module, "LinearSegmenter")
        .def(py::init<const py::dict&, double>(), py::arg("tensors"), py::arg("scale"));
    py::class_<HmmSegmenter, NativeSegmenter>(module, "HmmSegmenter")
        .def(py::init<const py::dict&, double, int>(), py::arg("tensors"), py::arg("scale"), py::arg("order"));
    bind_training(module);
    bind_decode(module);
    bind_lattice(module);
    bind_jieba(module);
}
