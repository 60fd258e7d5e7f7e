#include "user_dictionary/resegment.h"

#include <algorithm>

namespace cws {

// Regions come in the order of their beginnings, except that one may begin a word earlier than the one before.
void Resegmentation::add_region(int begin, int end) {
    while (!regions_.empty() && begin < regions_.back().end) {
        begin = std::min(begin, regions_.back().begin);
        end = std::max(end, regions_.back().end);
        regions_.pop_back();
    }
    regions_.push_back({begin, end});
}

// The words that an entry cuts or joins; for a word that should be none, its neighbours too.
void Resegmentation::find_regions(int count, const std::vector<ForcedPiece>& forced, const std::vector<EntryMatch>& matches,
                             const uint8_t* word_ends) {
    regions_.clear();
    word_begins_.resize(size_t(count));
    word_ends_.resize(size_t(count));
    for (int i = 0, begin = 0; i < count; ++i) {
        word_begins_[size_t(i)] = begin;
        if (word_ends[i]) begin = i + 1;
    }
    for (int i = count - 1, end = count; i >= 0; --i) {
        if (word_ends[i]) end = i + 1;
        word_ends_[size_t(i)] = end;
    }
    const auto is_word = [&](int begin, int end) {
        return word_begins_[size_t(begin)] == begin && word_ends_[size_t(begin)] == end;
    };
    const auto add = [&](int begin, int end) {
        add_region(word_begins_[size_t(begin)], word_ends_[size_t(end - 1)]);
    };
    auto piece = forced.begin();
    // What a piece cuts off is segmented anew, with the word beside it.
    const auto add_forced = [&](int limit) {
        for (; piece != forced.end() && piece->begin < limit; ++piece) {
            if (is_word(piece->begin, piece->end)) continue;
            int first = word_begins_[size_t(piece->begin)], last = word_ends_[size_t(piece->end - 1)];
            if (first < piece->begin && first > 0) first = word_begins_[size_t(first - 1)];
            if (last > piece->end && last < count) last = word_ends_[size_t(last)];
            add_region(first, last);
        }
    };
    for (const EntryMatch& match : matches) {
        add_forced(match.begin);
        const bool is_there = is_word(match.begin, match.end);
        if (match.weight > 0 && !is_there) add(match.begin, match.end);
        if (match.weight < 0 && is_there) add(std::max(match.begin - 1, 0), std::min(match.end + 1, count));
    }
    add_forced(count);
}

void Resegmentation::apply(Decoder& decoder, int begin, int count, const std::vector<ForcedPiece>& forced,
                      const std::vector<EntryMatch>& matches, uint8_t* word_ends) {
    if (forced.empty() && matches.empty()) return;
    find_regions(count, forced, matches, word_ends);
    auto match = matches.begin();
    auto piece = forced.begin();
    for (const Region& region : regions_) {
        // What is known of each place before which a word may begin: its character's index in the region.
        boundaries_.assign(size_t(region.end - region.begin) + 1, kFree);
        boundaries_.front() = boundaries_.back() = kBoundary;
        while (piece != forced.end() && piece->end <= region.begin) ++piece;
        if (piece != forced.end() && piece->begin == region.begin && piece->end == region.end) {
            std::fill(word_ends + region.begin, word_ends + region.end - 1, uint8_t(0));
            continue;
        }
        for (auto at = piece; at != forced.end() && at->begin < region.end; ++at) {
            uint8_t* const places = boundaries_.data() - region.begin;
            places[at->begin] = places[at->end] = kBoundary;
            std::fill(places + at->begin + 1, places + at->end, kNoBoundary);
        }
        while (match != matches.end() && match->begin < region.begin) ++match;
        inside_.clear();
        for (; match != matches.end() && match->begin < region.end; ++match)
            if (match->end <= region.end) inside_.push_back(*match);
        decoder.resegment(begin, count, region, boundaries_.data(), inside_, word_ends);
    }
}

}  // namespace cws
