#include "segment/batch.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "segment/joined_texts.h"

namespace cws {
namespace {

constexpr size_t kMaxChunk = 256;  // texts
constexpr size_t kChunksPerThread = 4;

// Chunks of texts that threads segment. Chunks are begun in order.
class BatchWorkers {
public:
    BatchWorkers(SegmenterPool& pool, const std::vector<TextView>& texts, const UserDictionary* dictionary, int threads)
        : pool_(pool), texts_(texts), dictionary_(dictionary) {
        const size_t fair = texts.size() / (size_t(std::max(threads, 1)) * kChunksPerThread);
        chunk_size_ = std::clamp<size_t>(fair, 1, kMaxChunk);
        word_ends_.resize((texts.size() + chunk_size_ - 1) / chunk_size_);
        is_done_.resize(chunks());
    }
    ~BatchWorkers() {
        next_ = ~size_t(0) / 2;  // nobody begins another chunk
        for (std::thread& thread : threads_) thread.join();
    }

    void start(int threads) {
        const size_t count = std::min(size_t(std::max(threads, 1)), chunks());
        while (threads_.size() < count) threads_.emplace_back([this]() noexcept { run(); });
    }

    size_t chunks() const { return word_ends_.size(); }
    size_t begin(size_t chunk) const { return chunk * chunk_size_; }
    size_t end(size_t chunk) const { return std::min(texts_.size(), begin(chunk + 1)); }

    // The word ends of the texts of a chunk, when they are there. Throws what ended a thread.
    std::vector<std::vector<uint8_t>> wait(size_t chunk) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return is_done_[chunk] || failure_; });
        if (!is_done_[chunk]) std::rethrow_exception(failure_);
        return std::move(word_ends_[chunk]);
    }

private:
    void run() {
        try {
            SegmenterPool::Lease segmenter(pool_);
            JoinedTexts joined;
            for (size_t chunk; (chunk = next_++) < chunks();) {
                segment(chunk, *segmenter, joined);
                const std::lock_guard lock(mutex_);
                is_done_[chunk] = true;
                changed_.notify_one();
            }
        } catch (...) {  // no memory
            const std::lock_guard lock(mutex_);
            failure_ = std::current_exception();
            changed_.notify_one();
        }
    }

    void segment(size_t chunk, Segmenter& segmenter, JoinedTexts& joined) {
        std::vector<std::vector<uint8_t>>& word_ends = word_ends_[chunk];
        word_ends.resize(end(chunk) - begin(chunk));
        for (size_t i = 0; i < word_ends.size(); ++i) {
            word_ends[i].resize(texts_[begin(chunk) + i].size);
            texts_[begin(chunk) + i].visit([&](const auto* characters, size_t size) {
                if (pool_.labeler().reads_side_by_side && size < kBlock)
                    joined.add(characters, size, word_ends[i].data());
                else
                    segmenter.word_ends(characters, size, dictionary_, word_ends[i].data());
            });
            if (joined.size() >= JoinedTexts::kEnough) joined.segment(segmenter, dictionary_);
        }
        joined.segment(segmenter, dictionary_);
    }

    SegmenterPool& pool_;
    const std::vector<TextView>& texts_;
    const UserDictionary* dictionary_;
    size_t chunk_size_;
    std::vector<std::vector<std::vector<uint8_t>>> word_ends_;  // [chunk][text]
    std::atomic<size_t> next_{0};
    std::mutex mutex_;  // of what follows
    std::condition_variable changed_;
    std::vector<bool> is_done_;
    std::exception_ptr failure_;
    std::vector<std::thread> threads_;
};

}  // namespace

void segment_batch(SegmenterPool& pool, const std::vector<TextView>& texts, const UserDictionary* dictionary,
                   int threads, const TakeWordEnds& take) {
    BatchWorkers workers(pool, texts, dictionary, threads);
    workers.start(threads);
    for (size_t chunk = 0; chunk < workers.chunks(); ++chunk) {
        std::vector<std::vector<uint8_t>> word_ends = workers.wait(chunk);
        take(workers.begin(chunk), word_ends);
    }
}

}  // namespace cws
