// The kernels for any processor, and the choice between them.
#include "neural_kernels.h"

#include "neural_loops.h"

namespace cws {

const NeuralKernels kPlainKernels = {kNumberKernels<Float32>, kNumberKernels<Int16>, add_output, largest, lstm_cell,
                                    lstm_cell_gradient};

const NeuralKernels& neural_kernels() {
#if defined(CWS_HAS_AVX2_KERNELS)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return kAvx2Kernels;
#endif
    return kPlainKernels;
}

}  // namespace cws
