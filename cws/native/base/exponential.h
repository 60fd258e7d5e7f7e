// exp of four doubles at once, with an error of some 1e-16 of the result; 0 from -708 down. Arguments not above 0.
#pragma once

#include "base/vectors.h"

namespace cws {

inline __attribute__((always_inline)) Double4 exponential(Double4 x) {
    // x = n ln 2 + r with |r| <= ln 2 / 2, and exp(x) = 2^n exp(r). Adding 1.5 * 2^52 rounds to a whole number and
    // leaves it in the low bits of the sum. ln 2 in two parts, so that n times the first is exact.
    constexpr double kRound = 6755399441055744.0;
    const Double4 shifted = x * 1.4426950408889634 + kRound;
    const Double4 n = shifted - kRound;
    const Double4 r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
    // Taylor's series to r^13: the rest is below 2e-18.
    const Double4 r2 = r * r, r4 = r2 * r2, r8 = r4 * r4;
    const Double4 low = (1.0 + r) + r2 * (1.0 / 2 + r * (1.0 / 6));
    const Double4 middle = (1.0 / 24 + r * (1.0 / 120)) + r2 * (1.0 / 720 + r * (1.0 / 5040));
    const Double4 high = (1.0 / 40320 + r * (1.0 / 362880)) + r2 * (1.0 / 3628800 + r * (1.0 / 39916800));
    const Double4 top = 1.0 / 479001600 + r * (1.0 / 6227020800.0);
    const Double4 fraction = (low + r4 * middle) + r8 * (high + r4 * top);
    const Unsigned4 exponent = reinterpret_cast<Unsigned4>(shifted) << 52;  // any bits at all where x is too low
    const Double4 result = reinterpret_cast<Double4>(reinterpret_cast<Unsigned4>(fraction) + exponent);
    return x > -708.0 ? result : Double4{};
}

}  // namespace cws
