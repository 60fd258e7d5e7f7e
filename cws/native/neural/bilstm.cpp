// A long short-term memory forwards and one backwards, sequences of like length in step, so that weights are read once
// for all of them. A step's inputs are the features of each sequence's character and what the cells gave before.
#include <algorithm>
#include <numeric>

#include "neural/layers.h"

namespace cws {
namespace {

constexpr int kLanes = 24;  // sequences in step

template <class Number>
class BiLstm : public Network {
public:
    explicit BiLstm(const NeuralTensors& tensors)
        : features_(tensors), hidden_(round_up(tensors.hidden, kVector)),
          output_bias_(tensors.output_bias, tensors.output_bias + kTagCount) {
        for (size_t at = 0; at < 2; ++at) directions_.push_back(direction(tensors, tensors.lstm[at], at));
    }

    std::unique_ptr<cws::Encoder> encoder() const override { return std::make_unique<Encoder>(*this); }

private:
    using Input = typename Number::Input;

    struct Direction {
        PackedWeights<Number> weights;
        AlignedVector<float> table;   // [class][column]
        AlignedVector<float> output;  // [tag][cell]
    };

    class Encoder : public cws::Encoder {
    public:
        explicit Encoder(const BiLstm& network)
            : network_(network), kernels_(neural_kernels()), depth_(size_t(network.features_.depth() + network.hidden_)) {
            const size_t cells = size_t(kLanes * network.hidden_);
            cells_.resize(cells);
            hidden_.resize(cells);
            inputs_.resize(size_t(kLanes) * depth_);
            next_.resize(size_t(kLanes) * depth_);
        }

        void encode(const EncoderBlock& block) override {
            for (const Region& sequence : block.sequences)
                for (int i = sequence.begin; i < sequence.end; ++i)
                    std::copy_n(network_.output_bias_.data(), kTagCount, block.emissions + kTagCount * i);
            order_ = block.sequences;
            std::stable_sort(order_.begin(), order_.end(), [](const Region& a, const Region& b) {
                return a.end - a.begin > b.end - b.begin;
            });
            for (const bool is_backwards : {false, true})
                for (size_t at = 0; at < order_.size(); at += kLanes)
                    run(block, order_.data() + at, int(std::min<size_t>(kLanes, order_.size() - at)), is_backwards);
        }

    private:
        void run(const EncoderBlock& block, const Region* sequences, int count, bool is_backwards) {
            const Direction& direction = network_.directions_[is_backwards];
            const Weights<Number> weights = direction.weights.view();
            const int fed = network_.features_.depth();
            std::fill(cells_.begin(), cells_.end(), 0.0f);
            std::fill(inputs_.begin(), inputs_.end(), Input(0));
            const auto place = [&](int row, int step) {
                return is_backwards ? sequences[row].end - 1 - step : sequences[row].begin + step;
            };
            for (int step = 0; step < sequences[0].end - sequences[0].begin; ++step) {
                while (sequences[count - 1].end - sequences[count - 1].begin <= step) --count;
                for (int row = 0; row < count; ++row) {
                    const int i = place(row, step);
                    network_.features_.copy(block.pairs + i, block.lexicon[i], inputs_.data() + size_t(row) * depth_);
                    biases_[row] = direction.table.data() + size_t(block.codes[i]) * size_t(weights.columns);
                    const bool is_last = sequences[row].end - sequences[row].begin == step + 1;
                    if (!is_last) network_.features_.prefetch(block, is_backwards ? i - 1 : i + 2);
                }
                kernels_.of(Number()).lstm({weights, inputs_.data(), biases_, count, cells_.data(), hidden_.data(),
                                            next_.data() + fed});
                for (int row = 0; row < count; ++row)
                    kernels_.add_output(hidden_.data() + size_t(row * network_.hidden_), direction.output.data(),
                                        network_.hidden_, block.emissions + kTagCount * place(row, step));
                inputs_.swap(next_);
            }
        }

        const BiLstm& network_;
        const NeuralKernels& kernels_;
        size_t depth_;
        AlignedVector<float> cells_, hidden_;
        AlignedVector<Input> inputs_, next_;
        const float* biases_[kLanes];
        std::vector<Region> order_;
    };

    // Columns: the four gates of kVector cells, then those of the next.
    Direction direction(const NeuralTensors& tensors, const NeuralTensors::Direction& from, size_t at) const {
        const int columns = kGates * hidden_, fed = features_.depth(), size = tensors.hidden;
        const auto cell = [](int column) { return column / kGatePanel * kVector + column % kVector; };
        const auto row = [&](int column) { return size_t(column % kGatePanel / kVector * size + cell(column)); };
        const auto features = [&](int column) {
            return cell(column) < size ? from.input_weights + row(column) * size_t(tensors.features()) : nullptr;
        };
        const auto weight = [&](int k, int column) {
            if (cell(column) >= size || k - fed >= size) return 0.0f;
            if (k < fed) return features(column)[tensors.character_size + k] * features_.largest(k);
            return from.hidden_weights[row(column) * size_t(size) + size_t(k - fed)];
        };
        const auto bias = [&](int column) { return from.input_bias[row(column)] + from.hidden_bias[row(column)]; };
        AlignedVector<float> output(size_t(kTagCount * hidden_));
        for (size_t tag = 0; tag < kTagCount; ++tag)
            std::copy_n(tensors.output_weights + (2 * tag + at) * size_t(size), size,
                        output.begin() + int64_t(tag) * hidden_);
        return {{fed + hidden_, columns, kGatePanel, weight}, character_table(tensors, columns, features, bias), output};
    }

    FeatureInputs<Number> features_;
    int hidden_;  // cells, of each direction
    std::vector<float> output_bias_;
    std::vector<Direction> directions_;
};

}  // namespace

std::unique_ptr<Network> make_bilstm(const NeuralTensors& tensors, Precision precision) {
    if (precision == Precision::kFloat32) return std::make_unique<BiLstm<Float32>>(tensors);
    return std::make_unique<BiLstm<Int16>>(tensors);
}

}  // namespace cws
