// The inner loops of transformers, compiled as those of neural_kernels.h are, and with its panels of weights.
//
// Integers: a row of inputs is scaled to a Euclidean length of kRowLength, a column of weights to at most
// kColumnLength. Then no number leaves 16 bits and, by Cauchy and Schwarz, no sum leaves 32, and both keep about a bit
// more than limits on each number and on sums of magnitudes would leave them.
#pragma once

#include "neural/kernels.h"

namespace cws {

inline constexpr float kRowLength = 32000;
inline constexpr float kColumnLength = 66000;  // the product is below 2^31, with room for what rounding adds
inline constexpr int kLargestDepth = 16384;    // of which rounding adds at most 64 to either length

// inputs * weights times the scales of rows, plus the bias of columns. Panels of kPanel.
template <class Number>
struct LinearRows {
    Weights<Number> weights;
    const float* bias;                      // [column]
    const typename Number::Input* inputs;   // rows lie depth apart
    const float* scales;                    // [row], of integers
    int rows;
    float* out;                             // rows lie `stride` apart
    int stride;
};

template <class Number>
struct LinearKernels {
    void (*write)(const LinearRows<Number>&);
    void (*add)(const LinearRows<Number>&);   // to what is there
    void (*gelu)(const LinearRows<Number>&);  // (Hendrycks & Gimpel, 2016), exact
    // Of a panel, the first kVector columns are after gelu multiplied by the others (Shazeer, "GLU variants", 2020).
    void (*gated)(const LinearRows<Number>&);
    // Rows for `inputs`, and their scales; size: a multiple of kVector.
    void (*convert)(const float* from, int rows, int size, typename Number::Input* to, float* scales);
};

// One head of one sequence: out = softmax(queries * keys) * values.
struct AttentionHead {
    const float* queries;  // (length, size), rows lie `stride` apart
    const float* keys;     // panels of kPanel places, [place / kPanel][number][place % kPanel]; zeros after the end
    const float* values;   // panels of kPanel numbers, [number / kPanel][place][number % kPanel]
    int length, size, stride;
    float* scratch;        // kAttentionRows * length, rounded up to kPanel
    float* out;            // as queries, rows lie `out_stride` apart
    int out_stride;
};
inline constexpr int kAttentionRows = 6;

struct TransformerKernels {
    LinearKernels<Float32> float32;
    LinearKernels<Int16> int16;
    void (*attend)(const AttentionHead&);
    // Rotates halves of each head against each other by the angle of the place (Su et al., "RoFormer", 2021).
    void (*rotate)(float* row, int heads, int size, const float* cosines, const float* sines);
    // Layer normalization of rows; bias may be null. In place too.
    void (*normalize)(const float* x, int rows, int size, const float* weights, const float* bias, float epsilon,
                      float* out);
    void (*add_rows)(const float* from, int size, float* to);

    const LinearKernels<Float32>& of(Float32) const { return float32; }
    const LinearKernels<Int16>& of(Int16) const { return int16; }
};

const TransformerKernels& transformer_kernels();  // those for this processor

extern const TransformerKernels kPlainTransformerKernels;
#if defined(CWS_HAS_AVX2_KERNELS)
extern const TransformerKernels kAvx2TransformerKernels;
#endif

}  // namespace cws
