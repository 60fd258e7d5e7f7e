#include "user_dictionary/decide.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace cws {

// Matches whose ends cost less than is tolerated, by beginning and end. Where the model cuts at both ends already they cost
// nothing, and it is not asked.
void DecidedWords::find_candidates(Decoder& decoder, int begin, int count, const uint8_t* word_ends,
                                   const std::vector<EntryMatch>& matches) {
    candidates_.clear();
    Region part{count, 0};  // where those are that it is asked about
    const auto is_cut = [&](int place) { return place == 0 || word_ends[place - 1]; };
    for (const EntryMatch& match : matches) {
        if (match.weight != kDecided) continue;
        const bool is_there = is_cut(match.begin) && is_cut(match.end);
        candidates_.push_back({match.begin, match.end, is_there ? 0.0 : kUnread});
        if (!is_there) part = {std::min(part.begin, match.begin), std::max(part.end, match.end)};
    }
    if (part.begin > part.end) return;
    decoder.read_spans(begin, count, part);
    size_t kept = 0;
    for (size_t i = 0, next; i < candidates_.size(); i = next) {
        const int first = candidates_[i].begin;
        ends_.clear();
        for (next = i; next < candidates_.size() && candidates_[next].begin == first; ++next)
            if (candidates_[next].gain == kUnread) ends_.push_back(candidates_[next].end);
        if (!ends_.empty()) read_gains(decoder, word_ends, first);
        size_t read = 0;
        for (size_t k = i; k < next; ++k) {
            Candidate one = candidates_[k];
            if (one.gain == kUnread) one.gain = scores_[read++];
            if (one.gain > -INFINITY) candidates_[kept++] = one;
        }
    }
    candidates_.resize(kept);
}

// Puts into scores_ what cuts there and at each of ends_ gain; -inf where they cost too much.
void DecidedWords::read_gains(Decoder& decoder, const uint8_t* word_ends, int first) {
    int word_end = first + 1;  // of the model's word there
    while (!word_ends[word_end - 1]) ++word_end;
    const auto tolerance = [&](int end) { return end <= word_end ? kToleranceInside : kTolerance; };
    decoder.span_scores(first, ends_, tolerance(ends_.front()), scores_);
    for (size_t k = 0; k < ends_.size(); ++k)
        if (scores_[k] <= -tolerance(ends_[k])) scores_[k] = -INFINITY;
}

bool DecidedWords::is_free(const Candidate& one) const {
    return std::none_of(covered_.begin() + one.begin, covered_.begin() + one.end, [](uint8_t is) { return is != 0; });
}

// Of entries that contain each other the longest. Of those that cross the one of the largest gain, then the longest, then
// the first; what such a loser contains gets another chance.
void DecidedWords::choose(int count) {
    taken_.clear();
    covered_.assign(size_t(count), 0);
    while (!candidates_.empty()) {
        find_longest();
        const auto crosses = [](const Candidate& a, const Candidate& b) { return b.begin < a.end; };
        if (std::adjacent_find(longest_.begin(), longest_.end(), crosses) != longest_.end())
            std::sort(longest_.begin(), longest_.end(), [](const Candidate& a, const Candidate& b) {
                if (a.gain != b.gain) return a.gain > b.gain;
                const int of_a = a.end - a.begin, of_b = b.end - b.begin;
                return of_a != of_b ? of_a > of_b : a.begin < b.begin;
            });
        for (const Candidate& one : longest_) {
            if (!is_free(one)) continue;
            std::fill(covered_.begin() + one.begin, covered_.begin() + one.end, uint8_t(1));
            taken_.push_back({one.begin, one.end});
        }
        candidates_.clear();
        std::copy_if(rest_.begin(), rest_.end(), std::back_inserter(candidates_),
                     [&](const Candidate& one) { return is_free(one); });
    }
}

// Of the candidates of one beginning the last is the longest; it lies in none that began before if it ends after them all.
void DecidedWords::find_longest() {
    longest_.clear();
    rest_.clear();
    int reached = 0;
    for (size_t i = 0; i < candidates_.size(); ++i) {
        const Candidate& one = candidates_[i];
        const bool is_last = i + 1 == candidates_.size() || candidates_[i + 1].begin != one.begin;
        (is_last && one.end > reached ? longest_ : rest_).push_back(one);
        if (is_last) reached = std::max(reached, one.end);
    }
}

void DecidedWords::decide(Decoder& decoder, int begin, int count, const uint8_t* word_ends,
                          std::vector<ForcedPiece>& pieces, std::vector<EntryMatch>& matches) {
    const auto is_decided = [](const EntryMatch& match) { return match.weight == kDecided; };
    if (std::none_of(matches.begin(), matches.end(), is_decided)) return;
    find_candidates(decoder, begin, count, word_ends, matches);
    choose(count);
    matches.erase(std::remove_if(matches.begin(), matches.end(),
                                 [&](const EntryMatch& match) {
                                     return is_decided(match) || !is_free({match.begin, match.end, 0.0});
                                 }),
                  matches.end());
    if (taken_.empty()) return;
    pieces.insert(pieces.end(), taken_.begin(), taken_.end());
    const auto is_before = [](const ForcedPiece& a, const ForcedPiece& b) { return a.begin < b.begin; };
    if (!std::is_sorted(pieces.begin(), pieces.end(), is_before)) std::sort(pieces.begin(), pieces.end(), is_before);
}

}  // namespace cws
