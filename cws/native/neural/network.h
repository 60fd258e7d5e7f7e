// Neural labelers, BiLSTM and CNN, opened from the tensors of cws/labelers/neural/encoders.py.
//
// What is added to the products of a first layer for a character alone (its vector, the standard's, the biases) is
// computed for each class of characters when a model is opened. Each sequence is computed by itself, and the numbers
// come out the same whatever stands beside it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/labeler.h"
#include "neural/lexicon_features.h"
#include "trie/trie.h"
#include "chain/word_chain.h"

namespace cws {

inline constexpr int kPairBits = 17;
inline constexpr size_t kPairRows = size_t(1) << kPairBits;

// The row of the pair in the table of their vectors.
inline uint32_t pair_hash(uint32_t first, uint32_t second) {
    uint32_t mixed = first * 0x9E3779B1u + second;
    mixed = (mixed ^ mixed >> 15) * 0x85EBCA6Bu;
    return mixed >> (32 - kPairBits);
}

// Tensors of 32-bit floats where they lie, as PyTorch has them, and their sizes. A model has an LSTM or convolutions.
struct NeuralTensors {
    struct Direction {
        const float *input_weights, *hidden_weights, *input_bias, *hidden_bias;
    };
    struct Convolution {
        const float *weights, *bias;  // (2 * hidden, hidden, 3), (2 * hidden,)
        int dilation;
    };

    int classes = 0, character_size = 0, pair_size = 0, word_lists = 1, hidden = 0;
    const float* characters = nullptr;  // (classes, character_size)
    const float* pairs = nullptr;       // (kPairRows, pair_size)
    const float* standard = nullptr;    // (features,): the row of the standard
    std::vector<Direction> lstm;        // forwards and backwards, or none
    const float *project_weights = nullptr, *project_bias = nullptr;
    std::vector<Convolution> convolutions;
    const float *output_weights = nullptr, *output_bias = nullptr;  // (4, size of the encoder), (4,)

    int lexicon_bits() const { return kListBits * word_lists; }
    int features() const { return character_size + 2 * pair_size + lexicon_bits(); }
};

// What an encoder reads, and where it writes.
struct EncoderBlock {
    const uint16_t* codes;
    const uint32_t* pairs;    // [i]: the row of the pair of characters i - 1 and i; one more than there are codes
    const uint64_t* lexicon;  // the bits of each character
    const std::vector<Region>& sequences;
    float* emissions;         // (count, 4)
};

// Scratch memory, of one thread.
class Encoder {
public:
    virtual ~Encoder() = default;
    virtual void encode(const EncoderBlock& block) = 0;
};

class Network {
public:
    virtual ~Network() = default;
    virtual std::unique_ptr<Encoder> encoder() const = 0;  // must not outlive the network
};

enum class Precision { kFloat32, kInt16 };

// They copy what they need, but for pairs of float32.
std::unique_ptr<Network> make_bilstm(const NeuralTensors& tensors, Precision precision);
std::unique_ptr<Network> make_cnn(const NeuralTensors& tensors, Precision precision);

struct Neural : Labeler {
    std::unique_ptr<Decoder> decoder() const override;
    WordChain word_chain() const;

    Trie lexicon;  // over classes of characters
    std::unique_ptr<Network> network;
    float transitions[16] = {};  // [from][to]
    float start[4] = {}, end[4] = {};
};

}  // namespace cws
