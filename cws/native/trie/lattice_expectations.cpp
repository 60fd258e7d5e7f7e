#include "trie/lattice_expectations.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/parallel.h"

namespace cws {
namespace {

constexpr double kNone = -std::numeric_limits<double>::infinity();

double add_logs(double a, double b) {
    if (a < b) std::swap(a, b);
    return b == kNone ? a : a + std::log1p(std::exp(b - a));
}

}  // namespace

std::vector<size_t> blocks_of_lines(const uint32_t* text, size_t size, size_t blocks) {
    std::vector<size_t> begins{0};
    for (size_t block = 1; block < blocks; ++block) {
        const size_t from = std::max(begins.back(), size * block / blocks);
        const uint32_t* const feed = std::find(text + from, text + size, uint32_t{'\n'});
        begins.push_back(feed == text + size ? size : size_t(feed - text) + 1);
    }
    begins.push_back(size);
    return begins;
}

TextLattice::TextLattice(const Trie& trie, std::vector<uint32_t> lengths, const uint32_t* text, size_t size, int threads)
    : threads_(threads), lengths_(std::move(lengths)) {
    constexpr size_t kAhead = 12;  // places: slots far from the cache are asked for early
    const auto alone = uint32_t(lengths_.size());
    lengths_.push_back(1);
    const std::vector<size_t> begins = blocks_of_lines(text, size, kBlocks);
    for_each_block(kBlocks, threads, [&] {
        return [&, classes = std::vector<uint32_t>()](size_t number) mutable {
            Block& block = blocks_[number];
            const uint32_t* const codes = text + begins[number];
            const size_t end = begins[number + 1] - begins[number];
            classes.assign(end + kAhead + 2, kNoClass);
            for (size_t i = 0; i < end; ++i) classes[i] = codes[i] == '\n' ? kNoClass : trie.class_of(codes[i]);
            block.edges.reserve(2 * end);
            size_t line = 0;
            for (size_t begin = 0; begin < end; ++begin) {
                if (codes[begin] == '\n') {
                    block.lines.push_back(uint32_t(begin - line));
                    line = begin + 1;
                    continue;
                }
                const uint32_t ahead = trie.nodes[kRoot].base + classes[begin + kAhead];
                __builtin_prefetch(trie.nodes + trie.nodes[ahead].base + classes[begin + kAhead + 1]);
                const size_t before = block.edges.size();
                for (uint32_t at = uint32_t(begin), node = kRoot; (node = trie.child(node, classes[at])) != kNoNode; ++at)
                    if (Trie::is_word(trie.nodes[node].weight)) block.edges.push_back(uint32_t(trie.nodes[node].weight));
                if (block.edges.size() == before) block.edges.push_back(alone);
                block.edges.back() |= kLast;
            }
            block.lines.push_back(uint32_t(end - line));
        };
    });
}

class TextLattice::Counter {
public:
    // weights: of each edge; a copy of them as probabilities.
    Counter(const std::vector<uint32_t>& lengths, const std::vector<double>& weights,
            const std::vector<double>& probabilities)
        : lengths_(lengths.data()), weights_(weights.data()), probabilities_(probabilities.data()) {
        result_.counts.resize(weights.size());
    }

    Expectations count(const Block& block) {
        const uint32_t* edges = block.edges.data();
        for (const uint32_t size : block.lines) edges = count_line(edges, size);
        return std::move(result_);
    }

private:
    struct Sums {  // of the paths to a place, and from it
        double forward, backward;
    };
    const uint32_t* lengths_;
    const double *weights_, *probabilities_;
    Expectations result_;
    std::vector<Sums> sums_;

    // Returns where the edges of the next line begin.
    const uint32_t* count_line(const uint32_t* const edges, size_t size) {
        constexpr double kLeast = 1e-250;  // sums of products below lose their last bits
        if (size == 0) return edges;
        sums_.assign(size + 1, {0.0, 0.0});
        Sums* const sums = sums_.data();
        sums[0].forward = sums[size].backward = 1;
        const uint32_t* edge = edges;
        for (size_t begin = 0; begin < size; ++begin) {
            const double before = sums[begin].forward;
            for (bool is_last = false; !is_last; ++edge) {
                const uint32_t word = *edge & ~kLast;
                is_last = *edge >= kLast;
                sums[begin + lengths_[word]].forward += before * probabilities_[word];
            }
        }
        const uint32_t* const end = edge;
        const double total = sums[size].forward;
        if (!(total > kLeast)) return count_line_by_logs(edges, end, size);
        for (size_t begin = size; edge-- > edges;) {
            const uint32_t word = *edge & ~kLast;
            begin -= *edge >= kLast;
            const double path = probabilities_[word] * sums[begin + lengths_[word]].backward;
            sums[begin].backward += path;
            result_.counts[word] += sums[begin].forward * path / total;
        }
        result_.log_probability += std::log(total);
        result_.characters += double(size);
        return end;
    }

    // The same for lines of any length.
    const uint32_t* count_line_by_logs(const uint32_t* const edges, const uint32_t* const end, size_t size) {
        std::vector<double> forward(size + 1, kNone), backward(size + 1, kNone);
        forward[0] = backward[size] = 0;
        size_t begin = 0;
        for (const uint32_t* edge = edges; edge < end; begin += *edge++ >= kLast) {
            const uint32_t word = *edge & ~kLast;
            double& there = forward[begin + lengths_[word]];
            there = add_logs(there, forward[begin] + weights_[word]);
        }
        const double total = forward[size];
        for (const uint32_t* edge = end; edge-- > edges;) {
            begin -= *edge >= kLast;
            const uint32_t word = *edge & ~kLast;
            const double path = weights_[word] + backward[begin + lengths_[word]];
            backward[begin] = add_logs(backward[begin], path);
            result_.counts[word] += std::exp(forward[begin] + path - total);
        }
        result_.log_probability += total;
        result_.characters += double(size);
        return end;
    }
};

Expectations TextLattice::expect(const double* weights, double unknown) const {
    std::vector<double> logs(weights, weights + lengths_.size() - 1), probabilities;
    logs.push_back(unknown);
    for (const double log : logs) probabilities.push_back(std::exp(log));
    Expectations parts[kBlocks];
    for_each_block(kBlocks, threads_, [&] {
        return [&](size_t block) { parts[block] = Counter(lengths_, logs, probabilities).count(blocks_[block]); };
    });
    Expectations sum = std::move(parts[0]);
    for (size_t block = 1; block < kBlocks; ++block) {
        for (size_t word = 0; word < sum.counts.size(); ++word) sum.counts[word] += parts[block].counts[word];
        sum.log_probability += parts[block].log_probability;
        sum.characters += parts[block].characters;
    }
    sum.counts.pop_back();
    return sum;
}

}  // namespace cws
