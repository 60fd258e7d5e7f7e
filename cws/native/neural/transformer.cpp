// The layers of a transformer over some windows at a time: linear layers over so many rows that what they write stays in
// the second-level cache, attention head by head of each window.
#include "neural/transformer.h"

#include <algorithm>
#include <cmath>

#include "neural/layers.h"
#include "neural/transformer_kernels.h"

namespace cws {
namespace {

constexpr int kBatchRows = 384;  // tokens at a time, if windows are not longer
constexpr int kChunkRows = 96;   // of linear layers; a multiple of the rows of a tile

template <class Number>
class TransformerOf : public TransformerNetwork {
public:
    TransformerOf(const TransformerTensors& tensors, uint32_t first, uint32_t last)
        : hidden_(tensors.hidden), heads_(tensors.heads), inner_(tensors.inner), first_(first), last_(last),
          epsilon_(tensors.epsilon), is_normed_before_(tensors.is_normed_before), tokens_(tensors.tokens),
          places_(tensors.places), embedding_norm_(norm(tensors.embedding_norm)),
          final_norm_(norm(tensors.final_norm)), output_bias_(tensors.output_bias, tensors.output_bias + kTagCount),
          output_(tensors.output_weights, tensors.output_weights + kTagCount * hidden_) {
        if (tensors.join) features_ = std::make_unique<Features>(tensors);
        if (tensors.type) type_.assign(tensors.type, tensors.type + hidden_);
        for (const TransformerTensors::Layer& one : tensors.layers) layers_.push_back(layer(one));
        if (tensors.rope > 0) set_angles(tensors.rope, tensors.longest + 2);
    }

    std::unique_ptr<WindowEncoder> encoder() const override { return std::make_unique<Encoder>(*this); }

private:
    using Input = typename Number::Input;

    struct Linear {
        PackedWeights<Number> weights;
        AlignedVector<float> bias;
    };
    struct Norm {
        AlignedVector<float> weights, bias;  // empty: none
    };
    // What is added to the vector of a character's token.
    struct Features {
        explicit Features(const TransformerTensors& from)
            : inputs(from.features), join(inputs.depth(), from.hidden, kPanel, [&](int k, int column) {
                  return row(from, column)[k] * inputs.largest(k);
              }) {
            for (int column = 0; column < from.hidden; ++column) {
                double sum = 0;
                for (int k = 0; k < from.features.features(); ++k)
                    sum += double(row(from, column)[k]) * double(from.features.standard[k]);
                standard.push_back(float(sum));
            }
        }
        static const float* row(const TransformerTensors& from, int column) {
            return from.join + size_t(column) * size_t(from.features.features());
        }
        FeatureInputs<Number> inputs;
        PackedWeights<Number> join;
        AlignedVector<float> standard;
    };
    struct Layer {
        Linear attention, attention_output, intermediate, output;
        Norm attention_norm, inner_norm;
        bool is_gated;
    };

    class Encoder : public WindowEncoder {
    public:
        explicit Encoder(const TransformerOf& network) : net_(network), kernels_(transformer_kernels()) {
            const int largest = std::max(net_.hidden_, net_.inner_);
            normed_.resize(size_t(kChunkRows * net_.hidden_));
            grown_.resize(size_t(kChunkRows * net_.inner_));
            inputs_.resize(size_t(kChunkRows * largest));
            scales_.resize(kChunkRows);
        }

        void encode(const std::vector<Window>& windows) override {
            for (auto first = windows.begin(), last = first; first != windows.end(); first = last) {
                int rows = 0;
                for (; last != windows.end() && (rows == 0 || rows + last->count + 2 <= kBatchRows); ++last)
                    rows += last->count + 2;
                run(&*first, &*first + (last - first), rows);
            }
        }

    private:
        void run(const Window* begin, const Window* end, int rows) {
            reserve(size_t(rows));
            embed(begin, end);
            if (net_.features_) add_features(begin, end, rows);
            normalize(net_.embedding_norm_, x_.data(), rows, x_.data());
            for (const Layer& layer : net_.layers_) {
                for_each_chunk(rows, [&](int row, int count) { ask(layer, row, count); });
                int row = 0;
                for (const Window* window = begin; window != end; row += window++->count + 2) attend(row, window->count + 2);
                for_each_chunk(rows, [&](int first, int count) { answer(layer, first, count); });
            }
            if (!net_.final_norm_.weights.empty()) normalize(net_.final_norm_, x_.data(), rows, x_.data());
            put_out(begin, end);
        }

        void reserve(size_t rows) {
            const size_t hidden = size_t(net_.hidden_);
            if (x_.size() >= rows * hidden) return;
            x_.resize(rows * hidden);
            attention_.resize(rows * 3 * hidden);
            mixed_.resize(rows * hidden);
        }

