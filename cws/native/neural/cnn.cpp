// Dilated gated convolutions, one above the other, over some sequences at a time.
#include <algorithm>

#include "neural/layers.h"

namespace cws {
namespace {

constexpr int kRows = 256;  // characters at a time, if sequences are not longer: what the second-level cache holds

template <class Number>
class Cnn : public Network {
public:
    explicit Cnn(const NeuralTensors& tensors)
        : features_(tensors), size_(round_up(tensors.hidden, kPanel)),
          project_(features_.depth(), size_, kPanel,
                   [&](int k, int column) {
                       if (column >= tensors.hidden) return 0.0f;
                       const float* const row = tensors.project_weights + size_t(column) * size_t(tensors.features());
                       return row[tensors.character_size + k] * features_.largest(k);
                   }),
          table_(character_table(
              tensors, size_,
              [&](int column) {
                  return column < tensors.hidden ? tensors.project_weights + size_t(column) * size_t(tensors.features())
                                                 : nullptr;
              },
              [&](int column) { return tensors.project_bias[column]; })),
          output_(size_t(kTagCount * size_)), output_bias_(tensors.output_bias, tensors.output_bias + kTagCount) {
        for (const NeuralTensors::Convolution& one : tensors.convolutions) blocks_.push_back(block(tensors.hidden, one));
        for (int tag = 0; tag < kTagCount; ++tag)
            std::copy_n(tensors.output_weights + tag * tensors.hidden, tensors.hidden, output_.begin() + tag * size_);
    }

    std::unique_ptr<cws::Encoder> encoder() const override { return std::make_unique<Encoder>(*this); }

private:
    using Input = typename Number::Input;

    struct Block {
        PackedWeights<Number> weights;
        AlignedVector<float> bias;
        int dilation;
    };

    class Encoder : public cws::Encoder {
    public:
        explicit Encoder(const Cnn& network)
            : network_(network), kernels_(neural_kernels()), numbers_(kernels_.of(Number())),
              zeros_(size_t(network.size_)) {}

        void encode(const EncoderBlock& block) override {
            const auto& sequences = block.sequences;
            for (size_t first = 0, last; first < sequences.size(); first = last) {
                int rows = sequences[first].end - sequences[first].begin;
                for (last = first + 1; last < sequences.size(); ++last) {
                    const int more = sequences[last].end - sequences[last].begin;
                    if (rows + more > kRows) break;
                    rows += more;
                }
                reserve(size_t(rows));
                run(block, sequences.data() + first, sequences.data() + last, rows);
            }
        }

    private:
        void reserve(size_t rows) {
            if (rows <= biases_.size()) return;
            const size_t width = std::max(size_t(network_.size_), size_t(network_.features_.depth()));
            x_.resize(rows * size_t(network_.size_));
            inputs_.resize(rows * width);
            biases_.resize(rows);
            scales_.resize(rows);
            rows_.resize(rows);
        }

        void run(const EncoderBlock& block, const Region* begin, const Region* end, int rows) {
            const size_t size = size_t(network_.size_), depth = size_t(network_.features_.depth());
            size_t row = 0;
            for (const Region* sequence = begin; sequence != end; ++sequence)
                for (int i = sequence->begin; i < sequence->end; ++i, ++row) {
                    network_.features_.copy(block.pairs + i, block.lexicon[i], inputs_.data() + row * depth);
                    rows_[row] = inputs_.data() + row * depth;
                    biases_[row] = network_.table_.data() + size_t(block.codes[i]) * size;
                }
            numbers_.project({network_.project_.view(), rows_.data(), biases_.data(), rows, x_.data()});
            for (const Block& layer : network_.blocks_) {
                convert(begin, end);
                set_places(begin, end, layer.dilation);
                combine(layer.dilation);
                numbers_.gate({layer.weights.view(), combined_.data(), layer.bias.data(), pair_scales_.data(),
                               places_.data(), int(places_.size()), x_.data()});
            }
            row = 0;
            for (const Region* sequence = begin; sequence != end; ++sequence)
                for (int i = sequence->begin; i < sequence->end; ++i, ++row) {
                    float* const tags = block.emissions + kTagCount * i;
                    std::copy_n(network_.output_bias_.data(), kTagCount, tags);
                    kernels_.add_output(x_.data() + row * size, network_.output_.data(), network_.size_, tags);
                }
        }

