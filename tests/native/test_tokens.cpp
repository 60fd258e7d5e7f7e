#include "segment/tokens.h"

#include "check.h"
#include "small_model.h"

using namespace cws;

namespace {

double logit(double probability) { return std::log(probability / (1 - probability)); }

bool is_near(double a, double b) { return std::abs(a - b) < 1e-5; }

// The probability that characters begin to end - 1 of a sequence are one word: a sum over all ways to cut it.
double probability_of(const SmallModel& model, const std::u32string& sequence, size_t begin, size_t end) {
    double with = 0, all = 0;
    for (const WordEnds& ends : all_word_ends(sequence.size())) {
        const double mass = std::exp(model.score(sequence, ends));
        all += mass;
        const auto first = ends.begin() + long(begin), last = ends.begin() + long(end) - 1;
        const bool is_whole = *last && std::find(first, last, 1) == last;
        if ((begin == 0 || ends[begin - 1]) && is_whole) with += mass;
    }
    return with / all;
}

std::vector<Token> tokens_of(const SmallModel& model, const std::u32string& text, const UserDictionary* dictionary) {
    Segmenter segmenter(model);
    return find_tokens(segmenter, {codes_of(text), text.size()}, dictionary);
}

}  // namespace

TEST(tokens_log_odds_are_added) {
    for (const double probability : {1e-6, 0.2, 0.5, 0.9})
        for (const double nats : {-3.0, 0.0, 0.5, 7.0})
            CHECK(is_near(logit(add_log_odds(probability, nats)), logit(probability) + nats));
    CHECK(add_log_odds(0.0, 5) == 0 && add_log_odds(1.0, -5) == 1);
    CHECK(add_log_odds(0.0, kForced) == 1 && add_log_odds(1.0, kNever) == 0);
}

TEST(tokens_have_the_probabilities_of_all_segmentations) {
    const SmallModel model;
    std::mt19937 random(4);
    for (int round = 0; round < 150; ++round) {
        const std::u32string text = random_text(random, U"他来到了网易 ", random() % 10);
        size_t at = 0;
        for (const Token& token : tokens_of(model, text, nullptr)) {
            CHECK(token.begin == at && token.end > at && token.label.empty());
            at = token.end;
            double expected = 1;  // of white space
            for (const auto& [begin, end] : spans_of(text))
                if (begin <= token.begin && token.end <= end)
                    expected =
                        probability_of(model, text.substr(begin, end - begin), token.begin - begin, token.end - begin);
            CHECK(is_near(token.probability, expected));
        }
        CHECK(at == text.size());
    }
}

TEST(tokens_that_are_entries_have_their_weights_and_labels) {
    const SmallModel model;
    const std::u32string text = U"他来到了网易";
    for (const Token& plain : tokens_of(model, text, nullptr)) {
        const std::u32string word = text.substr(plain.begin, plain.end - plain.begin);
        for (const size_t of_file : {0, 1}) {
            const UserDictionary dictionary = make_dictionary({{word, 1.5, "PLACE"}}, of_file);
            for (const Token& token : tokens_of(model, text, &dictionary)) {
                if (text.substr(token.begin, token.end - token.begin) != word) {
                    CHECK(token.label.empty());
                    continue;
                }
                CHECK(token.label == "PLACE");
                CHECK(is_near(logit(token.probability), logit(plain.probability) + 1.5));
            }
        }
    }
}

TEST(tokens_of_forced_entries_are_certain_across_white_space_too) {
    const UserDictionary dictionary = make_dictionary({{U"他 来", 3.0, ""}, {U"网", kForced, "X"}}, 1);
    const std::vector<Token> tokens = tokens_of(SmallModel(), U"了他 来网了", &dictionary);
    const auto at = [&](size_t begin) {
        return *std::find_if(tokens.begin(), tokens.end(), [&](const Token& token) { return token.begin == begin; });
    };
    CHECK(at(1).end == 4 && at(1).probability == 1);
    CHECK(at(4).end == 5 && at(4).probability == 1 && at(4).label == "X");
}

TEST(tokens_inside_a_run_of_letters_are_no_entries) {
    // The small model cuts runs; an entry never takes a part of one.
    const std::u32string text = U"ab1c2dbab";
    const std::vector<Token> plain = tokens_of(SmallModel(), text, nullptr);
    std::vector<EntryOf> entries;
    for (const Token& token : plain) entries.push_back({text.substr(token.begin, token.end - token.begin), 2.0, "X"});
    CHECK(plain.size() > 1);
    const UserDictionary dictionary = make_dictionary(entries, entries.size());
    const std::vector<Token> tokens = tokens_of(SmallModel(), text, &dictionary);
    CHECK(tokens.size() == plain.size());
    for (size_t i = 0; i < std::min(tokens.size(), plain.size()); ++i)
        CHECK(tokens[i].label.empty() && tokens[i].probability == plain[i].probability);
}
