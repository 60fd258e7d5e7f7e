#include "segment/nbest.h"

#include <set>
#include <tuple>

#include "check.h"
#include "small_model.h"

using namespace cws;

namespace {

// The scores of all segmentations of a text, the highest first.
std::vector<double> all_scores(const SmallModel& model, const std::u32string& text) {
    std::vector<double> scores{0};
    for (const auto& [begin, end] : spans_of(text)) {
        std::vector<double> longer;
        for (const WordEnds& ends : all_word_ends(end - begin)) {
            const double score = model.score(text.substr(begin, end - begin), ends);
            for (const double before : scores) longer.push_back(before + score);
        }
        scores = std::move(longer);
    }
    std::sort(scores.begin(), scores.end(), std::greater<>());
    return scores;
}

double score_of(const SmallModel& model, const std::u32string& text, const WordEnds& ends) {
    double sum = 0;
    for (const auto& [begin, end] : spans_of(text))
        sum += model.score(text.substr(begin, end - begin), {ends.begin() + long(begin), ends.begin() + long(end)});
    return sum;
}

}  // namespace

TEST(nbest_combine_is_the_head_of_all_pairs_sorted) {
    std::mt19937 random(1);
    for (int round = 0; round < 300; ++round) {
        std::vector<Combination> heads;
        std::vector<ScoredWordEnds> tails;
        double head = 0, tail = 0;
        for (size_t i = 0; i < 1 + random() % 6; ++i) heads.push_back({head -= double(random() % 4), 0, 0});
        for (size_t i = 0; i < 1 + random() % 6; ++i) tails.push_back({tail -= double(random() % 4), {}});
        std::vector<Combination> expected;
        for (size_t i = 0; i < heads.size(); ++i)
            for (size_t j = 0; j < tails.size(); ++j) expected.push_back({heads[i].score + tails[j].score, i, j});
        std::stable_sort(expected.begin(), expected.end(), [](auto& a, auto& b) { return a.score > b.score; });
        const size_t n = 1 + random() % 12;
        const std::vector<Combination> found = combine(heads, tails, n);
        CHECK(found.size() == std::min(n, expected.size()));
        for (size_t i = 0; i < found.size(); ++i)
            CHECK(std::tie(found[i].score, found[i].head, found[i].tail) ==
                  std::tie(expected[i].score, expected[i].head, expected[i].tail));
    }
}

TEST(nbest_combine_keeps_the_first_even_if_a_later_one_scores_more) {
    const std::vector<Combination> found = combine({{1, 0, 0}, {5, 0, 0}}, {{1, {}}, {3, {}}}, 4);
    CHECK(found.size() == 4);
    CHECK(found[0].score == 2 && found[1].score == 8 && found[2].score == 6 && found[3].score == 4);
}

TEST(nbest_combine_of_no_tails_is_empty) { CHECK(combine({{0, 0, 0}}, {}, 3).empty()); }

TEST(nbest_of_a_text_are_the_best_of_all_segmentations) {
    const SmallModel model;
    Segmenter segmenter(model);
    std::mt19937 random(2);
    for (int round = 0; round < 200; ++round) {
        const std::u32string text = random_text(random, U"他来到了网易 \n", random() % 11);
        const std::vector<double> scores = all_scores(model, text);
        const int n = 1 + int(random() % 20);
        NBestSegmentations best(segmenter, {codes_of(text), text.size()}, nullptr, n);
        CHECK(best.size() == std::min(size_t(n), scores.size()));
        std::set<WordEnds> seen;
        for (size_t rank = 0; rank < best.size(); ++rank) {
            const WordEnds ends = best.word_ends(rank);
            CHECK(best.score(rank) == scores[rank]);
            CHECK(score_of(model, text, ends) == scores[rank]);
            CHECK(seen.insert(ends).second);
        }
        WordEnds words(text.size());
        segmenter.word_ends(codes_of(text), text.size(), nullptr, words.data());
        CHECK(best.word_ends(0) == words);
    }
}

TEST(nbest_with_a_dictionary_has_its_entries_in_each) {
    const SmallModel model;
    Segmenter segmenter(model);
    std::mt19937 random(3);
    for (int round = 0; round < 200; ++round) {
        const std::vector<EntryOf> entries{
            {U"来到", kForced, ""}, {U"网", 2.5, ""}, {U"他 网", kForced, ""}, {U"了他", kNever, ""}};
        const UserDictionary dictionary = make_dictionary(entries, random() % 5);
        const std::u32string text = random_text(random, U"他来到了网 ", random() % 12);
        const size_t n = 1 + random() % 8;
        NBestSegmentations best(segmenter, {codes_of(text), text.size()}, &dictionary, int(n));
        CHECK(best.size() >= 1 && best.size() <= n);
        std::set<WordEnds> seen;
        for (size_t rank = 0; rank < best.size(); ++rank) {
            const WordEnds ends = best.word_ends(rank);
            CHECK(seen.insert(ends).second);
            CHECK(rank < 2 || best.score(rank - 1) >= best.score(rank));
            for (size_t at = 0; (at = text.find(U"来到", at)) != text.npos; ++at)
                CHECK((at == 0 || ends[at - 1]) && !ends[at] && ends[at + 1]);
            for (size_t at = 0; (at = text.find(U"他 网", at)) != text.npos; ++at)
                CHECK((at == 0 || ends[at - 1]) && !ends[at] && !ends[at + 1] && ends[at + 2]);
        }
        WordEnds words(text.size());
        segmenter.word_ends(codes_of(text), text.size(), &dictionary, words.data());
        CHECK(best.word_ends(0) == words);
    }
}
