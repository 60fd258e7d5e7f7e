// What transformer_kernels.h declares; included after neural_loops.h by the files that compile it for one processor
// each.

namespace cws {
namespace {

// As for_each_tile, but with a tile of just as many rows for the last ones: few rows cost nearly as much as six.
template <int Rows, class Tile>
CWS_INLINE void last_tile(int rows, int row, Tile& tile) {
    if constexpr (Rows > 0) {
        if (rows == Rows)
            tile(RowCount<Rows>(), row);
        else
            last_tile<Rows - 1>(rows, row, tile);
    }
}

template <int Most, class Tile>
CWS_INLINE void for_each_exact_tile(int rows, Tile tile) {
    int row = 0;
    for (; row + Most <= rows; row += Most) tile(RowCount<Most>(), row);
    last_tile<Most - 1>(rows - row, row, tile);
}

// x times the normal distribution function, which is 1 - tail(|x|) from 0 up; Abramowitz & Stegun 7.1.26 has the tail
// with an error of 1e-7.
CWS_INLINE Float8 gelu(Float8 x) {
    const Float8 size = reinterpret_cast<Float8>(reinterpret_cast<Int8>(x) & 0x7fffffff);
    const Float8 t = 1.0f / (1.0f + size * (0.3275911f * 0.70710678f));
    Float8 sum = t * 0.5307027145f - 0.7265760135f;
    sum = sum * t + 0.7107068705f;
    sum = sum * t - 0.142248368f;
    sum = sum * t + 0.127414796f;
    const Float8 tail = sum * t * decay(x * x, 0.5f);
    return (x > 0.0f ? x : Float8{}) - size * tail;
}

template <class Number, class End>
CWS_INLINE void for_each_product(const LinearRows<Number>& l, End end) {
    using A = Arithmetic<Number>;
    const size_t depth = size_t(l.weights.depth);
    for (int column = 0; column < l.weights.columns; column += kPanel) {
        const typename Number::Input* const panel = l.weights.panels + size_t(column) * depth;
        const Float8 bias[2] = {load<Float8>(l.bias + column), load<Float8>(l.bias + column + kVector)};
        for_each_exact_tile<6>(l.rows, [&](auto tile_rows, int row) __attribute__((always_inline)) {
            constexpr int kRows = decltype(tile_rows)::value;
            typename A::Sum sums[kRows][2];
            clear(sums);
            const typename Number::Input* rows[kRows];
            for (int r = 0; r < kRows; ++r) rows[r] = l.inputs + size_t(row + r) * depth;
            add_products<Number, kRows, 2>(rows, l.weights.depth, panel, sums);
            for (int r = 0; r < kRows; ++r) {
                const float scale = Number::kStep == 1 ? 1.0f : l.scales[row + r];
                float* const out = l.out + size_t(row + r) * size_t(l.stride);
                end(A::value(sums[r][0], l.weights.scales, column, scale) + bias[0],
                    A::value(sums[r][1], l.weights.scales, column + kVector, scale) + bias[1], out, column);
            }
        });
    }
}

template <class Number>
void linear_write(const LinearRows<Number>& l) {
    for_each_product(l, [](Float8 a, Float8 b, float* out, int column) __attribute__((always_inline)) {
        store(out + column, a);
        store(out + column + kVector, b);
    });
}

template <class Number>
void linear_add(const LinearRows<Number>& l) {
    for_each_product(l, [](Float8 a, Float8 b, float* out, int column) __attribute__((always_inline)) {
        store(out + column, load<Float8>(out + column) + a);
        store(out + column + kVector, load<Float8>(out + column + kVector) + b);
    });
}

template <class Number>
void linear_gelu(const LinearRows<Number>& l) {
    for_each_product(l, [](Float8 a, Float8 b, float* out, int column) __attribute__((always_inline)) {
        store(out + column, gelu(a));
        store(out + column + kVector, gelu(b));
    });
}

template <class Number>
void linear_gated(const LinearRows<Number>& l) {
    for_each_product(l, [](Float8 a, Float8 b, float* out, int column) __attribute__((always_inline)) {
        store(out + column / 2, gelu(a) * b);
    });
}

template <class Number>
void convert_rows(const float* from, int rows, int size, typename Number::Input* to, float* scales) {
    for (int row = 0; row < rows; ++row, from += size) {
        float factor = 1;
        if constexpr (Number::kStep > 1) {
            Float8 sums[2] = {};
            for (int at = 0; at < size; at += kVector) {
                const Float8 x = load<Float8>(from + at);
                sums[at / kVector % 2] += x * x;
            }
            const float squares = sum(sums[0] + sums[1]);
            const float length = __builtin_sqrtf(squares < 1e37f ? squares > 1e-20f ? squares : 1e-20f : 1e37f);
            factor = kRowLength / length;
            scales[row] = length / kRowLength;
        }
        for (int at = 0; at < size; at += kVector) Arithmetic<Number>::convert(load<Float8>(from + at) * factor, to);
    }
}

CWS_INLINE float highest_of(Float8 x) {
    float result = x[0];
    for (int i = 1; i < kVector; ++i) result = x[i] > result ? x[i] : result;
    return result;
}

// Makes exp(score - highest) of the scores of a row, 0 of those after `length`, and returns their sum.
CWS_INLINE float exponentials(float* scores, int length) {
    Float8 most = Float8{} + scores[0];
    int at = 0;
    for (; at + kVector <= length; at += kVector) {
        const Float8 x = load<Float8>(scores + at);
        most = x > most ? x : most;
    }
    for (int rest = at; rest < length; ++rest) scores[rest] > most[0] ? most[0] = scores[rest] : 0;
    const Float8 top = Float8{} + highest_of(most);
    Float8 total = {};
    for (at = 0; at + kVector <= length; at += kVector) {
        const Float8 x = decay(top - load<Float8>(scores + at), 1);
        store(scores + at, x);
        total += x;
    }
    if (at < length) {
        const Int8 places = Int8{0, 1, 2, 3, 4, 5, 6, 7} + at;
        const Float8 x = decay(top - load<Float8>(scores + at), 1);
        const Float8 inside = places < length ? x : Float8{};
        store(scores + at, inside);
        total += inside;
    }
    return sum(total);
}

void attend(const AttentionHead& head) {
    const int padded = (head.length + kPanel - 1) / kPanel * kPanel;
    for_each_exact_tile<kAttentionRows>(head.length, [&](auto tile_rows, int row) __attribute__((always_inline)) {
        constexpr int kRows = decltype(tile_rows)::value;
        const float* rows[kRows];
        for (int r = 0; r < kRows; ++r) rows[r] = head.queries + size_t(row + r) * size_t(head.stride);
        const float* keys = head.keys;
        for (int place = 0; place < padded; place += kPanel) {
            Float8 sums[kRows][2];
            clear(sums);
            keys = add_products<Float32, kRows, 2>(rows, head.size, keys, sums);
            for (int r = 0; r < kRows; ++r)
                for (int v = 0; v < 2; ++v) store(head.scratch + r * padded + place + v * kVector, sums[r][v]);
        }
        float shares[kRows];
        for (int r = 0; r < kRows; ++r) {
            rows[r] = head.scratch + r * padded;
            shares[r] = 1 / exponentials(head.scratch + r * padded, head.length);
        }
        const float* values = head.values;
        for (int column = 0; column < head.size; column += kPanel) {
            Float8 sums[kRows][2];
            clear(sums);
            values = add_products<Float32, kRows, 2>(rows, head.length, values, sums);
            for (int r = 0; r < kRows; ++r)
                for (int v = 0; v < 2; ++v)
                    store(head.out + size_t(row + r) * size_t(head.out_stride) + column + v * kVector,
                          sums[r][v] * shares[r]);
        }
    });
}

void rotate(float* row, int heads, int size, const float* cosines, const float* sines) {
    const int half = size / 2;
    for (int head = 0; head < heads; ++head, row += size)
        for (int at = 0; at < half; at += kVector) {
            const Float8 x = load<Float8>(row + at), y = load<Float8>(row + half + at);
            const Float8 cosine = load<Float8>(cosines + at), sine = load<Float8>(sines + at);
            store(row + at, x * cosine - y * sine);
            store(row + half + at, y * cosine + x * sine);
        }
}

void normalize(const float* x, int rows, int size, const float* weights, const float* bias, float epsilon, float* out) {
    const float share = 1.0f / float(size);
    for (int row = 0; row < rows; ++row, x += size, out += size) {
        Float8 sums[2] = {};
        for (int at = 0; at < size; at += kVector) sums[at / kVector % 2] += load<Float8>(x + at);
        const Float8 mean = Float8{} + sum(sums[0] + sums[1]) * share;
        Float8 squares[2] = {};
        for (int at = 0; at < size; at += kVector) {
            const Float8 away = load<Float8>(x + at) - mean;
            squares[at / kVector % 2] += away * away;
        }
        const float variance = sum(squares[0] + squares[1]) * share;
        const Float8 scale = Float8{} + 1.0f / __builtin_sqrtf(variance + epsilon);
        for (int at = 0; at < size; at += kVector) {
            Float8 y = (load<Float8>(x + at) - mean) * scale * load<Float8>(weights + at);
            if (bias) y += load<Float8>(bias + at);
            store(out + at, y);
        }
    }
}

void add_rows(const float* from, int size, float* to) {
    for (int at = 0; at < size; at += kVector) store(to + at, load<Float8>(to + at) + load<Float8>(from + at));
}

template <class Number>
constexpr LinearKernels<Number> kLinearKernels = {linear_write<Number>, linear_add<Number>, linear_gelu<Number>,
                                                  linear_gated<Number>, convert_rows<Number>};

}  // namespace
}  // namespace cws
