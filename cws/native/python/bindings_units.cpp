// The Python face of the scanner of units.
#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "python/bindings.h"
#include "python/python_text.h"
#include "units/units.h"

namespace py = pybind11;

namespace cws {
namespace {

py::bytes boundaries(const py::str& text) {
    const auto size = PyUnicode_GET_LENGTH(text.ptr());
    py::object result = owned(PyBytes_FromStringAndSize(nullptr, size));
    auto* const places = reinterpret_cast<uint8_t*>(PyBytes_AS_STRING(result.ptr()));
    {
        const py::gil_scoped_release release;
        with_characters(text.ptr(), [&](const auto* characters, size_t count) {
            find_boundaries(characters, count, places);
        });
    }
    return py::reinterpret_steal<py::bytes>(result.release());
}

py::list find_units(const py::str& text) {
    std::vector<Unit> units;
    {
        const py::gil_scoped_release release;
        with_characters(text.ptr(), [&](const auto* characters, size_t count) {
            std::vector<uint8_t> places(count);
            find_boundaries(characters, count, places.data(), &units);
        });
    }
    py::list result(units.size());
    for (size_t i = 0; i < units.size(); ++i) {
        const char* const name = kUnitTypeNames[size_t(units[i].type)];
        result[i] = py::make_tuple(units[i].begin, units[i].end, name);
    }
    return result;
}

}  // namespace

void bind_units(py::module_& module) {
    module.def("find_units", &find_units, py::arg("text"));
    module.def("find_boundaries", &boundaries, py::arg("text"));
}

}  // namespace cws
