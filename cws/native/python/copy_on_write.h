// A value that some threads read while another changes it. Not part of the core: it relies on the GIL.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace cws {

// A value that readers use without the GIL while a writer changes it: the writer changes a copy if anybody reads. All
// references are taken with the GIL, so that a value nobody else has cannot be taken meanwhile; no locks, so that
// a process may be forked at any time.
template <class T>
class CopyOnWrite {
public:
    explicit CopyOnWrite(T value) : value_(std::make_shared<T>(std::move(value))) {}
    std::shared_ptr<const T> read() const { return value_; }
    const T& get() const { return *value_; }
    T& write() {
        if (value_.use_count() != 1) value_ = std::make_shared<T>(*value_);
        std::atomic_thread_fence(std::memory_order_acquire);  // after what the last reader did
        return *value_;
    }

private:
    std::shared_ptr<T> value_;
};

}  // namespace cws
