// Short vectors in the compiler's own notation, which every instruction set can do.
#pragma once

#include <cstdint>
#include <cstring>
#include <new>
#include <vector>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace cws {

typedef float Float4 __attribute__((vector_size(16)));
typedef int32_t Int4 __attribute__((vector_size(16)));
typedef float Float8 __attribute__((vector_size(32)));
typedef int32_t Int8 __attribute__((vector_size(32)));
typedef double Double4 __attribute__((vector_size(32)));
typedef int64_t Long4 __attribute__((vector_size(32)));
typedef uint64_t Unsigned4 __attribute__((vector_size(32)));

// Memory as a function compiled for AVX expects it, and the compiler does not give it where it compiles for less.
template <class T>
struct AlignedAllocator {
    using value_type = T;
    AlignedAllocator() = default;
    template <class Other>
    AlignedAllocator(const AlignedAllocator<Other>&) {}
    T* allocate(size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t(kBytes))); }
    void deallocate(T* from, size_t) { ::operator delete(from, std::align_val_t(kBytes)); }
    bool operator==(const AlignedAllocator&) const { return true; }
    bool operator!=(const AlignedAllocator&) const { return false; }
    static constexpr size_t kBytes = 32;
};
using Float8s = std::vector<Float8, AlignedAllocator<Float8>>;
using Double4s = std::vector<Double4, AlignedAllocator<Double4>>;

inline Float4 load4(const float* from) {
    Float4 result;
    std::memcpy(&result, from, sizeof(result));
    return result;
}

// All bits set where |x| > limit, or where x is NaN.
inline Int4 beyond(Float4 x, float limit) {
    const Float4 magnitude = reinterpret_cast<Float4>(reinterpret_cast<Int4>(x) & 0x7fffffff);
    return ~(magnitude <= limit);
}

// The higher of each two; where they are equal or not numbers, of b.
inline Float4 maximum(Float4 a, Float4 b) {
#if defined(__SSE2__)
    return reinterpret_cast<Float4>(_mm_max_ps(reinterpret_cast<__m128>(a), reinterpret_cast<__m128>(b)));
#else
    return a > b ? a : b;
#endif
}

// The sign of each element as a bit, the first the lowest.
inline unsigned sign_bits(Int4 x) {
#if defined(__SSE2__)
    return unsigned(_mm_movemask_ps(reinterpret_cast<__m128>(x)));
#else
    x &= Int4{1, 2, 4, 8};
    return unsigned(x[0] | x[1] | x[2] | x[3]);
#endif
}

inline float highest(Float4 x) {
    x = maximum(x, Float4{x[2], x[3], x[2], x[3]});
    return x[0] > x[1] ? x[0] : x[1];
}

inline bool any(Int4 x) { return sign_bits(x) != 0; }

}  // namespace cws
