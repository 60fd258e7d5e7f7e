// The segmenters of a model, which threads borrow: each has scratch memory that is not made anew for every text.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "segment/segmenter.h"

namespace cws {

class SegmenterPool {
public:
    // labeler: must outlive the pool, and be complete when the first segmenter is borrowed.
    explicit SegmenterPool(const Labeler& labeler) : labeler_(labeler) {
        free_.reserve(256);  // as many as there are threads, at most
    }
    SegmenterPool(const SegmenterPool&) = delete;

    const Labeler& labeler() const { return labeler_; }

    // Whether segmenters keep units whole. Before the first is borrowed.
    void set_units(bool has_units) { has_units_ = has_units; }
    bool has_units() const { return has_units_; }

    // A segmenter for the calling thread, given back at the end. Nobody waits for the lock: a process may be forked
    // while one of its threads holds it, and then the child's never opens.
    class Lease {
    public:
        explicit Lease(SegmenterPool& pool) : pool_(pool) {
            {
                const std::unique_lock lock(pool_.mutex_, std::try_to_lock);
                if (lock && !pool_.free_.empty()) {
                    segmenter_ = std::move(pool_.free_.back());
                    pool_.free_.pop_back();
                }
            }
            if (!segmenter_) segmenter_ = std::make_unique<Segmenter>(pool_.labeler_, pool_.has_units_);
        }
        Lease(const Lease&) = delete;
        ~Lease() {
            const std::unique_lock lock(pool_.mutex_, std::try_to_lock);
            if (lock && pool_.free_.size() < pool_.free_.capacity()) pool_.free_.push_back(std::move(segmenter_));
        }
        Segmenter* operator->() { return segmenter_.get(); }
        Segmenter& operator*() { return *segmenter_; }

    private:
        SegmenterPool& pool_;
        std::unique_ptr<Segmenter> segmenter_;
    };

private:
    const Labeler& labeler_;
    bool has_units_ = false;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Segmenter>> free_;
};

}  // namespace cws
