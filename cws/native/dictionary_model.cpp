#include "dictionary_model.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "characters.h"
#include "lattice.h"

namespace cws {
namespace {

// All that this model needs to know of characters: which are white space.
const std::array<uint16_t, kBmp>& separator_classes() {
    static const std::array<uint16_t, kBmp> classes = [] {
        std::array<uint16_t, kBmp> made{};
        for (uint32_t code = 0; code < kBmp; ++code) made[code] = is_separator(code) ? kSeparator : kUnknown;
        return made;
    }();
    return classes;
}

class LatticeDecoder : public Decoder {
public:
    explicit LatticeDecoder(const DictionaryModel& model) : model_(model) {}

    void score(const uint16_t* codes, const uint32_t* characters, int count) override {
        for (int i = 0; i < count; ++i)
            classes_[i] = codes[i] == kEdge ? kNoClass : model_.trie.class_of(characters[i]);
    }

    void word_ends(int begin, int count, uint8_t* word_ends) override {
        best_path(model_.trie, classes_ + begin, size_t(count), 0.0, model_.unknown, scores_, ends_);
        mark(0, count, word_ends);
    }

    void reword(int begin, int count, Region region, const uint8_t* boundaries, const std::vector<EntryMatch>& matches,
                uint8_t* word_ends) override;
    double score_words(int begin, int count, const std::vector<EntryMatch>& matches, const uint8_t* word_ends) override {
        return score_region(classes_ + begin, {0, count}, matches, word_ends);
    }
    std::vector<ScoredWordEnds> nbest(int begin, int count, int n) override;
    void read(int begin, int count) override;
    double word_probability(int first, int last) const override;
    std::vector<float> emissions(int, int) const override { return {}; }  // a lattice has none

private:
    // Calls use(end, weight) for each edge that begins at `at`, of the words that end by `limit`; the shortest first.
    template <class Use>
    void for_each_word(const uint32_t* classes, int at, int limit, Use use) const {
        uint32_t node = kRoot;
        for (int end = at + 1; end <= limit; ++end) {
            node = model_.trie.child(node, classes[end - 1]);
            if (node == kNoNode) return;
            if (Trie::is_word(model_.trie.nodes[node].weight)) use(end, model_.trie.nodes[node].weight);
        }
    }
    template <class Use>
    void for_each_edge(const uint32_t* classes, int at, int count, Use use) const {
        bool is_any = false;
        for_each_word(classes, at, count, [&](int end, double weight) {
            is_any = true;
            use(end, weight);
        });
        if (!is_any) use(at + 1, model_.unknown);
    }

    // The score of characters as one word: of a listed word its weight, of any other what its best split scores.
    double word_score(const uint32_t* classes, int begin, int end) const;
    double score_region(const uint32_t* classes, Region region, const std::vector<EntryMatch>& matches,
                        const uint8_t* word_ends) const;
    void mark(int begin, int end, uint8_t* word_ends) const {
        std::fill(word_ends + begin, word_ends + end, uint8_t(0));
        for (int at = begin; at < end; at = int(ends_[at])) word_ends[ends_[at] - 1] = 1;
    }

