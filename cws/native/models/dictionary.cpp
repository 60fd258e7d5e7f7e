#include "models/dictionary.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/characters.h"
#include "trie/lattice.h"
#include "base/symbols.h"

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
        has_runs_ = has_cuts_ = false;
        for (int i = 0, end; i < count; i = end) {
            if (codes[i] == kEdge) {
                classes_[i] = kNoClass;
                is_inside_run_[i] = false;
                end = i + 1;
                continue;
            }
            end = model_.has_symbols ? read_symbol(codes, characters, i, count) : read_run(codes, characters, i, count);
            is_inside_run_[i] = false;
            std::fill(is_inside_run_ + i + 1, is_inside_run_ + end, true);
            has_runs_ |= end > i + 1;
        }
    }

    // A place where there is no boundary is as good as one inside a run.
    void constrain(int begin, int count, const uint8_t* places) override {
        if (!has_cuts_) std::fill(is_cut_, is_cut_ + kMaxCodes, false);
        has_cuts_ = has_runs_ = true;
        for (int at = 0; at + 1 < count; ++at) {
            if (places[at] == kFree) continue;
            is_cut_[begin + at] = places[at] == kBoundary;
            is_inside_run_[begin + at + 1] = places[at] == kNoBoundary;
        }
    }

    void word_ends(int begin, int count, uint8_t* word_ends) override {
        if (has_runs_) {
            best_path_of_runs(begin, count);
        } else {
            best_path(model_.trie, classes_ + begin, size_t(count), 0.0, model_.unknown, scores_, ends_);
        }
        mark(0, count, word_ends);
    }

    void resegment(int begin, int count, Region region, const uint8_t* boundaries, const std::vector<EntryMatch>& matches,
                uint8_t* word_ends) override;
    double score_words(int begin, int count, const std::vector<EntryMatch>& matches, const uint8_t* word_ends) override {
        return score_region(begin, {0, count}, matches, word_ends);
    }
    std::vector<ScoredWordEnds> nbest(int begin, int count, int n) override;
    void read(int begin, int count) override;
    double word_probability(int first, int last) const override;
    double span_probability(int first, int last) const override;
    void read_spans(int begin, int count, Region part) override;
    void span_scores(int first, const std::vector<int>& ends, double limit, std::vector<double>& scores) override;
    std::vector<float> emissions(int, int) const override { return {}; }  // a lattice has none

private:
    static constexpr uint32_t kInside = 0xFFFFFFFF;  // the class of all but the first character of a symbol or run

    // Set the classes of a symbol, or of a run of letters and digits, or of a character; return its end.
    int read_symbol(const uint16_t* codes, const uint32_t* characters, int at, int count);
    int read_run(const uint16_t* codes, const uint32_t* characters, int at, int count);

    // Calls use(end, weight) for each listed word of the sequence that begins at `at` and ends by `limit`, the shortest
    // first. No word takes a part of a run of letters and digits.
    template <class Use>
    void for_each_word(int begin, int at, int limit, Use use) const {
        uint32_t node = kRoot;
        for (int end = at + 1; end <= limit; ++end) {
            const uint32_t c = classes_[begin + end - 1];
            if (c != kInside) node = model_.trie.child(node, c);
            if (node == kNoNode) return;
            if (Trie::is_word(model_.trie.nodes[node].weight) && !(end < limit && is_inside_run_[begin + end]))
                use(end, model_.trie.nodes[node].weight);
            if (has_cuts_ && is_cut_[begin + end - 1]) return;
        }
    }
    template <class Use>
    void for_each_edge(int begin, int at, int count, Use use) const {
        if (is_inside_run_[begin + at] && at > 0) return;
        bool is_any = false;
        for_each_word(begin, at, count, [&](int end, double weight) {
            is_any = true;
            use(end, weight);
        });
        if (!is_any) use(symbol_end(begin, at, count), model_.unknown);
    }
    // The same as for a user's entries, which may cut a listed word: each character, or run, may also stand alone.
    template <class Use>
    void for_each_piece(int begin, int at, int limit, Use use) const {
        if (is_inside_run_[begin + at] && at > 0) return;
        const int symbol = symbol_end(begin, at, limit);
        use(symbol, word_score(begin, at, symbol));
        for_each_word(begin, at, limit, [&](int end, double weight) {
            if (end != symbol) use(end, weight);
        });
    }
    // The end of a character, or of the run of letters and digits that begins there.
    int symbol_end(int begin, int at, int limit) const {
        for (++at; at < limit && is_inside_run_[begin + at];) ++at;
        return at;
    }

    void best_path_of_runs(int begin, int count);
    // The score of characters as one word: of a listed word its weight, of any other what its best split scores.
    double word_score(int begin, int first, int end) const;
    double score_region(int begin, Region region, const std::vector<EntryMatch>& matches,
                        const uint8_t* word_ends) const;
    void mark(int begin, int end, uint8_t* word_ends) const {
        for (int at = begin; at < end; ++at) word_ends[at] = 0;
        for (int at = begin; at < end; at = int(ends_[at])) word_ends[ends_[at] - 1] = 1;
    }

    const DictionaryModel& model_;
    uint32_t classes_[kMaxCodes];
    bool is_inside_run_[kMaxCodes];  // of letters and digits: the character before belongs to it too
    bool is_cut_[kMaxCodes];         // whether a word ends after the character, whatever is listed
    bool has_runs_ = false, has_cuts_ = false;
    double scores_[kMaxSequence + 1];
    uint32_t ends_[kMaxSequence];
    int read_ = 0;  // where the sequence read begins, with the sums over paths to and from a place
    std::vector<double> before_, after_;
    int spans_begin_ = 0;  // the same of span_scores, with the best scores
    std::vector<double> best_to_, best_from_, reached_;
};

