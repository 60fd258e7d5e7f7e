// The best words of a region with the log-odds of entries: Viterbi over tags, where a word that begins like an entry is
// on a track of its own until it has outgrown all entries that begin there, so that its score is known at each end.
#include <algorithm>

#include "chain/word_chain.h"

namespace cws {
namespace {

Boundary place_of(const uint8_t* word_ends, int at) { return at == 0 || word_ends[at - 1] ? kBoundary : kNoBoundary; }

}  // namespace

Region WordChain::surroundings(Region region, int count) const {
    const int context = 2 * order_ - 1;
    return {std::max(0, region.begin - context), std::min(count, region.end + context)};
}

void WordChain::set_places(Region seen, const uint8_t* word_ends) {
    places_.resize(size_t(seen.end - seen.begin) + 1);
    for (int at = seen.begin; at <= seen.end; ++at) places_[size_t(at - seen.begin)] = place_of(word_ends, at);
}

// At the first character of what is seen: a word may begin there, or have begun before.
void WordChain::enter(bool is_first, uint8_t place) {
    const float* const start = whole_.data() + tags_ * tags_;
    for (size_t tag = 0; tag < size_t(tags_); ++tag) {
        const Way way{is_first ? start[tag] : 0.0, -1};
        if (words_.opens[tag] && place != kNoBoundary) opened_[tag] = way;
        if (!words_.opens[tag] && place != kBoundary) main_[tag] = way;
    }
}

// Takes the ways one character further inside a word, without that character's emissions.
void WordChain::step(std::vector<Way>& ways) {
    next_.assign(size_t(tags_), kNoWay);
    for (const Pair& pair : inside_) improve(next_[size_t(pair.to)], ways[size_t(pair.from)], pair.score);
    ways.swap(next_);
}

// Takes all ways one character further: words go on, and begin after those that were closed.
void WordChain::advance() {
    step(main_);
    for (Track& track : tracks_) step(track.ways);
    for (const Pair& pair : between_) improve(opened_[size_t(pair.to)], closed_[size_t(pair.from)], pair.score);
}

// Puts the words that begin at a place on a track if entries begin there, the matches from the first on; else with the
// others. Returns the first match that begins after.
size_t WordChain::open_words(int at, size_t first, const std::vector<EntryMatch>& matches) {
    size_t match = first;
    while (match < matches.size() && matches[match].begin == at) ++match;
    if (match > first) {
        tracks_.push_back({first, match, matches[match - 1].end, opened_});
    } else {
        for (size_t tag = 0; tag < size_t(tags_); ++tag)
            if (words_.opens[tag]) main_[tag] = opened_[tag];
    }
    return match;
}

void WordChain::add_emissions(const float* row) {
    const auto add = [&](std::vector<Way>& ways) {
        for (size_t tag = 0; tag < size_t(tags_); ++tag) ways[tag].score += row[tag];
    };
    add(main_);
    for (Track& track : tracks_) add(track.ways);
}

// The best ways whose last word ends at a place, with the log-odds of the entry that it is.
void WordChain::close_words(int end, const std::vector<EntryMatch>& matches) {
    for (Track& track : tracks_)
        while (track.match < track.last_match && matches[track.match].end < end) ++track.match;
    for (size_t tag = 0; tag < size_t(tags_); ++tag) {
        if (!words_.closes[tag]) continue;
        Way best = main_[tag];
        for (const Track& track : tracks_) {
            const bool is_entry = track.match < track.last_match && matches[track.match].end == end;
            improve(best, track.ways[tag], is_entry ? matches[track.match].weight / scale_ : 0.0);
        }
        if (best.score == -INFINITY) continue;
        closed_[tag] = {best.score, int32_t(ends_.size())};
        ends_.push_back({end, best.word});
    }
}

// Ends the tracks whose entries are all shorter than a word that goes on at this place.
void WordChain::close_tracks(int end) {
    const auto is_outgrown = [&](const Track& track) { return track.end <= end; };
    for (const Track& track : tracks_)
        if (is_outgrown(track))
            for (size_t tag = 0; tag < size_t(tags_); ++tag) improve(main_[tag], track.ways[tag], 0.0);
    tracks_.erase(std::remove_if(tracks_.begin(), tracks_.end(), is_outgrown), tracks_.end());
}

// The best way at the end of what is seen, where a word may go on unless the sequence ends.
WordChain::Way WordChain::best_way(bool is_last) const {
    const float* const end = whole_.data() + tags_ * (tags_ + 1);
    Way best = kNoWay;
    for (size_t tag = 0; tag < size_t(tags_); ++tag) {
        improve(best, closed_[tag], is_last ? end[tag] : 0.0);
        if (words_.closes[tag] || is_last) continue;
        improve(best, main_[tag], 0.0);
        for (const Track& track : tracks_) improve(best, track.ways[tag], 0.0);
    }
    return best;
}

// The best way through `seen`, whose boundaries are places_. ends_ holds its words.
WordChain::Way WordChain::best_words(const float* emissions, int count, Region seen,
                                     const std::vector<EntryMatch>& matches) {
    const auto tags = size_t(tags_);
    ends_.clear();
    tracks_.clear();
    main_.assign(tags, kNoWay);
    closed_.assign(tags, kNoWay);
    size_t match = 0;
    for (int at = seen.begin; at < seen.end; ++at) {
        const uint8_t* const place = places_.data() + (at - seen.begin);
        opened_.assign(tags, kNoWay);
        if (at == seen.begin) {
            enter(at == 0, place[0]);
        } else {
            advance();
        }
        match = open_words(at, match, matches);
        add_emissions(emissions + (at - seen.begin) * tags_);
        closed_.assign(tags, kNoWay);
        if (place[1] != kNoBoundary) close_words(at + 1, matches);
        if (place[1] == kBoundary) {  // no word goes on
            tracks_.clear();
            main_.assign(tags, kNoWay);
        }
        close_tracks(at + 1);
    }
    return best_way(seen.end == count);
}

double WordChain::score_words(const float* emissions, int count, const std::vector<EntryMatch>& matches,
                              const uint8_t* word_ends) {
    set_places({0, count}, word_ends);
    return best_words(emissions, count, {0, count}, matches).score;
}

void WordChain::resegment(const float* emissions, int count, Region seen, Region region, const uint8_t* boundaries,
                       const std::vector<EntryMatch>& matches, uint8_t* word_ends) {
    set_places(seen, word_ends);
    std::copy_n(boundaries, region.end - region.begin + 1, places_.begin() + (region.begin - seen.begin));
    const Way best = best_words(emissions, count, seen, matches);
    if (best.score == -INFINITY) return;  // a model without a legal path
    again_.assign(size_t(region.end - region.begin), 0);
    for (int32_t word = best.word; word >= 0; word = ends_[size_t(word)].before)
        if (const int end = ends_[size_t(word)].end; end > region.begin && end <= region.end)
            again_[size_t(end - 1 - region.begin)] = 1;
    if (std::equal(again_.begin(), again_.end(), word_ends + region.begin)) return;
    bool is_allowed = true;
    for (int at = region.begin; at <= region.end; ++at)
        is_allowed &= boundaries[at - region.begin] == kFree || boundaries[at - region.begin] == place_of(word_ends, at);
    if (is_allowed) {
        set_places(seen, word_ends);
        if (best_words(emissions, count, seen, matches).score >= best.score) return;
    }
    std::copy(again_.begin(), again_.end(), word_ends + region.begin);
}

}  // namespace cws
