// The best words of a region with the log-odds of entries: Viterbi over tags, where a word that begins like an entry is
// on a track of its own until it has outgrown all entries that begin there, so that its score is known at each end.
#include <algorithm>

#include "word_chain.h"

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

// Takes the ways one character further inside a word, without that character's emissions.
void WordChain::step(std::vector<Way>& ways) {
    next_.assign(size_t(tags_), {-INFINITY, -1});
    for (const Pair& pair : inside_) {
        const Way& from = ways[size_t(pair.from)];
        if (from.score + pair.score > next_[size_t(pair.to)].score)
            next_[size_t(pair.to)] = {from.score + pair.score, from.word};
    }
    ways.swap(next_);
}

// The best way through `seen`, whose boundaries are places_. ends_ holds its words.
WordChain::Way WordChain::best_words(const float* emissions, int count, Region seen,
                                     const std::vector<EntryMatch>& matches) {
    const Way none{-INFINITY, -1};
    const auto tags = size_t(tags_);
    const float* const start = whole_.data() + tags * tags;
    const float* const end = start + tags;
    ends_.clear();
    tracks_.clear();
    main_.assign(tags, none);
    closed_.assign(tags, none);
    size_t match = 0;
    for (int at = seen.begin; at < seen.end; ++at) {
        const uint8_t* const place = places_.data() + (at - seen.begin);
        opened_.assign(tags, none);
        if (at == seen.begin) {
            for (size_t tag = 0; tag < tags; ++tag) {
                const double score = at == 0 ? start[tag] : 0.0;
                if (words_.opens[tag] && place[0] != kNoBoundary) opened_[tag] = {score, -1};
                if (!words_.opens[tag] && place[0] != kBoundary) main_[tag] = {score, -1};
            }
        } else {
            step(main_);
            for (Track& track : tracks_) step(track.ways);
            for (const Pair& pair : between_) {
                const Way& from = closed_[size_t(pair.from)];
                if (from.score + pair.score > opened_[size_t(pair.to)].score)
                    opened_[size_t(pair.to)] = {from.score + pair.score, from.word};
            }
        }
        const size_t first_match = match;
        while (match < matches.size() && matches[match].begin == at) ++match;
        if (match > first_match) {
            tracks_.push_back({first_match, match, matches[match - 1].end, opened_});
        } else {
            for (size_t tag = 0; tag < tags; ++tag)
                if (words_.opens[tag]) main_[tag] = opened_[tag];
        }
        const float* const row = emissions + (at - seen.begin) * tags_;
        const auto add = [&](std::vector<Way>& ways) {
            for (size_t tag = 0; tag < tags; ++tag) ways[tag].score += row[tag];
        };
        add(main_);
        for (Track& track : tracks_) add(track.ways);

        // Words that end here, where they may; those that go on, where they may.
        closed_.assign(tags, none);
        if (place[1] != kNoBoundary) {
            for (size_t tag = 0; tag < tags; ++tag) {
                if (!words_.closes[tag]) continue;
                Way best = main_[tag];
                for (Track& track : tracks_) {
                    while (track.match < track.last_match && matches[track.match].end <= at) ++track.match;
                    const bool is_entry = track.match < track.last_match && matches[track.match].end == at + 1;
                    const double bonus = is_entry ? matches[track.match].weight / scale_ : 0.0;
                    if (track.ways[tag].score + bonus > best.score)
                        best = {track.ways[tag].score + bonus, track.ways[tag].word};
                }
                if (best.score == -INFINITY) continue;
                closed_[tag] = {best.score, int32_t(ends_.size())};
                ends_.push_back({at + 1, best.word});
            }
        }
        if (place[1] == kBoundary) {
            tracks_.clear();
            main_.assign(tags, none);
        }
        for (const Track& track : tracks_)
            if (track.end <= at + 1)
                for (size_t tag = 0; tag < tags; ++tag)
                    if (track.ways[tag].score > main_[tag].score) main_[tag] = track.ways[tag];
        tracks_.erase(std::remove_if(tracks_.begin(), tracks_.end(), [&](auto& track) { return track.end <= at + 1; }),
                      tracks_.end());
    }
    Way best = none;
    const auto consider = [&](const Way& way, double score) {
        if (way.score + score > best.score) best = {way.score + score, way.word};
    };
    for (size_t tag = 0; tag < tags; ++tag) {
        consider(closed_[tag], seen.end == count ? end[tag] : 0.0);
        if (words_.closes[tag] || seen.end == count) continue;
        consider(main_[tag], 0.0);
        for (const Track& track : tracks_) consider(track.ways[tag], 0.0);
    }
    return best;
}

double WordChain::score_words(const float* emissions, int count, const std::vector<EntryMatch>& matches,
                              const uint8_t* word_ends) {
    set_places({0, count}, word_ends);
    return best_words(emissions, count, {0, count}, matches).score;
}

void WordChain::reword(const float* emissions, int count, Region seen, Region region, const uint8_t* boundaries,
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
