#include "segment/nbest.h"

#include <algorithm>
#include <set>

namespace cws {
namespace {

constexpr int kTries = 4;  // entries make many of the n best the same

// By score, the higher first, except that the first stays the first: it is what is segmented without n. An entry changes
// only the words it touches, so that a later way may have a higher score.
template <class Scored>
void sort_and_cut(std::vector<Scored>& ways, size_t n) {
    if (ways.size() > 1)
        std::stable_sort(ways.begin() + 1, ways.end(),
                         [](const Scored& a, const Scored& b) { return a.score > b.score; });
    if (ways.size() > n) ways.resize(n);
}

// The n best of a sequence with the entries of a dictionary in each.
template <class Char>
std::vector<ScoredWordEnds> resegment_all(Decoder& decoder, int begin, int count, const EntryFinder<Char>& finder,
                                          std::vector<ScoredWordEnds> ways, size_t n) {
    if (ways.empty()) return ways;
    DecidedWords decided;  // by the best of them: all have the same
    decided.decide(decoder, begin, count, ways.front().word_ends.data(), finder.forced(), finder.matches());
    Resegmentation resegmentation;
    std::set<std::vector<uint8_t>> seen;
    std::vector<ScoredWordEnds> result;
    for (ScoredWordEnds& way : ways) {
        resegmentation.apply(decoder, begin, count, finder.forced(), finder.matches(), way.word_ends.data());
        if (!seen.insert(way.word_ends).second) continue;
        way.score = decoder.score_words(begin, count, finder.matches(), way.word_ends.data());
        result.push_back(std::move(way));
    }
    sort_and_cut(result, n);
    return result;
}

}  // namespace

std::vector<Combination> combine(const std::vector<Combination>& heads, const std::vector<ScoredWordEnds>& tails,
                                 size_t n) {
    std::vector<Combination> pairs;
    for (size_t i = 0; i < heads.size(); ++i)
        for (size_t j = 0; j < tails.size() && (i + 1) * (j + 1) <= n; ++j)
            pairs.push_back({heads[i].score + tails[j].score, i, j});
    sort_and_cut(pairs, n);
    return pairs;
}

NBestSegmentations::NBestSegmentations(Segmenter& segmenter, const TextView& text, const UserDictionary* dictionary,
                                       int n)
    : word_ends_(text.size) {
    text.visit([&](const auto* characters, size_t size) { find(segmenter, characters, size, dictionary, n); });
}

template <class Char>
void NBestSegmentations::find(Segmenter& segmenter, const Char* text, size_t size, const UserDictionary* dictionary,
                              int n) {
    segmenter.word_ends(text, size, dictionary, word_ends_.data());
    EntryScratch entries;
    std::optional<EntryFinder<Char>> finder;
    if (dictionary) finder.emplace(*dictionary, entries, text, size);
    segmenter.for_each_sequence(text, size, [&](size_t at, Decoder& decoder, int begin, int count) {
        segmenter.constrain(decoder, at, begin, count);
        std::vector<ScoredWordEnds> tails = decoder.nbest(begin, count, finder ? kTries * n : n);
        const auto is_impossible = [&](const ScoredWordEnds& way) { return segmenter.breaks(at, way.word_ends.data(), count); };
        tails.erase(std::remove_if(tails.begin(), tails.end(), is_impossible), tails.end());
        if (finder) {
            finder->look_ahead(at, count);
            finder->find(at, count);
            tails = resegment_all(decoder, begin, count, *finder, std::move(tails), size_t(n));
        }
        const size_t last = at + size_t(count) - 1;
        if (segmenter.is_inside_unit(last)) crossing_.emplace_back(last, last + 2);
        combinations_ = combine(combinations_, tails, size_t(n));
        stages_.push_back({at, std::move(tails), combinations_});
    });
    if (finder) crossing_.insert(crossing_.end(), finder->crossing().begin(), finder->crossing().end());
}

const std::vector<uint8_t>& NBestSegmentations::word_ends(size_t rank) {
    for (size_t i = stages_.size(); i-- > 0;) {
        const Stage& stage = stages_[i];
        const auto [score, head, tail] = stage.combinations[rank];
        const std::vector<uint8_t>& ends = stage.tails[tail].word_ends;
        std::copy(ends.begin(), ends.end(), word_ends_.begin() + int64_t(stage.begin));
        rank = head;
    }
    join(crossing_, word_ends_.data());
    return word_ends_;
}

}  // namespace cws