int LatticeDecoder::read_symbol(const uint16_t* codes, const uint32_t* characters, int at, int count) {
    const auto while_any = [&](int from, auto is_one) {
        while (from < count && codes[from] != kEdge && is_one(characters[from])) ++from;
        return from;
    };
    const uint32_t first = characters[at];
    int end = at + 1;
    uint32_t spelled = kNoClass;
    if (is_digit(first)) {
        spelled = model_.trie.class_of('0');
        end = while_any(end, is_digit);
        for (int more; end + 1 < count && codes[end] != kEdge && half_width(characters[end]) == '.' &&
                       (more = while_any(end + 1, is_digit)) > end + 1;)
            end = more;
        if (end < count && codes[end] != kEdge && half_width(characters[end]) == '%') ++end;
    } else if (is_latin(first)) {
        spelled = model_.trie.class_of('a');
        end = while_any(end, is_latin);
    } else if (is_han(first)) {
        if (is_numeral(first)) end = while_any(end, is_numeral);
        spelled = model_.trie.class_of(end > at + 1 ? '0' : first);
    } else {
        end = while_any(end, [&](uint32_t code) { return code == first; });
    }
    classes_[at] = spelled;
    std::fill(classes_ + at + 1, classes_ + end, kInside);
    return end;
}

int LatticeDecoder::read_run(const uint16_t* codes, const uint32_t* characters, int at, int count) {
    int end = at;
    do {
        classes_[end] = model_.trie.class_of(characters[end]);
        ++end;
    } while (end < count && codes[end] != kEdge && is_run_character(characters[end - 1]) &&
             is_run_character(characters[end]));
    return end;
}

void LatticeDecoder::best_path_of_runs(int begin, int count) {
    scores_[count] = 0;
    for (int at = count; at-- > 0;) {
        scores_[at] = -INFINITY;
        for_each_edge(begin, at, count, [&](int end, double weight) {
            if (weight + scores_[end] < scores_[at]) return;
            scores_[at] = weight + scores_[end];
            ends_[at] = uint32_t(end);
        });
    }
}

double LatticeDecoder::word_score(int begin, int first, int end) const {
    double listed = NAN;
    for_each_word(begin, first, end, [&](int word_end, double weight) {
        if (word_end == end) listed = weight;
    });
    if (!std::isnan(listed)) return listed;
    std::vector<double> best(size_t(end - first) + 1, -INFINITY);
    best.back() = 0;
    for (int at = end - 1; at >= first; --at) {
        double& here = best[size_t(at - first)];
        here = model_.unknown + best[size_t(symbol_end(begin, at, end) - first)];
        for_each_word(begin, at, end, [&](int word_end, double weight) {
            here = std::max(here, weight + best[size_t(word_end - first)]);
        });
    }
    return best.front();
}

double LatticeDecoder::score_region(int begin, Region region, const std::vector<EntryMatch>& matches,
                                    const uint8_t* word_ends) const {
    double sum = 0;
    auto match = matches.begin();
    for (int first = region.begin, end; first < region.end; first = end) {
        for (end = first + 1; !word_ends[end - 1];) ++end;
        sum += word_score(begin, first, end);
        while (match != matches.end() && match->begin < first) ++match;
        for (auto at = match; at != matches.end() && at->begin == first; ++at)
            if (at->end == end) sum += at->weight;
    }
    return sum;
}

