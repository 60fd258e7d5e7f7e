// The inner loops of neural labelers: products of matrices that end in what is done with them while they are in
// registers. They are compiled twice (neural_loops.h), for AVX2 with FMA and for any processor.
//
// A product is inputs (rows, depth) times weights (depth, columns). Weights lie in panels of so many columns as one tile
// of sums has, so that a tile reads them in order; each sum is added up in the order of the depth, whatever the rows
// beside it: a row's result depends on nothing but the row.
//
// Numbers are 32-bit floats or 16-bit integers. Of 16 bits, two products are added in one instruction: half the memory
// and twice the speed. Inputs of 1 are kUnit; the scale of each column of weights is as high as 32-bit sums allow.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/vectors.h"

namespace cws {

inline constexpr int kVector = 8;                       // columns
inline constexpr int kPanel = 2 * kVector;              // of products
inline constexpr int kGates = 4;                        // of a memory cell: input, forget, cell, output
inline constexpr int kGatePanel = kGates * kVector;     // of lstm
inline constexpr int kUnit = 4096;
inline constexpr int kTagCount = 4;

struct Float32 {
    using Input = float;
    static constexpr int kStep = 1;  // inputs multiplied together
};

struct Int16 {
    using Input = int16_t;
    static constexpr int kStep = 2;
};

template <class Number>
struct Weights {
    using Input = typename Number::Input;
    int depth;
    int columns;            // a multiple of the panel
    const Input* panels;    // [panel][depth / kStep][column of the panel][kStep]
    const float* scales;    // [column]: what a sum is multiplied by; null: nothing
};

// out[row][column] = biases[row][column] + inputs[row] * weights. Panels of kPanel.
template <class Number>
struct Projection {
    Weights<Number> weights;
    const typename Number::Input* const* inputs;
    const float* const* biases;
    int rows;
    float* out;  // (rows, columns)
};

// One step of so many sequences through a long short-term memory (Hochreiter & Schmidhuber 1997). Panels of kGatePanel:
// the four gates of kVector cells.
template <class Number>
struct LstmStep {
    Weights<Number> weights;
    const typename Number::Input* inputs;  // (rows, depth)
    const float* const* biases;            // [row]: of the columns
    int rows;
    float* cells;                          // (rows, cells), read and written
    float* hidden;                         // (rows, cells), written
    typename Number::Input* fed_back;      // the same as inputs; rows lie `depth` apart
};

// Gated convolutions of width three, two places at a time, by four products in place of six (Winograd's F(2, 3)): of
// x0, x1, x2, x3, the rows that places i and i + dilation look at, and w0, w1, w2, the weights of the three taps,
//
//     m0 = w0 (x0 - x2)                    m1 = (w0 + w1 + w2) / 2 (x1 + x2)
//     m2 = (w0 - w1 + w2) / 2 (x2 - x1)    m3 = w2 (x1 - x3)
//     y[i] = m0 + m1 + m2                  y[i + dilation] = m1 - m2 - m3
//
// (Lavin & Gray, "Fast algorithms for convolutional neural networks", 2016.) Then x[i] = (1 - g) x[i] + g a, where a and
// sigmoid^-1(g) are y's columns, kVector of the one and kVector of the other in a panel of kPanel.
inline constexpr int kProducts = 4;

struct PlacePair {
    int32_t first, second;  // rows; -1: there is no second
};

template <class Number>
struct GatedBlock {
    Weights<Number> weights;                // of depth kProducts * size
    const typename Number::Input* inputs;   // (kProducts, pairs, size), from `combine`
    const float* bias;                      // [column]
    const float* scales;                    // [pair]: what sums are multiplied by besides, of integers
    const PlacePair* places;                // [pair]
    int pairs;
    float* x;                               // (rows, size), read and written
};

template <class Number>
struct NumberKernels {
    void (*project)(const Projection<Number>&);
    void (*lstm)(const LstmStep<Number>&);
    void (*gate)(const GatedBlock<Number>&);
    // What m0 to m3 multiply, of x0 to x3, to rows that lie `stride` apart. Integers are at most kUnit.
    void (*combine)(const typename Number::Input* const* x, int size, typename Number::Input* to, size_t stride);
    void (*convert)(const float* from, size_t count, float scale, typename Number::Input* to);
};

// What comes back through one cell of a long short-term memory at one character. Sizes are `hidden`, of gates and
// gradient four times that.
struct LstmCellGradient {
    const float *gates, *cells_before, *cells;
    const float *of_hidden, *of_hidden_after;  // gradients of the hidden states, to be added
    int hidden;
    float* of_cells;                            // from the step after; then to the one before
    float* gradient;                            // of what was added to the gates
};

struct NeuralKernels {
    NumberKernels<Float32> float32;
    NumberKernels<Int16> int16;
    // tags[k] += the product of x and weights[k], of a size that kVector divides.
    void (*add_output)(const float* x, const float* weights, int size, float* tags);
    float (*largest)(const float* x, size_t count);  // magnitude; count: a multiple of kVector
    // sums: of the gates, before their activation; gates: after it. hidden: a multiple of kVector.
    void (*lstm_cell)(const float* sums, const float* cells_before, int hidden, float* gates, float* cells, float* states);
    void (*lstm_cell_gradient)(const LstmCellGradient&);

    const NumberKernels<Float32>& of(Float32) const { return float32; }
    const NumberKernels<Int16>& of(Int16) const { return int16; }
};

const NeuralKernels& neural_kernels();  // those for this processor

extern const NeuralKernels kPlainKernels;
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CWS_HAS_AVX2_KERNELS
extern const NeuralKernels kAvx2Kernels;
#endif

}  // namespace cws