        void embed(const Window* begin, const Window* end) {
            float* x = x_.data();
            const auto put = [&](uint32_t token, int place) {
                std::copy_n(net_.tokens_ + size_t(token) * size_t(net_.hidden_), net_.hidden_, x);
                if (net_.places_) kernels_.add_rows(net_.places_ + size_t(place) * size_t(net_.hidden_), net_.hidden_, x);
                if (!net_.type_.empty()) kernels_.add_rows(net_.type_.data(), net_.hidden_, x);
                x += net_.hidden_;
            };
            for (const Window* window = begin; window != end; ++window) {
                put(net_.first_, 0);
                for (int i = 0; i < window->count; ++i) put(window->tokens[i], i + 1);
                put(net_.last_, window->count + 1);
            }
        }

        void add_features(const Window* begin, const Window* end, int rows) {
            const Features& features = *net_.features_;
            const size_t depth = size_t(features.inputs.depth());
            known_.assign(size_t(rows) * depth, Input(0));  // the tokens around a window have none
            known_rows_.resize(size_t(rows));
            sums_.resize(size_t(rows));
            for (int row = 0; row < rows; ++row) {
                known_rows_[size_t(row)] = known_.data() + size_t(row) * depth;
                sums_[size_t(row)] = x(row);
            }
            int row = 1;
            for (const Window* window = begin; window != end; row += window++->count + 2)
                for (int i = 0; i < window->count; ++i) {
                    features.inputs.copy(window->pairs + i, window->lexicon[i], known_.data() + size_t(row + i) * depth);
                    kernels_.add_rows(features.standard.data(), net_.hidden_, x(row + i));
                }
            neural_kernels().of(Number()).project(
                {features.join.view(), known_rows_.data(), sums_.data(), rows, x_.data()});
        }

        template <class Work>
        static void for_each_chunk(int rows, Work work) {
            for (int row = 0; row < rows; row += kChunkRows) work(row, std::min(kChunkRows, rows - row));
        }

        float* x(int row) { return x_.data() + size_t(row) * size_t(net_.hidden_); }

        // Queries, keys and values of rows.
        void ask(const Layer& layer, int row, int rows) {
            const float* from = x(row);
            if (net_.is_normed_before_ && !layer.attention_norm.weights.empty())
                from = normalize(layer.attention_norm, from, rows, normed_.data());
            const int width = 3 * net_.hidden_;
            numbers().write(product(layer.attention, from, rows, net_.hidden_,
                                    attention_.data() + size_t(row) * size_t(width), width));
        }

        void attend(int row, int length) {
            const int hidden = net_.hidden_, width = 3 * hidden, size = hidden / net_.heads_;
            const size_t padded = size_t(round_up(length, kPanel));
            keys_.resize(padded * size_t(size));
            values_.resize(size_t(length * size));
            scores_.resize(kAttentionRows * padded);
            float* const from = attention_.data() + size_t(row) * size_t(width);
            if (!net_.cosines_.empty())
                for (int place = 0; place < length; ++place) {
                    const size_t angles = size_t(place * size / 2);
                    kernels_.rotate(from + place * width, 2 * net_.heads_, size, net_.cosines_.data() + angles,
                                    net_.sines_.data() + angles);
                }
            for (int head = 0; head < net_.heads_; ++head) {
                float* const queries = from + head * size;
                pack_keys(queries + hidden, length, size);
                pack_values(queries + 2 * hidden, length, size);
                kernels_.attend({queries, keys_.data(), values_.data(), length, size, width, scores_.data(),
                                 mixed_.data() + size_t(row * hidden + head * size), hidden});
            }
        }

        void pack_keys(const float* from, int length, int size) {
            const int width = 3 * net_.hidden_;
            std::fill(keys_.end() - kPanel * size, keys_.end(), 0.0f);
            for (int place = 0; place < length; ++place, from += width) {
                float* const to = keys_.data() + place / kPanel * kPanel * size + place % kPanel;
                for (int i = 0; i < size; ++i) to[i * kPanel] = from[i];
            }
        }

        void pack_values(const float* from, int length, int size) {
            const int width = 3 * net_.hidden_;
            for (int place = 0; place < length; ++place, from += width)
                for (int i = 0; i < size; i += kPanel)
                    std::copy_n(from + i, kPanel, values_.data() + i * length + place * kPanel);
        }

        // What attention adds to rows, and the inner layers.
        void answer(const Layer& layer, int row, int rows) {
            float* const to = x(row);
            const int hidden = net_.hidden_, inner = net_.inner_;
            numbers().add(product(layer.attention_output, mixed_.data() + size_t(row * hidden), rows, hidden, to, hidden));
            if (!net_.is_normed_before_) normalize(layer.attention_norm, to, rows, to);
            const float* from = to;
            if (net_.is_normed_before_) from = normalize(layer.inner_norm, from, rows, normed_.data());
            const auto activate = layer.is_gated ? numbers().gated : numbers().gelu;
            activate(product(layer.intermediate, from, rows, hidden, grown_.data(), inner));
            numbers().add(product(layer.output, grown_.data(), rows, inner, to, hidden));
            if (!net_.is_normed_before_) normalize(layer.inner_norm, to, rows, to);
        }

        const LinearKernels<Number>& numbers() const { return kernels_.of(Number()); }