        // The numbers that a block multiplies. Integers have a scale for each sequence.
        void convert(const Region* begin, const Region* end) {
            const size_t size = size_t(network_.size_);
            float* scale = scales_.data();
            size_t at = 0;
            for (const Region* sequence = begin; sequence != end; ++sequence, ++scale) {
                const size_t count = size_t(sequence->end - sequence->begin) * size;
                *scale = 1;
                if constexpr (Number::kStep > 1) *scale = std::max(kernels_.largest(x_.data() + at, count), 1e-9f);
                numbers_.convert(x_.data() + at, count, Number::kStep > 1 ? float(kUnit) / *scale : 1.0f,
                                 inputs_.data() + at);
                at += count;
            }
        }

        // Pairs of places: i and i + dilation, for each i in every second stretch of `dilation` places.
        void set_places(const Region* begin, const Region* end, int dilation) {
            places_.clear();
            pair_scales_.clear();
            limits_.clear();
            int first = 0;
            for (const Region* sequence = begin; sequence != end; ++sequence) {
                const int last = first + sequence->end - sequence->begin;
                for (int stretch = first; stretch < last; stretch += 2 * dilation)
                    for (int i = stretch; i < std::min(stretch + dilation, last); ++i) {
                        places_.push_back({i, i + dilation < last ? i + dilation : -1});
                        pair_scales_.push_back(scales_[size_t(sequence - begin)]);
                        limits_.push_back({first, last});
                    }
                first = last;
            }
        }

        void combine(int dilation) {
            const size_t size = size_t(network_.size_);
            combined_.resize(size_t(kProducts) * places_.size() * size);
            for (size_t pair = 0; pair < places_.size(); ++pair) {
                const Input* x[4];
                for (int j = 0; j < 4; ++j) {
                    const int row = places_[pair].first + (j - 1) * dilation;
                    const bool is_inside = row >= limits_[pair].begin && row < limits_[pair].end;
                    x[j] = is_inside ? inputs_.data() + size_t(row) * size : zeros_.data();
                }
                numbers_.combine(x, network_.size_, combined_.data() + pair * size, places_.size() * size);
            }
        }

        const Cnn& network_;
        const NeuralKernels& kernels_;
        const NumberKernels<Number>& numbers_;
        AlignedVector<Input> zeros_, inputs_, combined_;
        AlignedVector<float> x_;
        std::vector<const float*> biases_;
        std::vector<const Input*> rows_;
        std::vector<float> scales_, pair_scales_;
        std::vector<PlacePair> places_;
        std::vector<Region> limits_;  // of the sequence of each pair
    };

    // Columns: kVector of what is mixed in and their gates, then the next.
    Block block(int hidden, const NeuralTensors::Convolution& from) const {
        const auto unit = [](int column) { return column / kPanel * kVector + column % kVector; };
        const auto row = [&](int column) { return column % kPanel / kVector * hidden + unit(column); };
        const auto weight = [&](int k, int column) {
            const int product = k / size_, in = k % size_;
            if (unit(column) >= hidden || in >= hidden) return 0.0f;
            const float* const w = from.weights + (size_t(row(column)) * size_t(hidden) + size_t(in)) * 3;
            const float combined[kProducts] = {w[0], (w[0] + w[1] + w[2]) / 2, (w[0] - w[1] + w[2]) / 2, w[2]};
            return combined[product];
        };
        AlignedVector<float> bias(size_t(2 * size_));
        for (int column = 0; column < 2 * size_; ++column)
            bias[size_t(column)] = unit(column) < hidden ? from.bias[row(column)] : 0.0f;
        return {{kProducts * size_, 2 * size_, kPanel, weight}, bias, from.dilation};
    }

    FeatureInputs<Number> features_;
    int size_;
    PackedWeights<Number> project_;
    AlignedVector<float> table_;  // [class][column]
    AlignedVector<float> output_;  // [tag][column]
    std::vector<float> output_bias_;
    std::vector<Block> blocks_;
};

}  // namespace

std::unique_ptr<Network> make_cnn(const NeuralTensors& tensors, Precision precision) {
    if (precision == Precision::kFloat32) return std::make_unique<Cnn<Float32>>(tensors);
    return std::make_unique<Cnn<Int16>>(tensors);
}

}  // namespace cws
