// Which of the words that a user has listed, without a number, are words of a sequence: those whose two ends the model holds
// for plausible. The specification is cws/user_dictionary/reference.py.
#pragma once

#include <cstdint>
#include <vector>

#include "base/labeler.h"
#include "user_dictionary/entry_finder.h"

namespace cws {

// What cuts at both ends of an entry may cost, in nats: of one that lies in a single word of the model, and of one that tears
// several. Chosen on dev sets, docs/notebook/user_dictionary.md.
inline constexpr double kToleranceInside = 16, kTolerance = 5.5;

class DecidedWords {
public:
    // Puts the words among the pieces, which stay in order. word_ends: the model's words. matches: by beginning and end,
    // none of which overlaps a piece; those that are taken, and those that overlap them, are removed from it.
    void decide(Decoder& decoder, int begin, int count, const uint8_t* word_ends, std::vector<ForcedPiece>& pieces,
                std::vector<EntryMatch>& matches);

private:
    static constexpr double kUnread = 1;  // more than any gain
    struct Candidate {
        int begin, end;
        double gain;  // of the model's score by cuts at both ends, nats: 0 or less
    };
    void find_candidates(Decoder& decoder, int begin, int count, const uint8_t* word_ends,
                         const std::vector<EntryMatch>& matches);
    void read_gains(Decoder& decoder, const uint8_t* word_ends, int first);
    void choose(int count);
    void find_longest();
    bool is_free(const Candidate& one) const;

    std::vector<Candidate> candidates_, longest_, rest_;
    std::vector<int> ends_;
    std::vector<double> scores_;
    std::vector<uint8_t> covered_;  // the places inside the words taken, [place]: is no place of a cut
    std::vector<ForcedPiece> taken_;
};

}  // namespace cws
