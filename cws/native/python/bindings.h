// The parts of the Python module that live in files of their own.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "trie/trie.h"

namespace cws {

void bind_models(pybind11::module_& module);    // the segmenters of each kind of model
void bind_emissions(pybind11::module_& module); // EmissionPredictor, for models that compute elsewhere
void bind_neural(pybind11::module_& module);    // NeuralPredictor, after bind_models
void bind_transformer(pybind11::module_& module);  // TransformerPredictor, after bind_models
void bind_lstm(pybind11::module_& module);      // lstm_forward and lstm_backward
void bind_training(pybind11::module_& module);  // LinearTrainer and build_table, which need numpy
void bind_decode(pybind11::module_& module);    // Chain: viterbi, nbest, forward_backward, log_likelihood
void bind_lattice(pybind11::module_& module);   // WordTrie
void bind_dictionary(pybind11::module_& module);  // NativeDictionary
void bind_lexicon(pybind11::module_& module);   // NgramCounter and files of partial counts
void bind_jieba(pybind11::module_& module);     // JiebaWordList and the models of cws.compat.jieba
void bind_sampler(pybind11::module_& module);   // WordSampler
void bind_units(pybind11::module_& module);     // find_units and find_boundaries

// A tensor of a mapped file: the bytes of a buffer, which must stay alive.
template <class T>
const T* tensor(const pybind11::buffer_info& info, const char* name, size_t expected_bytes) {
    using pybind11::value_error;
    if (!PyBuffer_IsContiguous(info.view(), 'C')) throw value_error(std::string(name) + " must be contiguous");
    const auto bytes = size_t(info.size * info.itemsize);
    if (expected_bytes && bytes != expected_bytes)
        throw value_error(std::string(name) + ": expected " + std::to_string(expected_bytes) + " bytes, got " +
                          std::to_string(bytes));
    if (reinterpret_cast<uintptr_t>(info.ptr) % alignof(T))
        throw value_error(std::string(name) + " must lie at a multiple of " + std::to_string(alignof(T)) + " bytes");
    return static_cast<const T*>(info.ptr);
}

// The trie in buffers by name, as cws/lattice.py describes them; `buffers` keeps what it points to. Checked.
Trie map_trie(const pybind11::dict& tensors, std::vector<pybind11::buffer_info>& buffers);
void add_trie(const Trie& trie, pybind11::dict& tensors);

// A buffer of rows of so many bytes.
const pybind11::buffer_info& buffer_of(const pybind11::dict& tensors, const char* name, size_t row_bytes,
                                       std::vector<pybind11::buffer_info>& buffers);

}  // namespace cws
