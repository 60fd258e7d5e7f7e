#include "lexicon_words.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lattice.h"
#include "parallel.h"

namespace cws {
namespace {

constexpr size_t kBlocks = 8;  // fixed: sums are then added in the same order whatever the threads
constexpr double kNone = -std::numeric_limits<double>::infinity();

double add_logs(double a, double b) {
    if (a < b) std::swap(a, b);
    return b == kNone ? a : a + std::log1p(std::exp(b - a));
}

// The trie with probabilities in place of their logs.
std::vector<TrieNode> exponentials(const Trie& trie) {
    std::vector<TrieNode> nodes(trie.nodes, trie.nodes + trie.node_count);
    for (TrieNode& node : nodes)
        if (Trie::is_word(node.weight)) node.weight = std::exp(node.weight);
    return nodes;
}

class Counter {
public:
    // probabilities: of the words of the trie; nullptr if only best paths are asked for.
    Counter(const Trie& trie, const TrieNode* probabilities, double unknown, Expectations& result)
        : trie_(trie), probabilities_(trie), unknown_(unknown), result_(result) {
        probabilities_.nodes = probabilities;
    }

    void all_paths(const uint32_t* text, size_t size) {
        constexpr double kLeast = 1e-250;  // sums of products below lose their last bits
        find_classes(text, size);
        sums_.assign(size + 1, {0.0, 0.0});
        Sums* const sums = sums_.data();
        sums[0].forward = sums[size].backward = 1;
        const double unknown = std::exp(unknown_);
        edges_.clear();
        for (uint32_t begin = 0; begin < size; ++begin) {
            add_edges(probabilities_, unknown, uint32_t(size), begin);
            const double before = sums[begin].forward;
            for (size_t i = first_; i < edges_.size(); ++i) sums[edges_[i].end].forward += before * edges_[i].weight;
        }
        const double total = sums[size].forward;
        if (!(total > kLeast)) return all_paths_by_logs(size);
        for (size_t i = edges_.size(); i-- > 0;) {
            const Edge& edge = edges_[i];
            const double path = edge.weight * sums[edge.end].backward;
            sums[edge.begin].backward += path;
            if (edge.node != kNoNode) result_.counts[edge.node] += sums[edge.begin].forward * path / total;
        }
        result_.log_probability += std::log(total);
        result_.characters += double(size);
    }

    // The same for runs of any length.
    void all_paths_by_logs(size_t size) {
        std::vector<double> forward(size + 1, kNone), backward(size + 1, kNone);
        edges_.clear();
        forward[0] = backward[size] = 0;
        for (uint32_t begin = 0; begin < size; ++begin) {
            add_edges(trie_, unknown_, uint32_t(size), begin);
            for (size_t i = first_; i < edges_.size(); ++i)
                forward[edges_[i].end] = add_logs(forward[edges_[i].end], forward[begin] + edges_[i].weight);
        }
        const double total = forward[size];
        for (size_t i = edges_.size(); i-- > 0;) {
            const Edge& edge = edges_[i];
            const double path = edge.weight + backward[edge.end];
            backward[edge.begin] = add_logs(backward[edge.begin], path);
            if (edge.node != kNoNode) result_.counts[edge.node] += std::exp(forward[edge.begin] + path - total);
        }
        result_.log_probability += total;
        result_.characters += double(size);
    }

    void best_path(const uint32_t* text, size_t size) {
        scores_.resize(size + 1);
        ends_.resize(size);
        find_classes(text, size);
        cws::best_path(trie_, classes_.data(), size, 0.0, unknown_, scores_.data(), ends_.data());
        for (size_t at = 0; at < size; at = ends_[at]) {
            const uint32_t node = trie_.find(text + at, ends_[at] - at);
            if (node != kNoNode && Trie::is_word(trie_.nodes[node].weight)) result_.counts[node] += 1;
        }
        result_.log_probability += scores_[0];
        result_.characters += double(size);
    }

private:
    struct Edge {
        uint32_t begin, end, node;
        double weight;
    };
    struct Sums {  // of the paths to a place, and from it
        double forward, backward;
    };

    void find_classes(const uint32_t* text, size_t size) {
        classes_.resize(size + 1);
        for (size_t i = 0; i < size; ++i) classes_[i] = trie_.class_of(text[i]);
        classes_[size] = kNoClass;
    }

    void add_edges(const Trie& trie, double unknown, uint32_t size, uint32_t begin) {
        first_ = edges_.size();
        uint32_t node = kRoot;
        for (uint32_t end = begin; end < size; ++end) {
            if (classes_[end] == kNoClass || (node = trie.child(node, classes_[end])) == kNoNode) break;
            if (Trie::is_word(trie.nodes[node].weight)) edges_.push_back({begin, end + 1, node, trie.nodes[node].weight});
        }
        if (edges_.size() == first_) edges_.push_back({begin, begin + 1, kNoNode, unknown});
    }

    const Trie& trie_;
    Trie probabilities_;
    double unknown_;
    Expectations& result_;
    size_t first_ = 0;
    std::vector<Edge> edges_;
    std::vector<Sums> sums_;
    std::vector<double> scores_;
    std::vector<uint32_t> classes_, ends_;
};

}  // namespace

Expectations expect_words(const Trie& trie, const uint32_t* text, size_t size, double unknown, bool all_paths,
                          int threads) {
    std::vector<size_t> begins{0};
    for (size_t block = 1; block < kBlocks; ++block) {
        const size_t from = std::max(begins.back(), size * block / kBlocks);
        const uint32_t* const feed = std::find(text + from, text + size, uint32_t{'\n'});
        begins.push_back(feed == text + size ? size : size_t(feed - text) + 1);
    }
    begins.push_back(size);
    std::vector<Expectations> parts(kBlocks);
    const std::vector<TrieNode> probabilities = all_paths ? exponentials(trie) : std::vector<TrieNode>();
    for_each_block(kBlocks, threads, [&] {
        return [&](size_t block) {
            parts[block].counts.resize(trie.node_count);
            Counter counter(trie, probabilities.data(), unknown, parts[block]);
            for (size_t begin = begins[block]; begin < begins[block + 1];) {
                const uint32_t* const stop = text + begins[block + 1];
                const size_t length = size_t(std::find(text + begin, stop, uint32_t{'\n'}) - (text + begin));
                if (length && all_paths) counter.all_paths(text + begin, length);
                if (length && !all_paths) counter.best_path(text + begin, length);
                begin += length + 1;
            }
        };
    });
    Expectations sum = std::move(parts[0]);
    for (size_t block = 1; block < kBlocks; ++block) {
        for (size_t node = 0; node < trie.node_count; ++node) sum.counts[node] += parts[block].counts[node];
        sum.log_probability += parts[block].log_probability;
        sum.characters += parts[block].characters;
    }
    return sum;
}

void join_words(const Trie& trie, const uint32_t* text, size_t size, uint8_t* joined) {
    std::fill_n(joined, size, uint8_t{0});
    for (size_t begin = 0, covered = 0; begin < size; ++begin) {
        uint32_t node = kRoot;
        for (size_t at = begin; at < size; ++at) {
            const uint32_t c = trie.class_of(text[at]);
            if (c == kNoClass || (node = trie.child(node, c)) == kNoNode) break;
            if (Trie::is_word(trie.nodes[node].weight)) covered = std::max(covered, at);
        }
        joined[begin] = begin < covered;
    }
}

}  // namespace cws
