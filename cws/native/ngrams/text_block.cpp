#include "ngrams/text_block.h"

#include <algorithm>
#include <numeric>

namespace cws {

NgramText::NgramText(size_t capacity, int order, const uint8_t* is_han)
    : capacity_(std::max(capacity, size_t(2 * kMaxWindow))),
      order_(order),
      symbols_(new uint16_t[capacity_ + 1 + kMaxWindow]),
      ids_(new uint16_t[kCodes]) {
    for (uint32_t code = 0; code < kCodes; ++code) ids_[code] = is_han[code] ? kUnseen : 0;
    begin_with({0});
}

uint16_t NgramText::new_id(uint32_t code) {
    codes_.push_back(code);
    return ids_[code] = uint16_t(codes_.size() - 1);
}

template <class Char>
size_t NgramText::add(const Char* text, size_t size) {
    const size_t room = std::min(size, capacity_ - std::min(capacity_, size_));
    size_t at = size_;
    uint16_t last = symbols_[at - 1];
    for (size_t i = 0; i < room; ++i) {
        const uint32_t code = uint32_t(text[i]);
        uint16_t id = code < kCodes ? ids_[code] : 0;
        if (id == kUnseen) {
            if (codes_.size() > kMaxAlphabet) {
                size_ = at;
                return i;
            }
            id = new_id(code);
        }
        symbols_[at] = id;
        at += (id | last) != 0;  // of zeros that follow each other one is enough
        last = id;
    }
    size_ = at;
    return room;
}

template size_t NgramText::add(const uint8_t*, size_t);
template size_t NgramText::add(const uint16_t*, size_t);
template size_t NgramText::add(const uint32_t*, size_t);

void NgramText::end_run() {
    if (symbols_[size_ - 1] != 0) symbols_[size_++] = 0;  // there is room for one more than the capacity
}

void NgramText::rank() {
    // The windows of the last characters of an open run are not whole yet. A zero at the end makes them so.
    const size_t whole = size_t(order_);
    end_ = symbols_[size_ - 1] == 0 ? size_ : std::max(size_, whole + 1) - whole;
    rest_.clear();
    for (size_t i = end_ - 1; i < size_; ++i) rest_.push_back(codes_[symbols_[i]]);

    std::vector<uint16_t> order(codes_.size()), rank_of(codes_.size());
    std::iota(order.begin(), order.end(), uint16_t(0));
    std::sort(order.begin() + 1, order.end(), [&](uint16_t a, uint16_t b) { return codes_[a] < codes_[b]; });
    alphabet_.assign(codes_.size(), 0);
    for (size_t rank = 0; rank < order.size(); ++rank) {
        rank_of[order[rank]] = uint16_t(rank);
        alphabet_[rank] = codes_[order[rank]];
    }
    uint16_t* const symbols = symbols_.get();
    std::vector<uint64_t> id_counts(codes_.size());  // frequent characters came early: theirs share cache lines
    runs_ = 0;
    for (size_t i = 1; i < end_; ++i) {
        ++id_counts[symbols[i]];
        runs_ += symbols[i] != 0 && symbols[i - 1] == 0;
    }
    counts_.resize(codes_.size());
    for (size_t rank = 0; rank < order.size(); ++rank) counts_[rank] = id_counts[order[rank]];
    edges_ = counts_[0];
    counts_[0] = 0;
    for (size_t i = 0; i < size_; ++i) symbols[i] = rank_of[symbols[i]];
    std::fill_n(symbols + size_, kMaxWindow, uint16_t(0));  // windows are read to their end
}

void NgramText::begin_with(const std::vector<uint32_t>& rest) {
    for (size_t id = 1; id < codes_.size(); ++id) ids_[codes_[id]] = kUnseen;
    codes_.assign(1, 0);
    size_ = 0;
    for (const uint32_t code : rest)
        symbols_[size_++] = code == 0 ? 0 : ids_[code] == kUnseen ? new_id(code) : ids_[code];
}

}  // namespace cws
