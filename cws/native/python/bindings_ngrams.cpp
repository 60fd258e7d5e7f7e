// Bindings of n-gram counting; cws/lexicon/counting/count.py is their Python API.
#include <fcntl.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "python/bindings.h"
#include "ngrams/counter.h"
#include "python/python_text.h"

namespace py = pybind11;

namespace cws {
namespace {

using Files = std::vector<std::shared_ptr<NgramFile>>;

// Between calls of the watcher the GIL is released. It also looks for signals, so that Ctrl-C stops the work.
Watch make_watch(const py::object& watcher) {
    return [watcher = py::handle(watcher)](double done) {
        const py::gil_scoped_acquire locked;
        if (PyErr_CheckSignals()) throw py::error_already_set();
        if (!watcher.is_none()) watcher(done);
    };
}

std::vector<const NgramFile*> pointers(const Files& files) {
    std::vector<const NgramFile*> result;
    for (const auto& file : files) result.push_back(file.get());
    if (result.empty()) throw py::value_error("expected at least one file");
    return result;
}

// (file descriptor, [(rows, offset) of each order], characters, runs); the caller closes the descriptor.
py::tuple to_python(const NgramTables& tables) {
    const int descriptor = ::fcntl(tables.file.descriptor(), F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) throw FileFailure(errno, tables.file.path());
    py::list orders;
    for (const NgramColumns& order : tables.orders) orders.append(py::make_tuple(order.rows, order.offset));
    return py::make_tuple(descriptor, orders, tables.characters, tables.runs);
}

class Counter {
public:
    Counter(int order, const py::bytes& is_han, size_t block_characters, size_t key_bytes, int threads)
        : order_(order), limits_{key_bytes, threads} {
        const std::string flags = is_han;
        if (order < 1 || order > kMaxOrder || threads < 1) throw py::value_error("order or threads out of range");
        if (flags.size() != kCodes) throw py::value_error("is_han: expected one byte for each of 0x40000 code points");
        text_ = std::make_unique<NgramText>(block_characters, order, reinterpret_cast<const uint8_t*>(flags.data()));
    }
    size_t add(const py::str& text, size_t start) {
        return with_characters(text.ptr(), [&](const auto* characters, size_t size) {
            const py::gil_scoped_release unlocked;
            return start + text_->add(characters + std::min(start, size), size - std::min(start, size));
        });
    }
    void end_run() { text_->end_run(); }
    std::vector<uint32_t> rest() const { return text_->rest(); }
    void begin_with(const std::vector<uint32_t>& rest) {
        for (const uint32_t code : rest)
            if (code >= kCodes) throw py::value_error("rest: expected Han characters");
        if (rest.empty() || rest.size() > kMaxWindow) throw py::value_error("rest: expected 1 to 12 characters");
        text_->begin_with(rest);
    }
    Files write_block(const std::vector<std::string>& paths, const std::string& folder, const py::object& watcher) {
        if (!paths.empty() && paths.size() != size_t(limits_.threads)) throw py::value_error("expected a path a thread");
        const Watch watch = make_watch(watcher);
        Files files;
        const py::gil_scoped_release unlocked;
        text_->rank();
        for (NgramFile& file : cws::write_block(*text_, order_, limits_, paths, folder, watch))
            files.push_back(std::make_shared<NgramFile>(std::move(file)));
        text_->next_block();
        return files;
    }
    py::tuple count_block(uint64_t min_count, const std::string& folder, const py::object& watcher) {
        const Watch watch = make_watch(watcher);
        return to_python([&] {
            const py::gil_scoped_release unlocked;
            text_->rank();
            return cws::count_block(*text_, order_, min_count, limits_, folder, watch);
        }());
    }

private:
    int order_;
    CountingLimits limits_;
    std::unique_ptr<NgramText> text_;
};

py::tuple count_ngram_files(const Files& files, uint64_t min_count, int threads, const std::string& folder,
                            const py::object& watcher) {
    const Watch watch = make_watch(watcher);
    const auto all = pointers(files);
    return to_python([&] {
        const py::gil_scoped_release unlocked;
        return count_files(all, min_count, threads, folder, watch);
    }());
}

std::shared_ptr<NgramFile> merge_ngram_files(const Files& files, const std::string& path, const std::string& folder,
                                             const py::object& watcher) {
    const Watch watch = make_watch(watcher);
    const auto all = pointers(files);
    const py::gil_scoped_release unlocked;
    return std::make_shared<NgramFile>(merge_files(all, path, folder, watch));
}

void translate(std::exception_ptr failure) {
    try {
        if (failure) std::rethrow_exception(failure);
    } catch (const FileFailure& error) {
        errno = error.code().value();
        PyErr_SetFromErrnoWithFilename(PyExc_OSError, error.path.c_str());
    }
}

}  // namespace

void bind_lexicon(py::module_& module) {
    py::register_exception_translator(translate);
    static PyObject* const broken = PyErr_NewException("cws._native.BrokenCounts", PyExc_ValueError, nullptr);
    module.attr("BrokenCounts") = py::handle(broken);
    py::register_exception_translator([](std::exception_ptr failure) {
        try {
            if (failure) std::rethrow_exception(failure);
        } catch (const BrokenCounts& error) {
            PyErr_SetObject(broken, py::make_tuple(error.what(), error.path).ptr());
        }
    });
    py::class_<NgramFile, std::shared_ptr<NgramFile>>(module, "NgramFile")
        .def(py::init([](const std::string& path) { return std::make_shared<NgramFile>(File::open(path)); }),
             py::arg("path"))
        .def_property_readonly("order", &NgramFile::order);
    py::class_<Counter>(module, "NgramCounter")
        .def(py::init<int, const py::bytes&, size_t, size_t, int>(), py::arg("order"), py::arg("is_han"),
             py::arg("block_characters"), py::arg("key_bytes"), py::arg("threads"))
        .def("add", &Counter::add, py::arg("text"), py::arg("start"))
        .def("end_run", &Counter::end_run)
        .def("rest", &Counter::rest)
        .def("begin_with", &Counter::begin_with, py::arg("rest"))
        .def("write_block", &Counter::write_block, py::arg("paths"), py::arg("folder"), py::arg("watcher"))
        .def("count_block", &Counter::count_block, py::arg("min_count"), py::arg("folder"), py::arg("watcher"));
    module.def("count_ngram_files", &count_ngram_files, py::arg("files"), py::arg("min_count"), py::arg("threads"),
               py::arg("folder"), py::arg("watcher"));
    module.def("merge_ngram_files", &merge_ngram_files, py::arg("files"), py::arg("path"), py::arg("folder"),
               py::arg("watcher"));
}

}  // namespace cws
