// What Python's Segmenter asks of a model, whatever the model: words, tokens, n best, formatted blocks. It converts,
// releases the GIL and translates errors; cws/native/segment decides.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "python/native_dictionary.h"
#include "python/python_text.h"
#include "python/word_cache.h"
#include "segment/batch.h"
#include "segment/format.h"
#include "segment/nbest.h"
#include "segment/segmenter_pool.h"
#include "segment/tokens.h"

namespace cws {

namespace py = pybind11;

class NativePredictor {
public:
    NativePredictor(const NativePredictor&) = delete;

    // Takes the user's dictionary, which must outlive the segmenter; null for none.
    void set_dictionary(const NativeDictionary* dictionary) { dictionary_ = dictionary; }

    // Whether units are kept whole; before the first text.
    void set_units(bool has_units) { segmenters_.set_units(has_units); }

    py::object segment(const py::str& text) {
        const auto dictionary = read_dictionary();
        return with_characters(text.ptr(), [&](const auto* characters, size_t size) {
            std::vector<uint8_t> word_ends(size);
            {
                py::gil_scoped_release unlocked;
                SegmenterPool::Lease segmenter(segmenters_);
                segmenter->word_ends(characters, size, dictionary.get(), word_ends.data());
            }
            return owned(make_word_list(characters, size, word_ends.data(), cache_));
        });
    }

    // The lists of words of the texts. Threads segment, in order; this one makes lists of what is there.
    py::list segment_batch(const py::list& texts, int threads) {
        std::vector<py::object> owners;  // the list may change meanwhile
        std::vector<TextView> views;
        owners.reserve(texts.size());
        views.reserve(texts.size());
        for (const py::handle text : texts) {
            if (!PyUnicode_Check(text.ptr()))
                throw py::type_error("expected str, got " + std::string(Py_TYPE(text.ptr())->tp_name));
            owners.push_back(py::reinterpret_borrow<py::object>(text));
            views.push_back(view_of(text.ptr()));
        }
        const auto dictionary = read_dictionary();
        py::list result;  // grows, because other threads can find a list with holes through the garbage collector
        std::optional<py::gil_scoped_release> unlocked(std::in_place);
        const auto take = [&](size_t first, std::vector<std::vector<uint8_t>>& word_ends) {
            const Locked locked(unlocked);
            if (PyErr_CheckSignals()) throw py::error_already_set();  // Ctrl-C
            for (size_t i = 0; i < word_ends.size(); ++i) {
                result.append(word_list(views[first + i], word_ends[i]));
                word_ends[i] = {};
            }
        };
        cws::segment_batch(segmenters_, views, dictionary.get(), threads, take);
        return result;
    }

    // (start, end, label, probability, type) of each word.
    std::vector<std::tuple<size_t, size_t, std::optional<std::string>, double, const char*>> tokens(const py::str& text) {
        const auto dictionary = read_dictionary();
        const TextView view = view_of(text.ptr());
        py::gil_scoped_release unlocked;
        SegmenterPool::Lease segmenter(segmenters_);
        std::vector<std::tuple<size_t, size_t, std::optional<std::string>, double, const char*>> result;
        for (Token& token : find_tokens(*segmenter, view, dictionary.get())) {
            std::optional<std::string> label;
            if (!token.label.empty()) label = std::move(token.label);
            result.emplace_back(token.begin, token.end, std::move(label), token.probability, name_of(token.type));
        }
        return result;
    }

    // The n best segmentations, best first, as (score in nats, words).
    std::vector<std::pair<double, py::object>> nbest(const py::str& text, int n) {
        const auto dictionary = read_dictionary();
        const TextView view = view_of(text.ptr());
        NBestSegmentations best = find_nbest(view, dictionary.get(), n);
        std::vector<std::pair<double, py::object>> result;
        for (size_t rank = 0; rank < best.size(); ++rank)
            result.emplace_back(best.score(rank) * scale_, word_list(view, best.word_ends(rank)));
        return result;
    }

