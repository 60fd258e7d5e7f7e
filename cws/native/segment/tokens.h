// The words of a text with what is known of each: where it stands, its label, and how likely it is one word.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/text_view.h"
#include "segment/segmenter.h"
#include "segment/token_types.h"

namespace cws {

struct Token {
    size_t begin, end;   // characters begin to end - 1 of the text
    std::string label;   // of its entry in the user dictionary; empty: none
    double probability;  // of being one word
    TokenType type;
};

// The tokens of a text; joined, they are the text. dictionary: the user's, or null. White space, and what an entry joins
// across sequences, is certain. A token that is an entry has the entry's log-odds added to those of the model.
std::vector<Token> find_tokens(Segmenter& segmenter, const TextView& text, const UserDictionary* dictionary);

// A probability with so many nats more of log-odds: 1 and 0 for entries that are forced and forbidden.
double add_log_odds(double probability, double nats);

}  // namespace cws
