// How a user dictionary changes the words of a model: in the words that an entry touches, and nowhere else. The
// specification is cws/user_dictionary/reference.py.
#pragma once

#include <cstdint>
#include <vector>

#include "user_dictionary/entry_finder.h"
#include "base/labeler.h"

namespace cws {

// The words of a sequence again: word_ends holds the model's words, and then those with the entries.
class Resegmentation {
public:
    // begin: where the sequence begins in the decoder's block.
    void apply(Decoder& decoder, int begin, int count, const std::vector<ForcedPiece>& forced,
               const std::vector<EntryMatch>& matches, uint8_t* word_ends);

private:
    void find_regions(int count, const std::vector<ForcedPiece>& forced, const std::vector<EntryMatch>& matches,
                      const uint8_t* word_ends);
    void add_region(int begin, int end);

    std::vector<int> word_begins_, word_ends_;  // of each character's word
    std::vector<Region> regions_;
    std::vector<EntryMatch> inside_;
    std::vector<uint8_t> boundaries_;
};

}  // namespace cws
