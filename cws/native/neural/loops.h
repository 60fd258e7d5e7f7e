// What neural_kernels.h declares; included by the files that compile it for one processor each. Nothing here may be
// visible outside of them, else the linker would take one for the other.

namespace cws {
namespace {

#define CWS_INLINE inline __attribute__((always_inline))

typedef int16_t Short16 __attribute__((vector_size(32)));
typedef uint32_t Unsigned8 __attribute__((vector_size(32)));

template <class Vector>
CWS_INLINE Vector load(const void* from) {
    Vector result;
    __builtin_memcpy(&result, from, sizeof(result));
    return result;
}

template <class Vector>
CWS_INLINE void store(void* to, Vector x) {
    __builtin_memcpy(to, &x, sizeof(x));
}

// x brought to -limit to limit.
CWS_INLINE Float8 clamped(Float8 x, float limit) {
#if defined(CWS_AVX2)
    return reinterpret_cast<Float8>(_mm256_max_ps(_mm256_set1_ps(-limit), _mm256_min_ps(_mm256_set1_ps(limit), x)));
#else
    x = x < limit ? x : Float8{} + limit;
    return x > -limit ? x : Float8{} - limit;
#endif
}

// exp(-scale x) with a relative error of 1e-6, from exp(-40) to exp(40): of two of them the product is a float.
CWS_INLINE Float8 decay(Float8 x, float scale) {
    constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: its sum with x is a whole number, in the low bits
    const Float8 t = clamped(x * (scale * -1.44269504f), 57.7f);
    const Float8 shifted = t + kRound;
    const Float8 r = t - (shifted - kRound);
    Float8 sum = r * 1.327647129e-3f + 9.675540961e-3f;  // 2^r for |r| <= 1/2, with an error of 7e-8
    sum = sum * r + 5.550713092e-2f;
    sum = sum * r + 2.402212024e-1f;
    sum = sum * r + 6.931469440e-1f;
    sum = sum * r + 1.000000119f;
    return reinterpret_cast<Float8>(reinterpret_cast<Int8>(sum) + (reinterpret_cast<Int8>(shifted) << 23));
}

CWS_INLINE Float8 sigmoid(Float8 x) { return 1.0f / (1.0f + decay(x, 1)); }

// sigmoid(x) tanh(y), with one division.
CWS_INLINE Float8 sigmoid_tanh(Float8 x, Float8 y) {
    const Float8 e = decay(y, 2);
    return (1.0f - e) / ((1.0f + decay(x, 1)) * (1.0f + e));
}

CWS_INLINE Float8 tangent(Float8 x) {
    const Float8 e = decay(x, 2);
    return (1.0f - e) / (1.0f + e);
}

CWS_INLINE Int8 rounded(Float8 x) {
    constexpr float kRound = 12582912.0f;
    return reinterpret_cast<Int8>(x + kRound) - reinterpret_cast<Int8>(Float8{} + kRound);
}

// What is done with numbers of each kind.

template <class Number>
struct Arithmetic;

template <>
struct Arithmetic<Float32> {
    using Sum = Float8;
    using Operand = Float8;
    static CWS_INLINE Operand spread(const float* from) {
        const float x = *from;
        return Float8{x, x, x, x, x, x, x, x};  // one instruction; a sum with zeros would be three
    }
    static CWS_INLINE Sum add_product(Sum sum, Operand a, Operand b) { return sum + a * b; }
    static CWS_INLINE Float8 value(Sum sum, const float*, int) { return sum; }
    static CWS_INLINE Float8 value(Sum sum, const float*, int, float) { return sum; }
    static CWS_INLINE void convert(Float8 x, float*& to) {
        store(to, x);
        to += kVector;
    }
};

template <>
struct Arithmetic<Int16> {
    using Sum = Unsigned8;  // products of pairs may wrap around, of which the sums do not
    using Operand = Short16;
    static CWS_INLINE Operand spread(const int16_t* from) {
        int32_t two;
        __builtin_memcpy(&two, from, sizeof(two));
        return reinterpret_cast<Operand>(Int8{two, two, two, two, two, two, two, two});
    }
    static CWS_INLINE Sum add_product(Sum sum, Operand a, Operand b) {
#if defined(CWS_AVX2)
        return sum + reinterpret_cast<Sum>(
                         _mm256_madd_epi16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
        struct Halves {
            __m128i low, high;
        };
        Halves x, y;
        __builtin_memcpy(&x, &a, sizeof(x));
        __builtin_memcpy(&y, &b, sizeof(y));
        const Halves products = {_mm_madd_epi16(x.low, y.low), _mm_madd_epi16(x.high, y.high)};
        return sum + load<Sum>(&products);
#else
        const Int8 first = reinterpret_cast<Int8>(a), second = reinterpret_cast<Int8>(b);
        const Int8 products = (first << 16 >> 16) * (second << 16 >> 16) + (first >> 16) * (second >> 16);
        return sum + reinterpret_cast<Sum>(products);
#endif
    }
    static CWS_INLINE Float8 value(Sum sum, const float* scales, int column) {
        return __builtin_convertvector(reinterpret_cast<Int8>(sum), Float8) * load<Float8>(scales + column);
    }
    static CWS_INLINE Float8 value(Sum sum, const float* scales, int column, float scale) {
        return value(sum, scales, column) * scale;
    }
    static CWS_INLINE void convert(Float8 x, int16_t*& to) {
        typedef int16_t Short8 __attribute__((vector_size(16)));
        store(to, __builtin_convertvector(rounded(x), Short8));
        to += kVector;
    }
};

template <class Sum, int Rows, int Vectors>
CWS_INLINE void clear(Sum (&sums)[Rows][Vectors]) {
    for (int r = 0; r < Rows; ++r)
        for (int v = 0; v < Vectors; ++v) sums[r][v] = Sum{};
}

template <class Number, int Rows, int Vectors>
CWS_INLINE const typename Number::Input* add_products(const typename Number::Input* const (&rows)[Rows], int depth,
                                                      const typename Number::Input* weights,
                                                      typename Arithmetic<Number>::Sum (&sums)[Rows][Vectors]) {
    using A = Arithmetic<Number>;
#pragma GCC unroll 2
    for (int k = 0; k < depth; k += Number::kStep) {
        typename A::Operand columns[Vectors];
        for (int v = 0; v < Vectors; ++v) columns[v] = load<typename A::Operand>(weights + v * kVector * Number::kStep);
        weights += Vectors * kVector * Number::kStep;
        for (int r = 0; r < Rows; ++r) {
            const typename A::Operand x = A::spread(rows[r] + k);
            for (int v = 0; v < Vectors; ++v) sums[r][v] = A::add_product(sums[r][v], columns[v], x);
        }
    }
    return weights;
}

// Calls tile(constant of its rows, first row) for all rows, Most at a time.
template <int Rows>
struct RowCount {
    static constexpr int value = Rows;
};

template <int Most, class Tile>
CWS_INLINE void for_each_tile(int rows, Tile tile) {
    int row = 0;
    for (; row + Most <= rows; row += Most) tile(RowCount<Most>(), row);
    if constexpr (Most > 3)
        for (; row + 3 <= rows; row += 3) tile(RowCount<3>(), row);
    for (; row < rows; ++row) tile(RowCount<1>(), row);
}

template <class Number>
void project(const Projection<Number>& p) {
    using A = Arithmetic<Number>;
    const size_t columns = size_t(p.weights.columns);
    for (int column = 0; column < p.weights.columns; column += kPanel) {
        const typename Number::Input* const panel = p.weights.panels + size_t(column) * size_t(p.weights.depth);
        for_each_tile<6>(p.rows, [&](auto tile_rows, int row) __attribute__((always_inline)) {
            constexpr int kRows = decltype(tile_rows)::value;
            typename A::Sum sums[kRows][2];
            clear(sums);
            const typename Number::Input* rows[kRows];
            for (int r = 0; r < kRows; ++r) rows[r] = p.inputs[row + r];
            add_products<Number, kRows, 2>(rows, p.weights.depth, panel, sums);
            for (int r = 0; r < kRows; ++r)
                for (int v = 0; v < 2; ++v) {
                    const int at = column + v * kVector;
                    const Float8 value = A::value(sums[r][v], p.weights.scales, at);
                    store(p.out + size_t(row + r) * columns + at, value + load<Float8>(p.biases[row + r] + at));
                }
        });
    }
}

template <class Number>
void lstm(const LstmStep<Number>& s) {
    using A = Arithmetic<Number>;
    const size_t depth = size_t(s.weights.depth), cells = size_t(s.weights.columns) / kGates;
    for (int column = 0; column < s.weights.columns; column += kGatePanel) {
        const typename Number::Input* const panel = s.weights.panels + size_t(column) * depth;
        const size_t cell = size_t(column) / kGates;
        for_each_tile<2>(s.rows, [&](auto tile_rows, int row) __attribute__((always_inline)) {
            constexpr int kRows = decltype(tile_rows)::value;
            typename A::Sum sums[kRows][kGates];
            clear(sums);
            const typename Number::Input* rows[kRows];
            for (int r = 0; r < kRows; ++r) rows[r] = s.inputs + size_t(row + r) * depth;
            add_products<Number, kRows, kGates>(rows, int(depth), panel, sums);
            for (int r = 0; r < kRows; ++r) {
                const float* const bias = s.biases[row + r];
                __builtin_prefetch(bias + column + 2 * kGatePanel);
                __builtin_prefetch(bias + column + 2 * kGatePanel + kGatePanel / 2);
                Float8 gates[kGates];
                for (int g = 0; g < kGates; ++g) {
                    const int at = column + g * kVector;
                    gates[g] = A::value(sums[r][g], s.weights.scales, at) + load<Float8>(bias + at);
                }
                const size_t at = size_t(row + r) * cells + cell;
                const Float8 added = sigmoid_tanh(gates[0], gates[2]);
                const Float8 memory = load<Float8>(s.cells + at) * sigmoid(gates[1]) + added;
                const Float8 hidden = sigmoid_tanh(gates[3], memory);
                store(s.cells + at, memory);
                store(s.hidden + at, hidden);
                typename Number::Input* to = s.fed_back + size_t(row + r) * depth + cell;
                A::convert(Number::kStep == 1 ? hidden : hidden * float(kUnit), to);
            }
        });
    }
}

template <class Number>
void gate(const GatedBlock<Number>& b) {
    using A = Arithmetic<Number>;
    const int size = b.weights.columns / 2;
    const size_t stride = size_t(b.pairs) * size_t(size);  // from product to product
    for (int column = 0; column < b.weights.columns; column += kPanel) {
        const typename Number::Input* const panel = b.weights.panels + size_t(column) * size_t(b.weights.depth);
        const Float8 bias = load<Float8>(b.bias + column), gate_bias = load<Float8>(b.bias + column + kVector);
        for_each_tile<6>(b.pairs, [&](auto tile_pairs, int pair) __attribute__((always_inline)) {
            constexpr int kPairs = decltype(tile_pairs)::value;
            typename A::Sum y[2][kPairs][2];
            clear(y[0]);
            clear(y[1]);
            const typename Number::Input* inputs = b.inputs + size_t(pair) * size_t(size);
            const typename Number::Input* weights = panel;
            for (int product = 0; product < kProducts; ++product, inputs += stride) {
                typename A::Sum sums[kPairs][2];
                clear(sums);
                const typename Number::Input* rows[kPairs];
                for (int r = 0; r < kPairs; ++r) rows[r] = inputs + r * size;
                weights = add_products<Number, kPairs, 2>(rows, size, weights, sums);
                for (int r = 0; r < kPairs; ++r)
                    for (int v = 0; v < 2; ++v) {
                        if (product < 3) y[0][r][v] += sums[r][v];
                        if (product == 1) y[1][r][v] += sums[r][v];
                        if (product > 1) y[1][r][v] -= sums[r][v];
                    }
            }
            for (int r = 0; r < kPairs; ++r) {
                const float scale = Number::kStep == 1 ? 1.0f : b.scales[pair + r];
                const int32_t places[2] = {b.places[pair + r].first, b.places[pair + r].second};
                for (int i = 0; i < 2; ++i) {
                    if (places[i] < 0) continue;
                    const Float8 a = A::value(y[i][r][0], b.weights.scales, column, scale) + bias;
                    const Float8 z = A::value(y[i][r][1], b.weights.scales, column + kVector, scale) + gate_bias;
                    float* const at = b.x + size_t(places[i]) * size_t(size) + column / 2;
                    const Float8 x = load<Float8>(at);
                    store(at, x + sigmoid(z) * (a - x));
                }
            }
        });
    }
}

template <class Number>
void combine(const typename Number::Input* const* x, int size, typename Number::Input* to, size_t stride) {
    using Input = typename Number::Input;
    typedef Input Row __attribute__((vector_size(32)));
    for (int at = 0; at < size; at += int(sizeof(Row) / sizeof(Input))) {
        const Row x0 = load<Row>(x[0] + at), x1 = load<Row>(x[1] + at);
        const Row x2 = load<Row>(x[2] + at), x3 = load<Row>(x[3] + at);
        Input* const from = to + at;
        store(from, x0 - x2);
        store(from + stride, x1 + x2);
        store(from + 2 * stride, x2 - x1);
        store(from + 3 * stride, x1 - x3);
    }
}

template <class Number>
void convert(const float* from, size_t count, float scale, typename Number::Input* to) {
    size_t at = 0;
    for (; at + kVector <= count; at += kVector) Arithmetic<Number>::convert(load<Float8>(from + at) * scale, to);
    if (at == count) return;
    float rest[kVector] = {};
    typename Number::Input converted[kVector], *end = converted;
    for (size_t i = at; i < count; ++i) rest[i - at] = from[i];
    Arithmetic<Number>::convert(load<Float8>(rest) * scale, end);
    for (size_t i = at; i < count; ++i) *to++ = converted[i - at];
}

CWS_INLINE float sum(Float8 x) {
    const Float4 four = Float4{x[0], x[1], x[2], x[3]} + Float4{x[4], x[5], x[6], x[7]};
    return (four[0] + four[2]) + (four[1] + four[3]);
}

void add_output(const float* x, const float* weights, int size, float* tags) {
    Float8 sums[kTagCount] = {};
    for (int at = 0; at < size; at += kVector)
        for (int k = 0; k < kTagCount; ++k) sums[k] += load<Float8>(x + at) * load<Float8>(weights + k * size + at);
    for (int k = 0; k < kTagCount; ++k) tags[k] += sum(sums[k]);
}

float largest(const float* x, size_t count) {
    Int8 most = {};  // as integers, which order floats that are not negative
    for (size_t at = 0; at < count; at += kVector) {
        const Int8 magnitude = load<Int8>(x + at) & 0x7fffffff;
        most = magnitude > most ? magnitude : most;
    }
    int32_t result = 0;
    for (int i = 0; i < kVector; ++i) result = most[i] > result ? most[i] : result;
    float as_float;
    __builtin_memcpy(&as_float, &result, sizeof(as_float));
    return as_float;
}

void lstm_cell(const float* sums, const float* cells_before, int hidden, float* gates, float* cells, float* states) {
    for (int at = 0; at < hidden; at += kVector) {
        const Float8 input = sigmoid(load<Float8>(sums + at)), forget = sigmoid(load<Float8>(sums + hidden + at));
        const Float8 cell = tangent(load<Float8>(sums + 2 * hidden + at));
        const Float8 output = sigmoid(load<Float8>(sums + 3 * hidden + at));
        const Float8 memory = forget * load<Float8>(cells_before + at) + input * cell;
        store(gates + at, input);
        store(gates + hidden + at, forget);
        store(gates + 2 * hidden + at, cell);
        store(gates + 3 * hidden + at, output);
        store(cells + at, memory);
        store(states + at, output * tangent(memory));
    }
}

void lstm_cell_gradient(const LstmCellGradient& c) {
    const int hidden = c.hidden;
    for (int at = 0; at < hidden; at += kVector) {
        const Float8 input = load<Float8>(c.gates + at), forget = load<Float8>(c.gates + hidden + at);
        const Float8 cell = load<Float8>(c.gates + 2 * hidden + at), output = load<Float8>(c.gates + 3 * hidden + at);
        const Float8 shown = tangent(load<Float8>(c.cells + at));
        const Float8 of_hidden = load<Float8>(c.of_hidden + at) + load<Float8>(c.of_hidden_after + at);
        const Float8 of_cell = load<Float8>(c.of_cells + at) + of_hidden * output * (1.0f - shown * shown);
        store(c.of_cells + at, of_cell * forget);
        store(c.gradient + at, of_cell * cell * input * (1.0f - input));
        store(c.gradient + hidden + at, of_cell * load<Float8>(c.cells_before + at) * forget * (1.0f - forget));
        store(c.gradient + 2 * hidden + at, of_cell * input * (1.0f - cell * cell));
        store(c.gradient + 3 * hidden + at, of_hidden * shown * output * (1.0f - output));
    }
}

template <class Number>
constexpr NumberKernels<Number> kNumberKernels = {project<Number>, lstm<Number>, gate<Number>, combine<Number>, convert<Number>};

}  // namespace
}  // namespace cws
