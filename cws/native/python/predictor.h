// What Python's Segmenter asks of a model, whatever the model: words, tokens, n best, formatted blocks.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <atomic>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "segment/format.h"
#include "segment/joined_texts.h"
#include "python/native_dictionary.h"
#include "python/python_text.h"
#include "segment/segmenter.h"
#include "python/word_cache.h"

namespace cws {

namespace py = pybind11;

class NativePredictor {
public:
    NativePredictor(const NativePredictor&) = delete;

    // Takes the user's dictionary, which must outlive the segmenter; null for none.
    void set_dictionary(const NativeDictionary* dictionary) { dictionary_ = dictionary; }

    py::object segment(const py::str& text) {
        const auto dictionary = read_dictionary();
        return with_characters(text.ptr(), [&](const auto* characters, size_t size) {
            std::vector<uint8_t> word_ends(size);
            {
                py::gil_scoped_release unlocked;
                Lease segmenter(*this);
                segmenter->word_ends(characters, size, dictionary.get(), word_ends.data());
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
        const auto dictionary = read_dictionary();
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
                JoinedTexts joined;
                for (size_t at; (at = next++) < chunks;) {
                    for (size_t i = at * chunk; i < std::min(items.size(), (at + 1) * chunk); ++i) {
                        Item& item = items[i];
                        with_characters(item.text.ptr(), [&](const auto* characters, size_t size) {
                            item.word_ends.resize(size);
                            if (labeler_.reads_side_by_side && size < kBlock)
                                joined.add(characters, size, item.word_ends.data());
                            else
                                segmenter->word_ends(characters, size, dictionary.get(), item.word_ends.data());
                        });
                        if (joined.size() >= JoinedTexts::kEnough) joined.segment(segmenter.get(), dictionary.get());
                    }
                    joined.segment(segmenter.get(), dictionary.get());
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

    // (start, end, label, probability) of each word.
    std::vector<std::tuple<size_t, size_t, std::optional<std::string>, double>> tokens(const py::str& text) {
        const auto dictionary = read_dictionary();
        return with_characters(text.ptr(), [&](const auto* characters, size_t size) {
            py::gil_scoped_release unlocked;
            Lease segmenter(*this);
            std::vector<uint8_t> word_ends(size);
            segmenter->word_ends(characters, size, dictionary.get(), word_ends.data());
            std::vector<std::tuple<size_t, size_t, std::optional<std::string>, double>> result;
            size_t word = 0;
            const auto collect = [&](size_t end, auto probability) {
                for (size_t i = word; i < end; ++i) {
                    if (!word_ends[i]) continue;
                    double likely = probability(word, i);
                    std::optional<std::string> label;
                    const auto is_torn = [&](size_t at) {  // a run of letters and digits is, which no entry tears
                        return at > 0 && at < size && is_run_character(uint32_t(characters[at - 1])) &&
                               is_run_character(uint32_t(characters[at]));
                    };
                    if (dictionary && !is_torn(word) && !is_torn(i + 1)) {
                        const Entry entry = dictionary->find(characters + word, i + 1 - word);
                        if (Trie::is_word(entry.weight)) likely = with_log_odds(likely, entry.weight);
                        if (!entry.label.empty()) label = entry.label;
                    }
                    result.emplace_back(word, i + 1, std::move(label), likely);
                    word = i + 1;
                }
            };
            const auto certain = [](size_t, size_t) { return 1.0; };
            segmenter->for_each_sequence(characters, size, [&](size_t at, Decoder& decoder, int begin, int count) {
                collect(at, certain);  // white space
                decoder.read(begin, count);
                collect(at + size_t(count), [&](size_t first, size_t last) {
                    if (first < at) return 1.0;  // joined by the dictionary
                    return decoder.word_probability(int(first - at), int(last - at));
                });
            });
            collect(size, certain);
            return result;
        });
    }

    // The n best segmentations, best first, as (score in nats, words).
    std::vector<std::pair<double, py::object>> nbest(const py::str& text, int n) {
        const auto dictionary = read_dictionary();
        return with_characters(text.ptr(), [&](const auto* characters, size_t size) {
            using Char = std::remove_cv_t<std::remove_pointer_t<decltype(characters)>>;
            std::vector<uint8_t> word_ends(size);
            std::vector<Stage> stages;
            std::vector<Choice> best{{0.0, 0, 0}};
            std::vector<std::pair<size_t, size_t>> crossing;
            {
                py::gil_scoped_release unlocked;
                Lease segmenter(*this);
                segmenter->word_ends(characters, size, dictionary.get(), word_ends.data());
                EntryScratch entries;
                std::optional<EntryFinder<Char>> finder;
                if (dictionary) finder.emplace(*dictionary, entries, characters, size);
                segmenter->for_each_sequence(characters, size, [&](size_t at, Decoder& decoder, int begin, int count) {
                    std::vector<ScoredWordEnds> tails = decoder.nbest(begin, count, finder ? kTries * n : n);
                    if (finder) {
                        finder->look_ahead(at, count);
                        finder->find(at, count);
                        tails = resegmented(decoder, begin, count, *finder, std::move(tails), size_t(n));
                    }
                    stages.push_back({at, std::move(tails), {}});
                    stages.back().choices = best = combine(best, stages.back().tails, size_t(n));
                });
                if (finder) crossing = finder->crossing();
            }
            std::vector<std::pair<double, py::object>> result;
            for (const Choice& one : best) {
                Choice at = one;
                for (size_t i = stages.size(); i-- > 0;) {
                    const std::vector<uint8_t>& tail = stages[i].tails[at.tail].word_ends;
                    std::copy(tail.begin(), tail.end(), word_ends.begin() + int64_t(stages[i].begin));
                    if (i > 0) at = stages[i - 1].choices[at.head];
                }
                join(crossing, word_ends.data());
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
        const auto dictionary = read_dictionary();
        std::string output;
        int64_t invalid;
        {
            py::gil_scoped_release unlocked;
            output.reserve(bytes.size() * (format == Format::kJson ? 12 : 2));
            Formatter formatter(labeler_, dictionary.get());
            invalid = formatter.format(format, bytes.data(), bytes.size(), {column, has_words}, is_last, output);
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
            invalid = Formatter(labeler_, dictionary.get()).word_ends(bytes.data(), bytes.size(), ends);
        }
        if (invalid != Formatter::kValid) return py::int_(invalid);
        return py::bytes(reinterpret_cast<const char*>(ends.data()), ends.size() * sizeof(uint32_t));
    }

    std::tuple<size_t, int64_t, bool> whole_sequences(const py::bytes& block, int64_t column, bool has_words) {
        const std::string_view bytes = block;
        const auto dictionary = read_dictionary();
        LinePosition position{column, has_words};
        py::gil_scoped_release unlocked;
        const size_t length = Formatter(labeler_, dictionary.get()).whole_sequences(bytes.data(), bytes.size(), position);
        return {length, position.column, position.has_words};
    }

private:
    // A Segmenter for the calling thread, given back at the end. Nobody waits for the lock: a process may be forked
    // while one of its threads holds it, and then the child's never opens.
    class Lease {
    public:
        explicit Lease(NativePredictor& owner) : owner_(owner) {
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
        Segmenter& get() { return *segmenter_; }

    private:
        NativePredictor& owner_;
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

    static constexpr int kTries = 4;  // entries make many of the n best the same

    std::shared_ptr<const UserDictionary> read_dictionary() const {
        return dictionary_ ? dictionary_->read() : nullptr;
    }

    // The probability with so many nats more of log-odds.
    static double with_log_odds(double probability, double weight) {
        if (weight >= kForced) return 1;
        if (weight <= kNever) return 0;
        return probability > 0 ? 1 / (1 + (1 - probability) / probability * std::exp(-weight)) : 0;
    }

    // The n best of a sequence with the entries of a dictionary in each; the first stays the first.
    template <class Char>
    static std::vector<ScoredWordEnds> resegmented(Decoder& decoder, int begin, int count, const EntryFinder<Char>& finder,
                                                std::vector<ScoredWordEnds> tails, size_t n) {
        Resegmentation resegmentation;
        std::set<std::vector<uint8_t>> seen;
        std::vector<ScoredWordEnds> result;
        for (ScoredWordEnds& tail : tails) {
            resegmentation.apply(decoder, begin, count, finder.forced(), finder.matches(), tail.word_ends.data());
            if (!seen.insert(tail.word_ends).second) continue;
            tail.score = decoder.score_words(begin, count, finder.matches(), tail.word_ends.data());
            result.push_back(std::move(tail));
        }
        std::stable_sort(result.begin() + 1, result.end(), [](auto& a, auto& b) { return a.score > b.score; });
        if (result.size() > n) result.resize(n);
        return result;
    }

    static std::vector<Choice> combine(const std::vector<Choice>& heads, const std::vector<ScoredWordEnds>& tails,
                                       size_t n) {
        std::vector<Choice> choices;
        for (size_t i = 0; i < heads.size(); ++i)
            for (size_t j = 0; j < tails.size() && (i + 1) * (j + 1) <= n; ++j)
                choices.push_back({heads[i].score + tails[j].score, i, j});
        // The best of all is the first by construction; a dictionary's locality can leave a better score after it.
        std::stable_sort(choices.begin() + 1, choices.end(), [](auto& a, auto& b) { return a.score > b.score; });
        if (choices.size() > n) choices.resize(n);
        return choices;
    }

    const Labeler& labeler_;
    double scale_;
    const NativeDictionary* dictionary_ = nullptr;
    WordCache cache_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Segmenter>> free_;

protected:
    // scale: nats of one step of the labeler's scores. The labeler is complete when the first method is called.
    NativePredictor(const Labeler& labeler, double scale) : labeler_(labeler), scale_(scale) {
        free_.reserve(256);  // as many as there are threads, at most
    }
};

}  // namespace cws