    const DictionaryModel& model_;
    uint32_t classes_[kMaxCodes];
    double scores_[kMaxSequence + 1];
    uint32_t ends_[kMaxSequence];
    const uint32_t* read_ = nullptr;  // the classes of the sequence read, with the sums over paths to and from a place
    std::vector<double> before_, behind_;
};

double LatticeDecoder::word_score(const uint32_t* classes, int begin, int end) const {
    double listed = NAN;
    for_each_word(classes, begin, end, [&](int word_end, double weight) {
        if (word_end == end) listed = weight;
    });
    if (!std::isnan(listed)) return listed;
    if (end == begin + 1) return model_.unknown;
    std::vector<double> best(size_t(end - begin) + 1, -INFINITY);
    best.back() = 0;
    for (int at = end - 1; at >= begin; --at) {
        double& here = best[size_t(at - begin)];
        here = model_.unknown + best[size_t(at + 1 - begin)];
        for_each_word(classes, at, end, [&](int word_end, double weight) {
            here = std::max(here, weight + best[size_t(word_end - begin)]);
        });
    }
    return best.front();
}

double LatticeDecoder::score_region(const uint32_t* classes, Region region, const std::vector<EntryMatch>& matches,
                                    const uint8_t* word_ends) const {
    double sum = 0;
    auto match = matches.begin();
    for (int begin = region.begin, end; begin < region.end; begin = end) {
        for (end = begin + 1; !word_ends[end - 1];) ++end;
        sum += word_score(classes, begin, end);
        while (match != matches.end() && match->begin < begin) ++match;
        for (auto at = match; at != matches.end() && at->begin == begin; ++at)
            if (at->end == end) sum += at->weight;
    }
    return sum;
}

void LatticeDecoder::reword(int begin, int, Region region, const uint8_t* boundaries,
                            const std::vector<EntryMatch>& matches, uint8_t* word_ends) {
    const uint32_t* const classes = classes_ + begin;
    const uint8_t* const places = boundaries - region.begin;
    scores_[region.end] = 0;
    size_t next = matches.size();
    for (int at = region.end - 1; at >= region.begin; --at) {
        scores_[at] = -INFINITY;
        ends_[at] = uint32_t(at + 1);
        while (next > 0 && matches[next - 1].begin >= at) --next;
        if (places[at] == kNoBoundary) continue;
        int limit = at + 1;  // of a word from here: the next place where one must end
        while (limit < region.end && places[limit] != kBoundary) ++limit;
        const auto consider = [&](int end, double score) {
            if (places[end] == kNoBoundary || scores_[end] == -INFINITY) return;
            for (size_t i = next; i < matches.size() && matches[i].begin == at; ++i)
                if (matches[i].end == end) score += matches[i].weight;
            if (score + scores_[end] < scores_[at]) return;
            scores_[at] = score + scores_[end];
            ends_[at] = uint32_t(end);
        };
        if (places[at + 1] == kNoBoundary) {  // forced
            int end = at + 1;
            while (places[end] == kNoBoundary) ++end;
            consider(end, 0.0);
            continue;
        }
        consider(at + 1, word_score(classes, at, at + 1));
        for_each_word(classes, at, limit, [&](int end, double weight) {
            if (end > at + 1) consider(end, weight);
        });
        for (size_t i = next; i < matches.size() && matches[i].begin == at; ++i)
            if (matches[i].end <= limit && matches[i].end > at + 1) consider(matches[i].end, word_score(classes, at, matches[i].end));
    }
    bool is_allowed = true;
    for (int at = region.begin + 1; at < region.end; ++at)
        is_allowed &= places[at] == kFree || (places[at] == kBoundary) == bool(word_ends[at - 1]);
    if (is_allowed && score_region(classes, region, matches, word_ends) >= scores_[region.begin]) return;
    mark(region.begin, region.end, word_ends);
}

std::vector<ScoredWordEnds> LatticeDecoder::nbest(int begin, int count, int n) {
    struct Path {
        double score;
        int end;
        size_t rest;  // which of the paths from there
    };
    const uint32_t* const classes = classes_ + begin;
    std::vector<std::vector<Path>> paths(size_t(count) + 1);
    paths.back() = {{0.0, count, 0}};
    for (int at = count; at-- > 0;) {
        std::vector<Path>& here = paths[size_t(at)];
        for_each_edge(classes, at, count, [&](int end, double weight) {
            const std::vector<Path>& rest = paths[size_t(end)];
            for (size_t i = 0; i < rest.size(); ++i) here.push_back({weight + rest[i].score, end, i});
        });
        std::sort(here.begin(), here.end(), [](const Path& a, const Path& b) {
            return a.score != b.score ? a.score > b.score : a.end != b.end ? a.end > b.end : a.rest < b.rest;
        });
        if (here.size() > size_t(n)) here.resize(size_t(n));
    }
    std::vector<ScoredWordEnds> result;
    for (size_t rank = 0; rank < paths.front().size(); ++rank) {
        std::vector<uint8_t> word_ends(static_cast<size_t>(count));
        size_t at = 0;
        for (size_t i = rank; at < size_t(count);) {
            const Path& path = paths[at][i];
            at = size_t(path.end);
            i = path.rest;
            word_ends[at - 1] = 1;
        }
        result.push_back({paths.front()[rank].score, std::move(word_ends)});
    }
    return result;
}

double log_add(double a, double b) {
    if (a < b) std::swap(a, b);
    return b == -INFINITY ? a : a + std::log1p(std::exp(b - a));
}

void LatticeDecoder::read(int begin, int count) {
    read_ = classes_ + begin;
    before_.assign(size_t(count) + 1, -INFINITY);
    behind_.assign(size_t(count) + 1, -INFINITY);
    before_.front() = behind_.back() = 0;
    for (int at = 0; at < count; ++at)
        for_each_edge(read_, at, count, [&](int end, double weight) {
            before_[size_t(end)] = log_add(before_[size_t(end)], before_[size_t(at)] + weight);
        });
    for (int at = count; at-- > 0;)
        for_each_edge(read_, at, count, [&](int end, double weight) {
            behind_[size_t(at)] = log_add(behind_[size_t(at)], weight + behind_[size_t(end)]);
        });
}

double LatticeDecoder::word_probability(int first, int last) const {
    double sum = -INFINITY;
    for_each_edge(read_, first, int(before_.size()) - 1, [&](int end, double weight) {
        if (end == last + 1) sum = before_[size_t(first)] + weight + behind_[size_t(end)];
    });
    return std::min(1.0, std::exp(sum - behind_.front()));
}

}  // namespace

DictionaryModel::DictionaryModel() {
    classes = separator_classes().data();
    reads_characters = true;
}

std::unique_ptr<Decoder> DictionaryModel::decoder() const { return std::make_unique<LatticeDecoder>(*this); }

}  // namespace cws
