// Long tasks over threads that can be watched and stopped.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace cws {

// Called every tenth of a second with the share of the tasks that is done; what it throws stops the work.
using Watch = std::function<void(double done)>;

// Calls work(task) once for each of 0 ... tasks - 1, in any order, while the calling thread watches. Each thread makes
// a worker of its own by make_worker(thread). An exception of one is thrown on, when all have stopped.
template <class MakeWorker>
void run_tasks(size_t tasks, int threads, MakeWorker make_worker, const Watch& watch) {
    std::atomic<size_t> next{0}, done{0};
    std::mutex mutex;
    std::condition_variable finished;
    std::exception_ptr failure;
    size_t running = 0;
    const auto run = [&](int thread) noexcept {
        try {
            auto work = make_worker(thread);
            for (size_t task; (task = next++) < tasks; ++done) work(task);
        } catch (...) {
            next = tasks;
            const std::lock_guard lock(mutex);
            failure = std::current_exception();
        }
        const std::lock_guard lock(mutex);
        --running;
        finished.notify_one();
    };
    std::vector<std::thread> others;
    try {
        for (int i = 0; i < threads && size_t(i) < tasks; ++i) {
            {
                const std::lock_guard lock(mutex);
                ++running;
            }
            others.emplace_back(run, i);
        }
    } catch (...) {  // no more threads to be had: those there are will do, if there are any
        const std::lock_guard lock(mutex);
        --running;
        if (others.empty()) throw;
    }
    std::unique_lock lock(mutex);
    while (running) {
        finished.wait_for(lock, std::chrono::milliseconds(100));
        if (!watch || failure) continue;
        lock.unlock();
        try {
            watch(double(done) / double(tasks));
        } catch (...) {
            next = tasks;
            lock.lock();
            if (!failure) failure = std::current_exception();
            continue;
        }
        lock.lock();
    }
    lock.unlock();
    for (std::thread& thread : others) thread.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace cws
