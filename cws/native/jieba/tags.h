// jieba's parts of speech: its segmentation with a hidden Markov model whose states are (place in the word, tag).
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "jieba/dictionary.h"
#include "jieba/hmm.h"

namespace cws {

// A model over at most 256 states, numbered in the order of their names (a later state wins a tie).
class JiebaTagModel {
public:
    static constexpr size_t kMaxStates = 256;
    using States = std::bitset<kMaxStates>;
    using State = uint8_t;
    struct Emission {
        State state;
        double score;
    };

    std::vector<char> letters;        // [state]: B, E, M or S
    std::vector<double> start;        // [state]
    std::vector<double> transitions;  // [to][from]; minus infinity: there is none
    std::vector<States> next;         // [from]
    std::vector<std::vector<Emission>> emissions;  // [code - JiebaHmm::kFirst]; kJiebaMinimum where absent
    std::vector<std::vector<State>> known_states;  // [code - JiebaHmm::kFirst], ascending; empty: any

    explicit JiebaTagModel(size_t state_count);
    size_t state_count() const { return letters.size(); }

    // Sets states[i] to the state of each of the count > 0 characters, all Chinese; false if there is no path.
    bool decode(const uint32_t* codes, size_t count, std::vector<State>& states) const;
};

struct TaggedSpan {
    enum Tag : int { kListed = -1, kOther = -2, kNumber = -3, kLatin = -4 };  // or a state, whose tag it is
    size_t begin, end;
    int tag;
};

// How cut_tagged ended.
enum class Outcome { kDone, kNoLogarithm, kNoPath };

// Appends the words of the text with what gives them their tags.
Outcome cut_tagged(const JiebaDictionary& dictionary, const JiebaTagModel& model, const uint32_t* text, size_t size,
                   bool use_hmm, std::vector<TaggedSpan>& spans);

}  // namespace cws
