#include <map>

#include "check.h"
#include "small_model.h"
#include "trie/lattice.h"
#include "trie/trie_builder.h"

using namespace cws;

namespace {

using Words = std::map<std::u32string, double>;

Words random_words(std::mt19937& random, const std::u32string& characters) {
    Words words;
    for (size_t i = 0; i < random() % 12; ++i)
        words[random_text(random, characters, 1 + random() % 4)] = -double(random() % 6);
    return words;
}

TrieArrays build(const Words& words) {
    TrieBuilder builder;
    for (const auto& [word, weight] : words) builder.add(codes_of(word), word.size(), weight);
    return builder.build();
}

// The score of the best path, by all ways to cut; a character that begins no word stands alone.
double best_score(const Words& words, const std::u32string& text, double offset, double unknown) {
    double best = -INFINITY;
    const auto begins_word = [&](size_t at) {
        const auto is_there = [&](const auto& item) { return text.compare(at, item.first.size(), item.first) == 0; };
        return std::any_of(words.begin(), words.end(), is_there);
    };
    for (const WordEnds& ends : all_word_ends(text.size())) {
        double sum = 0;
        for (size_t begin = 0, end; begin < text.size(); begin = end) {
            for (end = begin + 1; !ends[end - 1];) ++end;
            const auto found = words.find(text.substr(begin, end - begin));
            if (found != words.end()) sum += found->second - offset;
            else sum += end == begin + 1 && !begins_word(begin) ? unknown - offset : -INFINITY;
        }
        best = std::max(best, sum);
    }
    return best;
}

}  // namespace

TEST(trie_finds_its_words_and_no_others) {
    std::mt19937 random(7);
    for (int round = 0; round < 100; ++round) {
        const std::u32string characters = U"他来到a\U0002A6D6";
        const Words words = random_words(random, characters);
        const TrieArrays arrays = build(words);
        const Trie trie = arrays.view();
        CHECK(check_trie(trie).empty());
        for (int i = 0; i < 50; ++i) {
            const std::u32string word = random_text(random, characters, 1 + random() % 4);
            const uint32_t node = trie.find(codes_of(word), word.size());
            const auto listed = words.find(word);
            const bool is_word = node != kNoNode && Trie::is_word(trie.nodes[node].weight);
            CHECK(is_word == (listed != words.end()));
            if (is_word) CHECK(trie.nodes[node].weight == listed->second);
        }
        Words walked;
        for_each_node(trie, [&](const std::u32string& word, uint32_t node) {
            if (Trie::is_word(trie.nodes[node].weight)) walked[word] = trie.nodes[node].weight;
        });
        CHECK(walked == words);
    }
}

TEST(trie_of_a_broken_file_is_refused) {
    const TrieArrays whole = build({{U"他来", -1}, {U"他", -2}});
    TrieArrays arrays = whole;
    arrays.nodes[kRoot].base = uint32_t(arrays.nodes.size());
    CHECK(!check_trie(arrays.view()).empty());
    arrays = whole;
    arrays.nodes[1].parent = uint32_t(arrays.nodes.size());
    CHECK(!check_trie(arrays.view()).empty());
    arrays = whole;
    arrays.pages[0] = uint16_t(arrays.classes.size() >> 8);
    CHECK(!check_trie(arrays.view()).empty());
}

TEST(trie_that_changes_holds_what_was_inserted) {
    std::mt19937 random(8);
    WordTree tree;
    std::map<std::u32string, uint32_t> nodes;
    for (int i = 0; i < 500; ++i) {
        const std::u32string word = random_text(random, U"他来到了网易", 1 + random() % 5);
        const uint32_t node = tree.insert(codes_of(word), word.size());
        CHECK(nodes.emplace(word, node).first->second == node);
    }
    for (const auto& [word, node] : nodes) CHECK(tree.find(codes_of(word), word.size()) == node);
    CHECK(tree.find(codes_of(U"没有"), 2) == WordTree::kRootNode);
}

TEST(lattice_best_path_is_the_best_of_all) {
    std::mt19937 random(9);
    for (int round = 0; round < 300; ++round) {
        const Words words = random_words(random, U"他来到");
        const TrieArrays arrays = build(words);
        const Trie trie = arrays.view();
        const std::u32string text = random_text(random, U"他来到", 1 + random() % 8);
        std::vector<uint32_t> classes(text.size() + 1, kNoClass), ends(text.size());
        std::vector<double> scores(text.size() + 1);
        for (size_t i = 0; i < text.size(); ++i) classes[i] = trie.class_of(uint32_t(text[i]));
        const double offset = double(random() % 3), unknown = -5;
        best_path(trie, classes.data(), text.size(), offset, unknown, scores.data(), ends.data());
        CHECK(scores[0] == best_score(words, text, offset, unknown));
        double sum = 0;
        for (size_t at = 0; at < text.size(); at = ends[at]) {
            const auto word = words.find(text.substr(at, ends[at] - at));
            sum += (word == words.end() ? unknown : word->second) - offset;
        }
        CHECK(sum == scores[0]);
    }
}
