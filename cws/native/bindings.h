// The parts of the Python module that live in files of their own.
#pragma once

#include <pybind11/pybind11.h>

namespace cws {

void bind_training(pybind11::module_& module);  // LinearTrainer and build_table, which need numpy

}  // namespace cws
