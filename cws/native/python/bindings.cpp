// The Python module of the core. Its parts convert, release the GIL and translate errors; they decide nothing.
#include "python/bindings.h"

PYBIND11_MODULE(_native, module) {
    using namespace cws;
    module.doc() = "The C++ core of cws; cws.labelers.linear and cws.segmenter are its Python API.";
    bind_dictionary(module);
    bind_models(module);
    bind_emissions(module);
    bind_neural(module);
    bind_transformer(module);
    bind_lstm(module);
    bind_training(module);
    bind_decode(module);
    bind_lattice(module);
    bind_jieba(module);
    bind_sampler(module);
    bind_lexicon(module);
    bind_units(module);
}
