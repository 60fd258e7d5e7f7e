// Boundaries that are known before decoding, as scores: of the tags of a character, those that would have it otherwise are
// as good as impossible.
#pragma once

#include <cstdint>
#include <cstring>

#include "base/labeler.h"

namespace cws {

// The first place from `at` on that is not free, or count.
inline int next_constraint(const uint8_t* places, int at, int count) {
    for (uint64_t eight; at + 8 <= count; at += 8) {
        std::memcpy(&eight, places + at, sizeof eight);
        if (eight) break;
    }
    while (at < count && places[at] == kFree) ++at;
    return at;
}

// rows: the emissions of a sequence, (count, tags). opens, closes: of each tag. An impossible score is added to no other:
// it replaces it, so that integers do not overflow.
template <class Score, class Flags>
void constrain_tags(Score* rows, int count, int tags, const Flags& opens, const Flags& closes, Score impossible,
                    const uint8_t* places) {
    for (int at = next_constraint(places, 0, count - 1); at < count - 1; at = next_constraint(places, at + 1, count - 1)) {
        const bool is_cut = places[at] == kBoundary;
        Score* const here = rows + at * tags;
        for (int tag = 0; tag < tags; ++tag) {
            if (bool(closes[size_t(tag)]) != is_cut) here[tag] = impossible;
            if (bool(opens[size_t(tag)]) != is_cut) here[tags + tag] = impossible;
        }
    }
}

}  // namespace cws
