#include "segment/format.h"

#include "check.h"
#include "small_model.h"

using namespace cws;

namespace {

std::string formatted(const SmallModel& model, Format format, const std::string& text,
                      const UserDictionary* dictionary = nullptr) {
    std::string output;
    CHECK(Formatter(model, dictionary).format(format, text.data(), text.size(), {}, true, output) == Formatter::kValid);
    return output;
}

// The same, in blocks of at most so many new bytes.
std::string formatted_in_blocks(const SmallModel& model, Format format, const std::string& text, size_t size,
                                const UserDictionary* dictionary) {
    Formatter formatter(model, dictionary);
    std::string output, block;
    LinePosition position;
    for (size_t at = 0; at < text.size(); at += size) {
        block += text.substr(at, size);
        LinePosition next = position;
        const size_t whole = formatter.whole_sequences(block.data(), block.size(), next);
        formatter.format(format, block.data(), whole, position, false, output);
        position = next;
        block.erase(0, whole);
    }
    formatter.format(format, block.data(), block.size(), position, true, output);
    return output;
}

std::string to_utf8(const std::u32string& text) {
    std::string bytes;
    for (const char32_t code : text) {
        if (code < 0x80) {
            bytes += char(code);
        } else {
            bytes += {char(0xE0 | code >> 12), char(0x80 | (code >> 6 & 63)), char(0x80 | (code & 63))};
        }
    }
    return bytes;
}

}  // namespace

TEST(format_writes_words_in_four_ways) {
    const SmallModel model;
    const UserDictionary dictionary = make_dictionary({{U"\"他", kForced, ""}, {U"来到", kForced, ""}}, 2);
    const std::string text = "\"他来到\n\n来到 来到\n";
    CHECK(formatted(model, Format::kText, text, &dictionary) == "\"他 来到\n\n来到 来到\n");
    CHECK(formatted(model, Format::kSpans, text, &dictionary) == "0-2 2-4\n\n0-2 3-5\n");
    CHECK(formatted(model, Format::kConll, text, &dictionary) == "\"他\tword\n来到\tword\n\n\n来到\tword\n来到\tword\n\n");
    CHECK(formatted(model, Format::kJson, "\"他\n", &dictionary) ==
          "{\"tokens\":[{\"text\":\"\\\"他\",\"start\":0,\"end\":2,\"type\":\"word\"}]}\n");
}

TEST(format_ends_the_last_line) {
    const SmallModel model;
    for (const Format format : {Format::kText, Format::kJson, Format::kConll, Format::kSpans})
        CHECK(formatted(model, format, "他来") == formatted(model, format, "他来\n"));
}

TEST(format_names_the_first_invalid_byte) {
    const SmallModel model;
    const std::string text = "他\xE4\xBB";
    std::string output;
    std::vector<uint32_t> ends;
    CHECK(Formatter(model, nullptr).format(Format::kText, text.data(), text.size(), {}, true, output) == 3);
    CHECK(Formatter(model, nullptr).word_ends(text.data(), text.size(), ends) == 3);
}

TEST(format_gives_the_same_in_blocks_of_any_size) {
    const SmallModel model;
    const UserDictionary dictionary = make_dictionary({{U"来到", kForced, ""}, {U"他 网", 3, ""}, {U"a1", 2, ""}}, 2);
    std::mt19937 random(10);
    for (int round = 0; round < 60; ++round) {
        const std::string text = to_utf8(random_text(random, U"他来到了网a1，。 \n", random() % 60));
        for (const Format format : {Format::kText, Format::kJson, Format::kConll, Format::kSpans})
            for (const size_t size : {1, 2, 5, 17, 1000})
                for (const UserDictionary* own : {(const UserDictionary*)nullptr, &dictionary})
                    CHECK(formatted_in_blocks(model, format, text, size, own) == formatted(model, format, text, own));
    }
}

TEST(format_word_ends_are_in_bytes) {
    const SmallModel model;
    const UserDictionary dictionary = make_dictionary({{U"来到", kForced, ""}, {U"他", kForced, ""}}, 2);
    const std::string text = "他来到 他\n";
    std::vector<uint32_t> ends;
    CHECK(Formatter(model, &dictionary).word_ends(text.data(), text.size(), ends) == Formatter::kValid);
    CHECK((ends == std::vector<uint32_t>{3, 9, 10, 13, 14}));
}
