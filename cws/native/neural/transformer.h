// Encoders of transformers that read characters, of two families: ModernBERT (Warner et al., 2024) whose layers all see
// the whole sequence, and BERT (Devlin et al., 2019) with its like, RoBERTa and ELECTRA. cws/labelers/neural/bert.py says what
// they are given; PyTorch's modules are the specification of what is computed.
//
// Each sequence is computed by itself, and its numbers come out the same whatever stands beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/labeler.h"
#include "neural/network.h"
#include "trie/trie.h"

namespace cws {

// Tensors of 32-bit floats where they lie, as PyTorch has them, and their sizes: multiples of 16. Null is nothing.
struct TransformerTensors {
    struct Norm {
        const float *weights = nullptr, *bias = nullptr;
    };
    struct Linear {
        const float *weights = nullptr, *bias = nullptr;  // (out, in), (out,)
    };
    struct Layer {
        Linear query, key, value, attention_output;
        Norm attention_norm;
        Linear intermediate, gate, output;  // with a gate: gelu(intermediate x) * gate x
        Norm inner_norm;
    };

    int vocabulary = 0, hidden = 0, heads = 0, inner = 0;
    int longest = 0;                 // characters that it can take at once
    float epsilon = 0;               // of norms
    float rope = 0;                  // the base of rotations; 0: places are learned
    bool is_normed_before = false;   // each part of a layer, else after it and what it adds to
    const float* tokens = nullptr;   // (vocabulary, hidden)
    const float* places = nullptr;   // (longest + 2 or more, hidden)
    const float* type = nullptr;     // (hidden,), added to all of them
    NeuralTensors features;          // what else is known of characters: pairs, word lists, the row of the standard
    const float* join = nullptr;     // (hidden, features), from these to what is added to the vectors of tokens
    Norm embedding_norm, final_norm;
    std::vector<Layer> layers;
    const float *output_weights = nullptr, *output_bias = nullptr;  // (4, hidden), (4,)
};

// A part of a sequence that the encoder takes at once, and the characters of it that emissions are asked for.
struct Window {
    const uint32_t* tokens;
    const uint32_t* pairs;    // [i]: the row of the pair of characters i - 1 and i; count + 1 of them
    const uint64_t* lexicon;  // the bits that word lists give each character
    int count, first, last;
    float* emissions;  // of the first token, (count, 4)
};

// Scratch memory, of one thread.
class WindowEncoder {
public:
    virtual ~WindowEncoder() = default;
    virtual void encode(const std::vector<Window>& windows) = 0;
};

class TransformerNetwork {
public:
    virtual ~TransformerNetwork() = default;
    virtual std::unique_ptr<WindowEncoder> encoder() const = 0;  // must not outlive the network
};

// It copies what it needs but the vectors of tokens and places. first, last: the tokens around each window.
std::unique_ptr<TransformerNetwork> make_transformer(const TransformerTensors& tensors, uint32_t first, uint32_t last,
                                                     Precision precision);

struct Transformer : Labeler {
    std::unique_ptr<Decoder> decoder() const override;

    const uint32_t* tokens = nullptr;  // (65536,), of code points
    uint32_t unknown = 0;              // of those beyond
    Trie lexicon;                      // over tokens
    bool has_features = false, has_lexicon = false;
    int longest = 0;
    std::unique_ptr<TransformerNetwork> network;
    float transitions[16] = {};  // [from][to]
    float start[4] = {}, end[4] = {};
};

struct WindowPlace {
    int begin, end, first, last;
};

// The windows of a sequence, as `window_places` of cws/labelers/neural/torch_predictor.py finds them.
std::vector<WindowPlace> window_places(int length, int longest);

}  // namespace cws
