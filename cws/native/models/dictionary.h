// The dictionary model: the best path over the lattice of a weighted word list, see cws/lattice.py.
#pragma once

#include "base/labeler.h"
#include "trie/trie.h"

namespace cws {

struct DictionaryModel : Labeler {
    DictionaryModel();
    std::unique_ptr<Decoder> decoder() const override;

    Trie trie;           // of words and their log-probabilities
    double unknown = 0;  // the log-probability of a symbol that begins no word
    // Whether words are of symbols, as cws/lexicon/symbols.py describes them: whole numbers are 0, Latin words are a, and
    // what is not Han stands alone. Else words are of characters, and only runs of letters and digits stay whole.
    bool has_symbols = false;
};

}  // namespace cws
