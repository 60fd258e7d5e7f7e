// The dictionary model: the best path over the lattice of a weighted word list, see cws/lattice.py.
#pragma once

#include "labeler.h"
#include "trie.h"

namespace cws {

struct DictionaryModel : Labeler {
    DictionaryModel();
    std::unique_ptr<Decoder> decoder() const override;

    Trie trie;           // of words and their log-probabilities
    double unknown = 0;  // the log-probability of a character that begins no word
};

}  // namespace cws
