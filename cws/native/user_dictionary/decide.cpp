#include "user_dictionary/decide.h"

#include <algorithm>

namespace cws {

// Matches whose ends cost less than is tolerated. Where the model cuts at both ends already they cost nothing, and it is
// not asked.
void DecidedWords::find_candidates(Decoder& decoder, int begin, int count, const uint8_t* word_ends,
                                   const std::vector<EntryMatch>& matches) {
    candidates_.clear();
    unread_.clear();
    Region part{count, 0};  // where the others are
    const auto is_cut = [&](int place) { return place == 0 || word_ends[place - 1]; };
    for (const EntryMatch& match : matches) {
        if (match.weight != kDecided) continue;
        if (is_cut(match.begin) && is_cut(match.end)) {
            candidates_.push_back({match.begin, match.end, 0.0});
        } else {
            unread_.push_back({match.begin, match.end, 0.0});
            part = {std::min(part.begin, match.begin), std::max(part.end, match.end)};
        }
    }
    if (unread_.empty()) return;
    decoder.read_spans(begin, count, part);
    for (size_t i = 0, next; i < unread_.size(); i = next) {
        const int first = unread_[i].begin;
        int word_end = first + 1;  // of the model's word there
        while (!word_ends[word_end - 1]) ++word_end;
        ends_.clear();
        for (next = i; next < unread_.size() && unread_[next].begin == first; ++next) ends_.push_back(unread_[next].end);
        const auto tolerance = [&](int end) { return end <= word_end ? kToleranceInside : kTolerance; };
        decoder.span_scores(first, ends_, tolerance(ends_.front()), scores_);
        for (size_t k = 0; k < ends_.size(); ++k)
            if (scores_[k] > -tolerance(ends_[k])) candidates_.push_back({first, ends_[k], scores_[k]});
    }
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
        std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
            return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
        });
        longest_.clear();
        rest_.clear();
        for (const Candidate& one : candidates_)
            (longest_.empty() || one.end > longest_.back().end ? longest_ : rest_).push_back(one);
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
    std::sort(pieces.begin(), pieces.end(), [](const ForcedPiece& a, const ForcedPiece& b) { return a.begin < b.begin; });
}

}  // namespace cws
