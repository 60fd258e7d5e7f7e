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

// Segments texts on `threads` threads beside the calling one, in chunks, and calls `take` for each chunk from the first to
// the last on the calling thread as soon as it is there. The words are the same for any number of threads. An exception
// of a thread is thrown on before the first chunk that is not there; what `take` throws ends all, too. Returns when no
// thread is left.
void segment_batch(SegmenterPool& pool, const std::vector<TextView>& texts, const UserDictionary* dictionary, int threads,
                   const TakeWordEnds& take);

}  // namespace cws
