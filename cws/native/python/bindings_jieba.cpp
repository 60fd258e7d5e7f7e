// Bindings of jieba's segmentation; cws/compat/jieba is their Python API.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "python/bindings.h"
#include "python/copy_on_write.h"
#include "jieba/segmentation.h"
#include "python/jieba_tables.h"
#include "jieba/tags.h"
#include "python/python_text.h"
#include "python/word_cache.h"

namespace py = pybind11;

namespace cws {
namespace {

constexpr size_t kHoldGil = 1 << 14;     // characters: shorter texts are done before another thread could wake up
constexpr size_t kKeepMemory = 1 << 16;  // characters: memory for longer texts is given back

// Words that the hidden Markov model must not join, shared by all word lists of a process as in jieba.
class JiebaForcedSplits {
public:
    void add(const py::str& word) {
        std::vector<uint32_t> copy;
        const uint32_t* const codes = code_points(word.ptr(), copy);
        WordTree& tree = words_.write();
        tree.weight(tree.insert(codes, size_t(PyUnicode_GET_LENGTH(word.ptr())))) = 0;
    }
    const CopyOnWrite<WordTree>& words() const { return words_; }

private:
    CopyOnWrite<WordTree> words_{WordTree()};
};

// A word list and how jieba segments with it.
class JiebaWordList {
public:
    JiebaWordList(JiebaWords words, std::shared_ptr<JiebaHmm> hmm, std::shared_ptr<JiebaForcedSplits> splits)
        : total(words.total), dictionary_(JiebaDictionary(std::move(words))), hmm_(std::move(hmm)),
          splits_(std::move(splits)) {
        if (!hmm_ || !splits_) throw py::type_error("expected a JiebaHmm and JiebaForcedSplits, got None");
        set_log_total(total > 0 ? std::log(double(total)) : std::nan(""));
    }

    static std::unique_ptr<JiebaWordList> parse(const py::buffer& data, std::shared_ptr<JiebaHmm> hmm,
                                                std::shared_ptr<JiebaForcedSplits> splits) {
        const py::buffer_info info = data.request();
        const std::string_view bytes(tensor<char>(info, "data", 0), size_t(info.size * info.itemsize));
        std::optional<JiebaWords> words;
        {
            py::gil_scoped_release unlocked;
            words = parse_jieba_words(bytes);
        }
        if (!words) return nullptr;
        return std::make_unique<JiebaWordList>(std::move(*words), std::move(hmm), std::move(splits));
    }

    void set(const py::str& word, int64_t count, double weight) {
        std::vector<uint32_t> copy;
        const uint32_t* const codes = code_points(word.ptr(), copy);
        dictionary_.write().set(codes, size_t(PyUnicode_GET_LENGTH(word.ptr())), count, weight);
    }

    // How many strings were changed, and the beginnings of those.
    size_t change_count() const { return dictionary_.get().changes().size() - 1; }
    void compact() { dictionary_.write().compact(); }

    void set_log_total(double log_total) { dictionary_.write().set_log_total(log_total); }

    std::optional<int64_t> count(const py::str& word) const {
        std::vector<uint32_t> copy;
        const uint32_t* const codes = code_points(word.ptr(), copy);
        return dictionary_.get().count(codes, size_t(PyUnicode_GET_LENGTH(word.ptr())));
    }

    // (string, count) of all words and beginnings of words.
    py::list items() const {
        const auto dictionary = dictionary_.read();
        const WordTree& changes = dictionary->changes();
        py::list result;
        const auto is_set = [&](uint32_t node) { return !std::isnan(changes[node].weight); };
        const auto append = [&](const std::u32string& word, int64_t count) {
            result.append(py::make_tuple(make_str(word.data(), word.size()), count));
        };
        for_each_node(dictionary->trie(), [&](const std::u32string& word, uint32_t slot) {
            const auto* const codes = reinterpret_cast<const uint32_t*>(word.data());
            if (!changes.find(codes, word.size())) append(word, dictionary->words().counts[slot]);
        });
        if (is_set(WordTree::kRootNode)) append({}, dictionary->changed_count(0));
        for (uint32_t node = 1; node < changes.size(); ++node) {
            std::u32string word;
            for (uint32_t at = node; at; at = changes[at].parent) word.push_back(char32_t(changes[at].code));
            std::reverse(word.begin(), word.end());
            const auto* const codes = reinterpret_cast<const uint32_t*>(word.data());
            append(word, *dictionary->count(codes, word.size()));
        }
        return result;
    }

    py::object cut(const py::str& text, bool use_hmm) {
        Lease work(*this);
        cut_words(text, use_hmm, *work);
        return with_characters(text.ptr(), [&](const auto* characters, size_t) {
            const std::vector<size_t>& ends = work->ends;
            py::object list = owned(PyList_New(Py_ssize_t(ends.size())));
            size_t begin = 0;
            for (size_t i = 0; i < ends.size(); ++i) {
                PyList_SET_ITEM(list.ptr(), Py_ssize_t(i), make_word(characters + begin, ends[i] - begin));
                begin = ends[i];
            }
            return list;
        });
    }