    // (begin, scores) of each sequence of the text; shape of scores: (count, K). For tests and for the curious.
    std::vector<std::pair<size_t, std::vector<float>>> emissions(const py::str& text) {
        return with_characters(text.ptr(), [&](const auto* characters, size_t size) {
            std::vector<std::pair<size_t, std::vector<float>>> result;
            SegmenterPool::Lease segmenter(segmenters_);
            segmenter->for_each_sequence(characters, size, [&](size_t at, Decoder& decoder, int begin, int count) {
                result.emplace_back(at, decoder.emissions(begin, count));
            });
            return result;
        });
    }

    // The words of a block of UTF-8, or the place of the first invalid byte.
    py::object format(Format format, const py::bytes& block, int64_t column, bool has_words, bool is_last,
                      bool only_words) {
        const std::string_view bytes = block;
        const auto dictionary = read_dictionary();
        std::string output;
        int64_t invalid;
        {
            py::gil_scoped_release unlocked;
            output.reserve(bytes.size() * (format == Format::kJson ? 12 : 2));
            Formatter formatter(labeler(), dictionary.get(), segmenters_.has_units());
            invalid = formatter.format(format, bytes.data(), bytes.size(), {column, has_words}, is_last, output, only_words);
        }
        if (invalid != Formatter::kValid) return py::int_(invalid);
        return py::bytes(output);
    }

    // The place after each word of a block of UTF-8, in bytes and as uint32, or the place of the first invalid byte.
    py::object word_ends(const py::bytes& block) {
        const std::string_view bytes = block;
        if (bytes.size() > UINT32_MAX) throw py::value_error("expected a block of less than 4 GB");
        const auto dictionary = read_dictionary();
        std::vector<uint32_t> ends;
        int64_t invalid;
        {
            py::gil_scoped_release unlocked;
            invalid = Formatter(labeler(), dictionary.get(), segmenters_.has_units()).word_ends(bytes.data(), bytes.size(), ends);
        }
        if (invalid != Formatter::kValid) return py::int_(invalid);
        return py::bytes(reinterpret_cast<const char*>(ends.data()), ends.size() * sizeof(uint32_t));
    }

    std::tuple<size_t, int64_t, bool> whole_sequences(const py::bytes& block, int64_t column, bool has_words) {
        const std::string_view bytes = block;
        const auto dictionary = read_dictionary();
        LinePosition position{column, has_words};
        py::gil_scoped_release unlocked;
        Formatter formatter(labeler(), dictionary.get(), segmenters_.has_units());
        const size_t length = formatter.whole_sequences(bytes.data(), bytes.size(), position);
        return {length, position.column, position.has_words};
    }

private:
    // The GIL again, inside of what runs without it. py::gil_scoped_acquire knows no interpreter but the main one.
    class Locked {
    public:
        explicit Locked(std::optional<py::gil_scoped_release>& unlocked) : unlocked_(unlocked) { unlocked.reset(); }
        ~Locked() { unlocked_.emplace(); }

    private:
        std::optional<py::gil_scoped_release>& unlocked_;
    };

    std::shared_ptr<const UserDictionary> read_dictionary() const {
        return dictionary_ ? dictionary_->read() : nullptr;
    }

    NBestSegmentations find_nbest(const TextView& text, const UserDictionary* dictionary, int n) {
        py::gil_scoped_release unlocked;
        SegmenterPool::Lease segmenter(segmenters_);
        return {*segmenter, text, dictionary, n};
    }

    py::object word_list(const TextView& text, const std::vector<uint8_t>& word_ends) {
        return owned(text.visit([&](const auto* characters, size_t size) {
            return make_word_list(characters, size, word_ends.data(), cache_);
        }));
    }

    const Labeler& labeler() const { return segmenters_.labeler(); }

    SegmenterPool segmenters_;
    double scale_;
    const NativeDictionary* dictionary_ = nullptr;
    WordCache cache_;

protected:
    // scale: nats of one step of the labeler's scores. The labeler is complete when the first method is called.
    NativePredictor(const Labeler& labeler, double scale) : segmenters_(labeler), scale_(scale) {}
};

}  // namespace cws
