// Independent blocks of work over threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace cws {

// How many threads a job of so many nanoseconds is worth: starting one takes some ten thousand.
inline int worthwhile_threads(int threads, double nanoseconds) {
    return int(std::clamp(nanoseconds / 1e5, 1.0, double(std::max(threads, 1))));
}

// Calls work(block) once for each of 0 ... blocks - 1, in any order, on at most `threads` threads. Each thread makes a
// worker of its own by make_worker(), so that scratch memory is made once a thread. An exception of one is thrown on.
template <class MakeWorker>
void for_each_block(size_t blocks, int threads, MakeWorker make_worker) {
    std::atomic<size_t> next{0};
    std::mutex mutex;
    std::exception_ptr failure;
    const auto run = [&]() noexcept {
        try {
            auto work = make_worker();
            for (size_t block; (block = next++) < blocks;) work(block);
        } catch (...) {
            next = blocks;
            const std::lock_guard lock(mutex);
            failure = std::current_exception();
        }
    };
    std::vector<std::thread> others;
    const auto join = [&] {
        for (std::thread& thread : others) thread.join();
    };
    try {
        for (size_t i = 1; i < std::min(blocks, size_t(std::max(threads, 1))); ++i) others.emplace_back(run);
    } catch (...) {  // no more threads to be had: those there are will do
    }
    run();
    join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace cws
