// The parts of the Python module that live in files of their own.
#pragma once

#include <pybind11/pybind11.h>

namespace cws {

void bind_training(pybind11::module_& module);  // LinearTrainer and build_table, which need numpy
void bind_decode(pybind11::module_& module);    // Chain: viterbi, nbest, forward_backward, log_likelihood

}  // namespace cws
