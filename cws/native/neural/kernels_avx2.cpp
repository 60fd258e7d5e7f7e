// The kernels for processors with AVX2 and FMA.
#include "neural/transformer_kernels.h"

#if defined(CWS_HAS_AVX2_KERNELS)
#pragma GCC target("avx2,fma")
#define CWS_AVX2

#include "neural/loops.h"

#include "neural/transformer_loops.h"

namespace cws {

const NeuralKernels kAvx2Kernels = {kNumberKernels<Float32>, kNumberKernels<Int16>, add_output, largest, lstm_cell,
                                    lstm_cell_gradient};
const TransformerKernels kAvx2TransformerKernels = {kLinearKernels<Float32>, kLinearKernels<Int16>, attend, rotate,
                                                    normalize, add_rows};

}  // namespace cws

#endif