    py::object cut_all(const py::str& text) {
        Lease work(*this);
        run(text, *work, [&](const JiebaDictionary& dictionary, const WordTree&, const uint32_t* codes, size_t size) {
            JiebaCutter::cut_all(dictionary, codes, size, work->spans, work->extra);
        });
        return words_of(text, *work);
    }

    py::object cut_for_search(const py::str& text, bool use_hmm) {
        Lease work(*this);
        refine(text, use_hmm, *work);
        return words_of(text, *work);
    }

    // (word, begin, end) of each word, or of each word and those in it.
    py::object tokenize(const py::str& text, bool use_hmm, bool for_search) {
        Lease work(*this);
        if (for_search) {
            refine(text, use_hmm, *work);
        } else {
            cut_words(text, use_hmm, *work);
            size_t begin = 0;
            for (const size_t end : work->ends) {
                work->spans.push_back({begin, end});
                begin = end;
            }
        }
        return with_characters(text.ptr(), [&](const auto* characters, size_t) {
            py::list list(0);
            for (const Span& span : work->spans)
                list.append(py::make_tuple(steal(make_word(characters + span.begin, span.end - span.begin)),
                                           span.begin, span.end));
            return list;
        });
    }

    // (words, tags); tags: the tags of the list's words, by word.
    py::tuple cut_tagged(const TagModel& model, const py::str& text, bool use_hmm, const py::dict& tags) {
        Lease work(*this);
        std::vector<TaggedSpan> spans;
        Outcome outcome = Outcome::kDone;
        run(text, *work, [&](const JiebaDictionary& dictionary, const WordTree&, const uint32_t* codes, size_t size) {
            outcome = cws::cut_tagged(dictionary, model.model, codes, size, use_hmm, spans);
        });
        if (outcome == Outcome::kNoLogarithm) throw py::value_error("math domain error");
        if (outcome == Outcome::kNoPath) throw py::value_error("max() arg is an empty sequence");
        const py::str other("x"), number("m"), latin("eng");
        return with_characters(text.ptr(), [&](const auto* characters, size_t) {
            py::list words(0), flags(0);
            for (const TaggedSpan& span : spans) {
                const py::object word = steal(make_word(characters + span.begin, span.end - span.begin));
                words.append(word);
                PyObject* flag = nullptr;
                switch (span.tag) {
                    case TaggedSpan::kOther: flag = other.ptr(); break;
                    case TaggedSpan::kNumber: flag = number.ptr(); break;
                    case TaggedSpan::kLatin: flag = latin.ptr(); break;
                    case TaggedSpan::kListed:
                        flag = PyDict_GetItemWithError(tags.ptr(), word.ptr());
                        if (!flag && PyErr_Occurred()) throw py::error_already_set();
                        if (!flag) flag = other.ptr();
                        break;
                    default: flag = PyList_GET_ITEM(model.tags.ptr(), span.tag);
                }
                flags.append(py::handle(flag));
            }
            return py::make_tuple(words, flags);
        });
    }

    const int64_t total;

private:
    // What segmenting one text needs.
    struct Work {
        explicit Work(const JiebaHmm& hmm) : cutter(hmm) {}
        JiebaCutter cutter;
        std::vector<uint32_t> codes, extra;
        std::vector<size_t> ends;
        std::vector<Span> spans;
    };

    // The list's own Work, or a new one while somebody has that: another thread, or code that the garbage collector
    // runs in this one.
    class Lease {
    public:
        explicit Lease(JiebaWordList& owner) : owner_(owner), work_(std::move(owner.work_)) {
            if (!work_) work_ = std::make_unique<Work>(*owner.hmm_);
            work_->ends.clear();
            work_->spans.clear();
            work_->extra.clear();
        }
        ~Lease() {
            if (work_->codes.size() + work_->spans.capacity() <= kKeepMemory && work_->ends.capacity() <= kKeepMemory)
                owner_.work_ = std::move(work_);
        }
        Work* operator->() const { return work_.get(); }
        Work& operator*() const { return *work_; }

    private:
        JiebaWordList& owner_;
        std::unique_ptr<Work> work_;
    };

    // Calls use(dictionary, forced splits, codes, size), without the GIL if the text is long.
    template <class Use>
    void run(const py::str& text, Work& work, Use use) const {
        const auto size = size_t(PyUnicode_GET_LENGTH(text.ptr()));
        if (size < kHoldGil) {
            use(dictionary_.get(), splits_->words().get(), code_points(text.ptr(), work.codes), size);
            return;
        }
        const auto dictionary = dictionary_.read();
        const auto splits = splits_->words().read();
        py::gil_scoped_release unlocked;
        use(*dictionary, *splits, code_points(text.ptr(), work.codes), size);
    }

