#include "rewording.h"

#include <algorithm>

namespace cws {
namespace {

bool is_word(const uint8_t* word_ends, int begin, int end) {
    if ((begin > 0 && !word_ends[begin - 1]) || !word_ends[end - 1]) return false;
    return std::none_of(word_ends + begin, word_ends + end - 1, [](uint8_t is_end) { return is_end; });
}

// The beginning of the word of character `at`, and the end of it.
int word_begin(const uint8_t* word_ends, int at) {
    while (at > 0 && !word_ends[at - 1]) --at;
    return at;
}
int word_end(const uint8_t* word_ends, int at) {
    while (!word_ends[at]) ++at;
    return at + 1;
}

}  // namespace

// The words that an entry cuts or joins; for a word that should be none, its neighbours too.
void Rewording::find_regions(int count, const std::vector<ForcedPiece>& forced, const std::vector<EntryMatch>& matches,
                             const uint8_t* word_ends) {
    regions_.clear();
    const auto add = [&](int first, int last) {
        regions_.push_back({word_begin(word_ends, first), word_end(word_ends, last)});
    };
    for (const ForcedPiece& piece : forced)
        if (!is_word(word_ends, piece.begin, piece.end)) add(piece.begin, piece.end - 1);
    for (const EntryMatch& match : matches) {
        const bool is_there = is_word(word_ends, match.begin, match.end);
        if (match.weight > 0 && !is_there) add(match.begin, match.end - 1);
        if (match.weight < 0 && is_there) add(std::max(match.begin - 1, 0), std::min(match.end, count - 1));
    }
    std::sort(regions_.begin(), regions_.end(), [](const Region& a, const Region& b) { return a.begin < b.begin; });
    size_t merged = 0;
    for (const Region& region : regions_) {
        if (merged > 0 && region.begin < regions_[merged - 1].end) {
            regions_[merged - 1].end = std::max(regions_[merged - 1].end, region.end);
        } else {
            regions_[merged++] = region;
        }
    }
    regions_.resize(merged);
}

void Rewording::apply(Decoder& decoder, int begin, int count, const std::vector<ForcedPiece>& forced,
                      const std::vector<EntryMatch>& matches, uint8_t* word_ends) {
    find_regions(count, forced, matches, word_ends);
    auto match = matches.begin();
    auto piece = forced.begin();
    for (const Region& region : regions_) {
        // What is known of each place before which a word may begin: its character's index in the region.
        boundaries_.assign(size_t(region.end - region.begin) + 1, kFree);
        boundaries_.front() = boundaries_.back() = kBoundary;
        while (piece != forced.end() && piece->end <= region.begin) ++piece;
        for (auto at = piece; at != forced.end() && at->begin < region.end; ++at) {
            uint8_t* const places = boundaries_.data() - region.begin;
            places[at->begin] = places[at->end] = kBoundary;
            std::fill(places + at->begin + 1, places + at->end, kNoBoundary);
        }
        while (match != matches.end() && match->begin < region.begin) ++match;
        inside_.clear();
        for (; match != matches.end() && match->begin < region.end; ++match)
            if (match->end <= region.end) inside_.push_back(*match);
        decoder.reword(begin, count, region, boundaries_.data(), inside_, word_ends);
    }
}

}  // namespace cws
