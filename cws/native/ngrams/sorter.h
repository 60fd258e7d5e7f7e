// The distinct windows of a block of text in ascending order, with their counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "ngrams/text_block.h"

namespace cws {

// What takes windows in ascending order. A window is a character, the `order` characters after it (0 from the end of
// the run on), and last the character before it (0 at the beginning of the run).
class WindowSink {
public:
    virtual ~WindowSink() = default;
    // window: order + 2 code points, of which the first `shared` are those of the window before. shared is 0 only for
    // the first window of a first character.
    virtual void add(const uint32_t* window, int shared, uint64_t count) = 0;
};

// A range of first characters, [first, second) in the order of an alphabet.
using Range = std::pair<size_t, size_t>;

// Cuts an alphabet into ranges of at most `most` windows, or one character.
std::vector<Range> cut_alphabet(const std::vector<uint64_t>& counts, uint64_t most);

// Sorts the windows of a few first characters at a time, in a buffer of its own. Where windows with the same beginning
// are too many for the buffer, it goes by the next character.
class NgramSorter {
public:
    virtual ~NgramSorter() = default;
    virtual void sort(Range first_characters, WindowSink& sink) = 0;
};

size_t key_bytes(const NgramText& text, int order);  // of a window in that buffer
std::unique_ptr<NgramSorter> make_sorter(const NgramText& text, int order, size_t keys);  // the text must outlive it

}  // namespace cws