    void cut_words(const py::str& text, bool use_hmm, Work& work) const {
        bool is_done = false;
        run(text, work, [&](const JiebaDictionary& dictionary, const WordTree& splits, const uint32_t* codes,
                            size_t size) {
            is_done = work.cutter.cut(dictionary, splits, codes, size, use_hmm, work.ends);
        });
        if (!is_done) throw py::value_error("math domain error");
    }

    void refine(const py::str& text, bool use_hmm, Work& work) const {
        bool is_done = false;
        run(text, work, [&](const JiebaDictionary& dictionary, const WordTree& splits, const uint32_t* codes,
                            size_t size) {
            is_done = work.cutter.cut(dictionary, splits, codes, size, use_hmm, work.ends);
            JiebaCutter::refine(dictionary, codes, work.ends, work.spans);
        });
        if (!is_done) throw py::value_error("math domain error");
    }

    py::list words_of(const py::str& text, const Work& work) {
        return with_characters(text.ptr(), [&](const auto* characters, size_t size) {
            py::list list(0);
            for (const Span& span : work.spans) {
                const size_t length = span.end - span.begin;
                PyObject* const word = span.begin >= size ? make_word(work.extra.data() + (span.begin - size), length)
                                                          : make_word(characters + span.begin, length);
                list.append(steal(word));
            }
            return list;
        });
    }

    // A new reference.
    template <class Char>
    PyObject* make_word(const Char* characters, size_t size) {
        PyObject* const word = size ? cache_.word(characters, size) : PyUnicode_New(0, 0);
        if (!word) throw py::error_already_set();
        return word;
    }
    static py::object steal(PyObject* object) { return py::reinterpret_steal<py::object>(object); }

    CopyOnWrite<JiebaDictionary> dictionary_;
    std::shared_ptr<JiebaHmm> hmm_;
    std::shared_ptr<JiebaForcedSplits> splits_;
    WordCache cache_;
    std::unique_ptr<Work> work_;
};

// The list of (word, count), both as Python has read them.
std::unique_ptr<JiebaWordList> build_word_list(const py::iterable& items, std::shared_ptr<JiebaHmm> hmm,
                                               std::shared_ptr<JiebaForcedSplits> splits) {
    JiebaWordsBuilder builder;
    std::vector<uint32_t> copy;
    for (const py::handle item : items) {
        const auto pair = item.cast<std::pair<py::str, int64_t>>();
        const uint32_t* const codes = code_points(pair.first.ptr(), copy);
        builder.add(codes, size_t(PyUnicode_GET_LENGTH(pair.first.ptr())), pair.second);
    }
    return std::make_unique<JiebaWordList>(builder.finish(0), std::move(hmm), std::move(splits));
}

}  // namespace

void bind_jieba(py::module_& module) {
    py::class_<JiebaHmm, std::shared_ptr<JiebaHmm>>(module, "JiebaHmm")
        .def(py::init(&make_hmm), py::arg("start"), py::arg("transitions"), py::arg("emissions"));
    py::class_<TagModel>(module, "JiebaTagModel")
        .def(py::init<const py::list&, const py::dict&, const py::dict&, const py::dict&, const py::dict&>(),
             py::arg("states"), py::arg("start"), py::arg("transitions"), py::arg("emissions"),
             py::arg("known_states"));
    py::class_<JiebaForcedSplits, std::shared_ptr<JiebaForcedSplits>>(module, "JiebaForcedSplits")
        .def(py::init<>())
        .def("add", &JiebaForcedSplits::add, py::arg("word"));
    py::class_<JiebaWordList>(module, "JiebaWordList")
        .def_static("parse", &JiebaWordList::parse, py::arg("data"), py::arg("hmm"), py::arg("forced_splits"))
        .def_static("build", &build_word_list, py::arg("items"), py::arg("hmm"), py::arg("forced_splits"))
        .def_readonly("total", &JiebaWordList::total)
        .def("set", &JiebaWordList::set, py::arg("word"), py::arg("count"), py::arg("weight"))
        .def("set_log_total", &JiebaWordList::set_log_total, py::arg("log_total"))
        .def("change_count", &JiebaWordList::change_count)
        .def("compact", &JiebaWordList::compact)
        .def("count", &JiebaWordList::count, py::arg("word"))
        .def("items", &JiebaWordList::items)
        .def("cut", &JiebaWordList::cut, py::arg("text"), py::arg("use_hmm"))
        .def("cut_all", &JiebaWordList::cut_all, py::arg("text"))
        .def("cut_for_search", &JiebaWordList::cut_for_search, py::arg("text"), py::arg("use_hmm"))
        .def("tokenize", &JiebaWordList::tokenize, py::arg("text"), py::arg("use_hmm"), py::arg("for_search"))
        .def("cut_tagged", &JiebaWordList::cut_tagged, py::arg("model"), py::arg("text"), py::arg("use_hmm"),
             py::arg("tags"));
    module.def("parse_jieba_tags", &parse_tags, py::arg("data"));
}

}  // namespace cws
