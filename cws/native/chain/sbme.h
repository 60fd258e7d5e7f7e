// Inference over chains of S, B, M, E tags, whose eight legal transitions are written out:
//
//     S → S, B     B → M, E     M → M, E     E → S, B      first: S, B     last: S, E
//
// Integer scores, the lowest tag on ties. This is the inner loop of the linear segmenter, on sums of integers as they come
// out of its tables; tests compare it with cws.decode.
#pragma once

#include <cstdint>

namespace cws {

enum Tag : uint8_t { S, B, M, E };  // the order of cws.tags.SBME, which a test compares
inline constexpr Tag kFirstTags[2] = {S, B};
inline constexpr Tag kLastTags[2] = {S, E};

// The two tags that may come before and after each tag, the lower first.
inline constexpr Tag kBefore[4][2] = {{S, E}, {S, E}, {B, M}, {B, M}};
inline constexpr Tag kAfter[4][2] = {{S, B}, {M, E}, {M, E}, {S, B}};

// Scores a chain adds to its emissions: the model's, or none.
struct ChainScores {
    const int16_t* transitions;  // (4, 4), [from][to]
    const int16_t* start;        // (4,)
    const int16_t* end;          // (4,)
};

// The best tags of one sequence. emissions: (count, 4); back: scratch of count bytes; word_ends: count bytes, set to 1
// where a word ends, else 0. count >= 1.
void viterbi_word_ends(const ChainScores& scores, const int16_t* emissions, int count, uint8_t* back,
                       uint8_t* word_ends);

// The same when rows first to last of the emissions have become others; old: as they were. back, word_ends: of before, and
// made those of now. Reads only what is around the rows: from where all best paths to them are one, to where the change
// makes no difference any more. Returns a character such that the word ends before it have not changed.
int viterbi_word_ends_again(const ChainScores& scores, const int16_t* emissions, const int16_t* old, int first, int last,
                            int count, uint8_t* back, uint8_t* word_ends);

}  // namespace cws