        LinearRows<Number> product(const Linear& linear, const float* from, int rows, int depth, float* to, int stride) {
            const Input* inputs;
            if constexpr (Number::kStep == 1) {
                inputs = from;
            } else {
                numbers().convert(from, rows, depth, inputs_.data(), scales_.data());
                inputs = inputs_.data();
            }
            return {linear.weights.view(), linear.bias.data(), inputs, scales_.data(), rows, to, stride};
        }

        const float* normalize(const Norm& norm, const float* from, int rows, float* to) {
            kernels_.normalize(from, rows, net_.hidden_, norm.weights.data(),
                               norm.bias.empty() ? nullptr : norm.bias.data(), net_.epsilon_, to);
            return to;
        }

        void put_out(const Window* begin, const Window* end) {
            int row = 1;
            for (const Window* window = begin; window != end; row += window++->count + 2)
                for (int i = window->first; i < window->last; ++i) {
                    float* const tags = window->emissions + kTagCount * i;
                    std::copy_n(net_.output_bias_.data(), kTagCount, tags);
                    neural_kernels().add_output(x(row + i), net_.output_.data(), net_.hidden_, tags);
                }
        }

        const TransformerOf& net_;
        const TransformerKernels& kernels_;
        AlignedVector<float> x_, attention_, mixed_;    // of a batch: (rows, hidden), (rows, 3 hidden), (rows, hidden)
        AlignedVector<float> normed_, grown_, scales_;  // of a chunk
        AlignedVector<Input> inputs_;
        AlignedVector<float> keys_, values_, scores_;   // of a head
        AlignedVector<Input> known_;                    // of a batch: what is known of its characters
        std::vector<const Input*> known_rows_;
        std::vector<const float*> sums_;
    };

    static Norm norm(const TransformerTensors::Norm& from, int size) {
        Norm result;
        if (from.weights) result.weights.assign(from.weights, from.weights + size);
        if (from.bias) result.bias.assign(from.bias, from.bias + size);
        return result;
    }
    Norm norm(const TransformerTensors::Norm& from) const { return norm(from, hidden_); }

    // part(column): the layer that the column is of, its row there, and what its numbers are multiplied by.
    struct Part {
        const TransformerTensors::Linear& linear;
        int row;
        float factor = 1;
    };
    template <class PartOf>
    static Linear linear(int depth, int columns, PartOf part_of) {
        AlignedVector<float> bias(size_t(columns), 0.0f);
        for (int column = 0; column < columns; ++column)
            if (const Part part = part_of(column); part.linear.bias)
                bias[size_t(column)] = part.linear.bias[part.row] * part.factor;
        const auto weight = [&](int k, int column) {
            const Part part = part_of(column);
            return part.linear.weights[size_t(part.row) * size_t(depth) + size_t(k)] * part.factor;
        };
        return {{depth, columns, kPanel, weight, InputBound::kRow}, std::move(bias)};
    }
    static Linear linear(int depth, int columns, const TransformerTensors::Linear& from) {
        return linear(depth, columns, [&](int column) { return Part{from, column}; });
    }

    Layer layer(const TransformerTensors::Layer& from) const {
        const float scale = 1 / std::sqrt(float(hidden_ / heads_));
        const auto attention = [&](int column) {
            const TransformerTensors::Linear* const parts[] = {&from.query, &from.key, &from.value};
            return Part{*parts[column / hidden_], column % hidden_, column < hidden_ ? scale : 1};
        };
        const bool is_gated = from.gate.weights;
        const auto gated = [&](int column) {
            const bool is_gate = column % kPanel >= kVector;
            return Part{is_gate ? from.gate : from.intermediate, column / kPanel * kVector + column % kVector};
        };
        return {linear(hidden_, 3 * hidden_, attention),
                linear(hidden_, hidden_, from.attention_output),
                is_gated ? linear(hidden_, 2 * inner_, gated) : linear(hidden_, inner_, from.intermediate),
                linear(inner_, hidden_, from.output),
                norm(from.attention_norm),
                norm(from.inner_norm),
                is_gated};
    }

    // Of each place and each pair of numbers of a head, rounded as PyTorch does.
    void set_angles(float base, int places) {
        const int half = hidden_ / heads_ / 2;
        for (int place = 0; place < places; ++place)
            for (int i = 0; i < half; ++i) {
                const float frequency = 1 / std::pow(base, float(2 * i) / float(2 * half));
                const float angle = float(place) * frequency;
                cosines_.push_back(std::cos(angle));
                sines_.push_back(std::sin(angle));
            }
    }

    int hidden_, heads_, inner_;
    uint32_t first_, last_;
    float epsilon_;
    bool is_normed_before_;
    const float *tokens_, *places_;
    Norm embedding_norm_, final_norm_;
    std::vector<float> output_bias_;
    AlignedVector<float> output_, type_, cosines_, sines_;
    std::vector<Layer> layers_;
    std::unique_ptr<Features> features_;
};

}  // namespace

std::unique_ptr<TransformerNetwork> make_transformer(const TransformerTensors& tensors, uint32_t first, uint32_t last,
                                                     Precision precision) {
    if (precision == Precision::kFloat32) return std::make_unique<TransformerOf<Float32>>(tensors, first, last);
    return std::make_unique<TransformerOf<Int16>>(tensors, first, last);
}

}  // namespace cws
