// Entropies whose sums are whole numbers, so that the order of the parts makes no difference.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace cws {

// n log n in steps of 2^-24 nats, rounded; sums of parts of n stay below 2^63 up to n = 2 * 10^10.
class LogProducts {
public:
    LogProducts() {
        for (size_t n = 0; n < kTable; ++n) table_[n] = compute(n);
    }
    uint64_t operator()(uint64_t n) const { return n < kTable ? table_[n] : compute(n); }

    // The entropy, in nats, of parts that make up count; sum: of n log n of those parts that are more than 1.
    float entropy(uint64_t count, uint64_t sum) const {
        const uint64_t whole = (*this)(count);
        return sum >= whole ? 0.0f : float(double(whole - sum) * kStep / double(count));
    }

private:
    static constexpr size_t kTable = 4096;
    static constexpr double kStep = 0x1p-24;
    std::array<uint64_t, kTable> table_;

    static uint64_t compute(uint64_t n) {
        return n < 2 ? 0 : uint64_t(std::min(double(n) * std::log(double(n)) / kStep + 0.5, 0x1p63));
    }
};

}  // namespace cws