void LatticeDecoder::resegment(int begin, int, Region region, const uint8_t* boundaries,
                            const std::vector<EntryMatch>& matches, uint8_t* word_ends) {
    const uint8_t* const places = boundaries - region.begin;
    scores_[region.end] = 0;
    size_t next = matches.size();
    for (int at = region.end - 1; at >= region.begin; --at) {
        scores_[at] = -INFINITY;
        ends_[at] = uint32_t(at + 1);
        while (next > 0 && matches[next - 1].begin >= at) --next;
        if (places[at] == kNoBoundary || (at > region.begin && is_inside_run_[begin + at])) continue;
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
        const int alone = symbol_end(begin, at, limit);
        consider(alone, word_score(begin, at, alone));
        for_each_word(begin, at, limit, [&](int end, double weight) {
            if (end != alone) consider(end, weight);
        });
        for (size_t i = next; i < matches.size() && matches[i].begin == at; ++i)
            if (const int end = matches[i].end; end <= limit && end != alone) consider(end, word_score(begin, at, end));
    }
    bool is_allowed = true;
    for (int at = region.begin + 1; at < region.end; ++at)
        is_allowed &= places[at] == kFree || (places[at] == kBoundary) == bool(word_ends[at - 1]);
    if (is_allowed && score_region(begin, region, matches, word_ends) >= scores_[region.begin]) return;
    mark(region.begin, region.end, word_ends);
}

std::vector<ScoredWordEnds> LatticeDecoder::nbest(int begin, int count, int n) {
    struct Path {
        double score;
        int end;
        size_t rest;  // which of the paths from there
    };
    std::vector<std::vector<Path>> paths(size_t(count) + 1);
    paths.back() = {{0.0, count, 0}};
    for (int at = count; at-- > 0;) {
        std::vector<Path>& here = paths[size_t(at)];
        for_each_edge(begin, at, count, [&](int end, double weight) {
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
    read_ = begin;
    before_.assign(size_t(count) + 1, -INFINITY);
    after_.assign(size_t(count) + 1, -INFINITY);
    before_.front() = after_.back() = 0;
    for (int at = 0; at < count; ++at)
        for_each_edge(read_, at, count, [&](int end, double weight) {
            before_[size_t(end)] = log_add(before_[size_t(end)], before_[size_t(at)] + weight);
        });
    for (int at = count; at-- > 0;)
        for_each_edge(read_, at, count, [&](int end, double weight) {
            after_[size_t(at)] = log_add(after_[size_t(at)], weight + after_[size_t(end)]);
        });
}

double LatticeDecoder::word_probability(int first, int last) const {
    double sum = -INFINITY;
    for_each_edge(read_, first, int(before_.size()) - 1, [&](int end, double weight) {
        if (end == last + 1) sum = before_[size_t(first)] + weight + after_[size_t(end)];
    });
    return std::min(1.0, std::exp(sum - after_.front()));
}

double LatticeDecoder::span_probability(int first, int last) const {
    std::vector<double> reached(size_t(last - first) + 2, -INFINITY);
    reached.front() = before_[size_t(first)];
    for (int at = first; at <= last; ++at)
        for_each_edge(read_, at, int(before_.size()) - 1, [&](int end, double weight) {
            if (end > last + 1) return;
            double& there = reached[size_t(end - first)];
            there = log_add(there, reached[size_t(at - first)] + weight);
        });
    return std::min(1.0, std::exp(reached.back() + after_[size_t(last) + 1] - after_.front()));
}

void LatticeDecoder::read_spans(int begin, int count, Region) {
    spans_begin_ = begin;
    best_to_.assign(size_t(count) + 1, -INFINITY);
    best_from_.assign(size_t(count) + 1, -INFINITY);
    best_to_.front() = best_from_.back() = 0;
    for (int at = 0; at < count; ++at)
        for_each_piece(begin, at, count, [&](int end, double weight) {
            best_to_[size_t(end)] = std::max(best_to_[size_t(end)], best_to_[size_t(at)] + weight);
        });
    for (int at = count; at-- > 0;)
        for_each_piece(begin, at, count, [&](int end, double weight) {
            best_from_[size_t(at)] = std::max(best_from_[size_t(at)], weight + best_from_[size_t(end)]);
        });
}

void LatticeDecoder::span_scores(int first, const std::vector<int>& ends, double, std::vector<double>& scores) {
    scores.assign(ends.size(), -INFINITY);
    const int limit = ends.back();
    reached_.assign(size_t(limit - first) + 1, -INFINITY);
    reached_.front() = best_to_[size_t(first)];
    size_t next = 0;
    for (int at = first; at <= limit; ++at) {
        const double here = reached_[size_t(at - first)];
        if (at == ends[next]) {
            scores[next] = here + best_from_[size_t(at)] - best_from_.front();
            if (++next == ends.size()) return;
        }
        if (here == -INFINITY) continue;
        for_each_piece(spans_begin_, at, limit, [&](int end, double weight) {
            double& there = reached_[size_t(end - first)];
            there = std::max(there, here + weight);
        });
    }
}

}  // namespace

DictionaryModel::DictionaryModel() {
    classes = separator_classes().data();
    reads_characters = true;
}

std::unique_ptr<Decoder> DictionaryModel::decoder() const { return std::make_unique<LatticeDecoder>(*this); }

}  // namespace cws
