// A long short-term memory that learns (Hochreiter & Schmidhuber 1997): what is recurrent of it, both ways through time.
//
// Of sequences that lie one after the other, a step takes one character of each, the longest first, so that those which
// are still going on are the first rows. The products with everything known beforehand are left to the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/labeler.h"

namespace cws {

struct LstmDirection {
    const float* weights;  // (4 * hidden, hidden): of input, forget, cell and output gate, as PyTorch has them
    int hidden;            // a multiple of kPanel
    bool is_backwards;
};

// Arrays have a row for each character. `inputs` and `gates` are (N, 4 * hidden); `cells` is (N, hidden); rows of hidden
// states lie `stride` apart.

// From what is added to the gates before their activation, to the gates, the cells and the hidden states.
void lstm_forward(const LstmDirection& direction, const std::vector<Region>& sequences, const float* inputs,
                  float* gates, float* cells, float* hidden, size_t stride);

// From the gradient of the hidden states to that of `inputs`.
void lstm_backward(const LstmDirection& direction, const std::vector<Region>& sequences, const float* gates,
                   const float* cells, const float* hidden_gradient, size_t stride, float* input_gradient);

}  // namespace cws
