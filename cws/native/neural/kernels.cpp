// The kernels for any processor, and the choice between them.
#include "neural/kernels.h"
#include "neural/transformer_kernels.h"

#include "neural/loops.h"

#include "neural/transformer_loops.h"

namespace cws {

const NeuralKernels kPlainKernels = {kNumberKernels<Float32>, kNumberKernels<Int16>, add_output, largest, lstm_cell,
                                    lstm_cell_gradient};
const TransformerKernels kPlainTransformerKernels = {kLinearKernels<Float32>, kLinearKernels<Int16>, attend, rotate,
                                                     normalize, add_rows};

namespace {

#if defined(CWS_HAS_AVX2_KERNELS)
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#endif

}  // namespace

const NeuralKernels& neural_kernels() {
#if defined(CWS_HAS_AVX2_KERNELS)
    if (has_avx2()) return kAvx2Kernels;
#endif
    return kPlainKernels;
}

const TransformerKernels& transformer_kernels() {
#if defined(CWS_HAS_AVX2_KERNELS)
    if (has_avx2()) return kAvx2TransformerKernels;
#endif
    return kPlainTransformerKernels;
}

}  // namespace cws
