// Python's str seen from C++. Not part of the core: it knows Python.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/text_view.h"

namespace cws {

// The text's own storage.
inline TextView view_of(PyObject* text) {
    const auto size = size_t(PyUnicode_GET_LENGTH(text));
    const void* const data = PyUnicode_DATA(text);
    switch (PyUnicode_KIND(text)) {
        case PyUnicode_1BYTE_KIND: return {static_cast<const uint8_t*>(data), size};
        case PyUnicode_2BYTE_KIND: return {static_cast<const uint16_t*>(data), size};
        default: return {static_cast<const uint32_t*>(data), size};
    }
}

// Calls use(characters, count) with the text's own storage, of type uint8_t, uint16_t or uint32_t.
template <class Use>
auto with_characters(PyObject* text, Use use) {
    return view_of(text).visit(use);
}

// The text's code points: its own storage, or a copy in `copy`.
inline const uint32_t* code_points(PyObject* text, std::vector<uint32_t>& copy) {
    if (PyUnicode_KIND(text) == PyUnicode_4BYTE_KIND) return PyUnicode_4BYTE_DATA(text);
    return with_characters(text, [&](const auto* characters, size_t size) {
        if (copy.size() < size) copy.resize(size);
        for (size_t i = 0; i < size; ++i) copy[i] = uint32_t(characters[i]);
        return static_cast<const uint32_t*>(copy.data());
    });
}

inline pybind11::object owned(PyObject* object) {
    if (!object) throw pybind11::error_already_set();
    return pybind11::reinterpret_steal<pybind11::object>(object);
}

// A str of code points, lone surrogates included.
template <class Code>
pybind11::object make_str(const Code* codes, size_t size) {
    static_assert(sizeof(Code) == 4);
    return owned(PyUnicode_FromKindAndData(PyUnicode_4BYTE_KIND, codes, Py_ssize_t(size)));
}

}  // namespace cws
