// The kernels for processors with AVX2 and FMA.
#include "neural_kernels.h"

#if defined(CWS_HAS_AVX2_KERNELS)
#pragma GCC target("avx2,fma")
#define CWS_AVX2

#include "neural_loops.h"

namespace cws {

const NeuralKernels kAvx2Kernels = {kNumberKernels<Float32>, kNumberKernels<Int16>, add_output, largest, lstm_cell,
                                    lstm_cell_gradient};

}  // namespace cws

#endif
