#include "user_dictionary/prefix_filter.h"

#include <set>

#include "check.h"
#include "small_model.h"
#include "user_dictionary/entry_finder.h"

using namespace cws;

namespace {

std::u32string many_characters(size_t count) {
    std::u32string characters;
    for (size_t i = 0; i < count; ++i) characters += char32_t(0x4E00 + i);
    return characters;
}

// The places that a filter lets pass.
std::vector<size_t> passing(const PrefixFilter& filter, const std::u32string& text) {
    FilteredPlaces found;
    std::vector<size_t> places;
    filter.look_ahead(codes_of(text), text.size(), int(text.size()), 0, found);
    filter.take(found, 0, text.size(), places);
    return places;
}

}  // namespace

TEST(prefix_filter_lets_every_entry_pass) {
    std::mt19937 random(11);
    for (int round = 0; round < 60; ++round) {
        const std::u32string characters = many_characters(2 + random() % 40);
        std::vector<std::u32string> entries;
        for (size_t i = 0; i < 1 + random() % 30; ++i)
            entries.push_back(random_text(random, characters, 1 + random() % 7));
        FilterTables tables(entries.size(), entries.size());
        for (const std::u32string& entry : entries)
            tables.add(codes_of(entry), std::min(entry.size(), size_t(PrefixFilter::kPairs) + 1));
        const std::u32string text = random_text(random, characters, 1 + random() % 200);
        const std::vector<size_t> passed = passing(tables.view(), text);
        CHECK(std::is_sorted(passed.begin(), passed.end()));
        for (const std::u32string& entry : entries)
            for (size_t at = 0; (at = text.find(entry, at)) != text.npos; ++at)
                CHECK(std::binary_search(passed.begin(), passed.end(), at));
    }
}

TEST(prefix_filter_stops_nearly_all_else) {
    std::mt19937 random(12);
    const std::u32string characters = many_characters(3000);
    FilterTables tables(100, 100);
    for (int i = 0; i < 100; ++i) {
        const std::u32string entry = random_text(random, characters, 3);
        tables.add(codes_of(entry), entry.size());
    }
    CHECK(passing(tables.view(), random_text(random, characters, 10000)).size() < 100);
}

TEST(entry_finder_finds_what_a_search_for_each_entry_finds) {
    std::mt19937 random(13);
    for (int round = 0; round < 150; ++round) {
        const std::u32string characters = many_characters(2 + random() % 5);
        std::vector<EntryOf> entries;
        std::set<std::u32string> words;
        for (size_t i = 0; i < 1 + random() % 10; ++i)
            if (const auto word = random_text(random, characters, 1 + random() % 5); words.insert(word).second)
                entries.push_back({word, 1 + double(i), ""});
        const UserDictionary dictionary = make_dictionary(entries, random() % (entries.size() + 1));
        const std::u32string text = random_text(random, characters, 1 + random() % 60);
        EntryScratch scratch;
        EntryFinder<uint32_t> finder(dictionary, scratch, codes_of(text), text.size());
        finder.look_ahead(0, int(text.size()));
        finder.find(0, int(text.size()));
        std::vector<std::pair<int, int>> expected, found;
        for (const EntryOf& entry : entries)
            for (size_t at = 0; (at = text.find(entry.word, at)) != text.npos; ++at)
                expected.emplace_back(int(at), int(at + entry.word.size()));
        std::sort(expected.begin(), expected.end());
        for (const EntryMatch& match : finder.matches()) {
            found.emplace_back(match.begin, match.end);
            const size_t size = size_t(match.end - match.begin);
            CHECK(match.weight == dictionary.find(codes_of(text) + match.begin, size).weight);
        }
        CHECK(found == expected);
        CHECK(finder.forced().empty());
    }
}

TEST(entry_finder_forces_the_leftmost_longest) {
    const std::vector<EntryOf> entries{
        {U"他来", kForced, ""}, {U"他来到", kForced, ""}, {U"到了", kForced, ""}, {U"了", 1, ""}};
    const UserDictionary dictionary = make_dictionary(entries, 2);
    const std::u32string text = U"他来到了";
    EntryScratch scratch;
    EntryFinder<uint32_t> finder(dictionary, scratch, codes_of(text), text.size());
    finder.look_ahead(0, 4);
    finder.find(0, 4);
    CHECK(finder.forced().size() == 1 && finder.forced()[0].begin == 0 && finder.forced()[0].end == 3);
    CHECK(finder.matches().size() == 1 && finder.matches()[0].begin == 3);
}

TEST(user_dictionary_changes_have_the_last_word) {
    UserDictionary dictionary = make_dictionary({{U"来到", 1, "A"}, {U"网", 2, ""}}, 2);
    CHECK(dictionary.size() == 2 && dictionary.find(codes_of(U"来到"), 2).label == "A");
    dictionary.set(codes_of(U"来到"), 2, kRemoved, "");
    dictionary.set(codes_of(U"网"), 1, 5, "B");
    dictionary.set(codes_of(U"易"), 1, 7, "");
    CHECK(dictionary.size() == 2);
    CHECK(!Trie::is_word(dictionary.find(codes_of(U"来到"), 2).weight));
    CHECK(dictionary.find(codes_of(U"网"), 1).weight == 5 && dictionary.find(codes_of(U"网"), 1).label == "B");
    CHECK(dictionary.find(codes_of(U"易"), 1).weight == 7);
}
