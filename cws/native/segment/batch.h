// Many texts over threads, whose words come in order.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/text_view.h"
#include "segment/segmenter_pool.h"

namespace cws {

// Takes the word ends of the texts from `first` on, in order. They are moved from afterwards.
using TakeWordEnds = std::function<void(size_t first, std::vector<std::vector<uint8_t>>& word_ends)>;

// Segments texts in chunks on `threads` threads beside the calling one. The calling one calls `take` for each chunk, from
// the first to the last, as soon as it is there. The words are the same for any number of threads. When a thread throws,
// the chunks before its own are taken as far as they are there, and the exception is thrown on. What `take` throws ends
// all threads too. Returns when no thread is left.
void segment_batch(SegmenterPool& pool, const std::vector<TextView>& texts, const UserDictionary* dictionary,
                   int threads, const TakeWordEnds& take);

}  // namespace cws
