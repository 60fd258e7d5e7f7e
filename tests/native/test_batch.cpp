#include "segment/batch.h"

#include <chrono>
#include <thread>

#include "check.h"
#include "small_model.h"

using namespace cws;

namespace {

std::vector<std::u32string> random_texts(std::mt19937& random, size_t count, size_t longest) {
    std::vector<std::u32string> texts;
    while (texts.size() < count) texts.push_back(random_text(random, U"他来到了网易a1 \n", random() % longest));
    return texts;
}

std::vector<TextView> views_of(const std::vector<std::u32string>& texts) {
    std::vector<TextView> views;
    for (const std::u32string& text : texts) views.push_back({codes_of(text), text.size()});
    return views;
}

std::vector<WordEnds> segment_all(const Labeler& model, const std::vector<std::u32string>& texts,
                                  const UserDictionary* dictionary, int threads) {
    SegmenterPool pool(model);
    std::vector<WordEnds> all;
    segment_batch(pool, views_of(texts), dictionary, threads, [&](size_t first, std::vector<WordEnds>& word_ends) {
        CHECK(first == all.size());  // in order
        for (WordEnds& ends : word_ends) all.push_back(std::move(ends));
    });
    return all;
}

}  // namespace

TEST(batch_is_the_same_as_text_by_text_for_any_threads) {
    std::mt19937 random(5);
    const UserDictionary dictionary = make_dictionary({{U"来到", kForced, ""}, {U"他 网", 3, ""}}, 1);
    for (const bool side_by_side : {false, true})
        for (const size_t count : {0, 1, 7, 300}) {
            SmallModel model;
            model.reads_side_by_side = side_by_side;
            std::vector<std::u32string> texts = random_texts(random, count, 40);
            if (count > 10) texts[5] = random_text(random, U"他来到 ", 3 * kBlock);
            std::vector<WordEnds> expected;
            Segmenter segmenter(model);
            for (const std::u32string& text : texts) {
                expected.emplace_back(text.size());
                segmenter.word_ends(codes_of(text), text.size(), &dictionary, expected.back().data());
            }
            for (const int threads : {1, 2, 3, 8}) CHECK(segment_all(model, texts, &dictionary, threads) == expected);
        }
}

TEST(batch_throws_on_what_ends_a_thread) {
    std::mt19937 random(6);
    std::vector<std::u32string> texts = random_texts(random, 2000, 20);
    texts[1500] += SmallModel::kBad;
    const SmallModel model;
    SegmenterPool pool(model);
    for (const int threads : {1, 2, 4}) {
        size_t taken = 0;
        const auto take = [&](size_t first, std::vector<WordEnds>& word_ends) {
            CHECK(first == taken);
            taken += word_ends.size();
            if (first == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));  // all is there by then
        };
        CHECK_THROWS(std::runtime_error, segment_batch(pool, views_of(texts), nullptr, threads, take));
        CHECK(taken <= 1500);
        if (threads == 1) CHECK(taken == 1500 / 256 * 256);  // what was there before the error is taken
    }
    texts[1500].pop_back();  // and the pool is as good as before
    size_t taken = 0;
    segment_batch(pool, views_of(texts), nullptr, 2,
                  [&](size_t, std::vector<WordEnds>& word_ends) { taken += word_ends.size(); });
    CHECK(taken == texts.size());
}

TEST(batch_ends_early_when_the_taker_throws) {
    struct Stop {};
    struct SlowModel : SmallModel {  // until the taker has thrown, only the first chunk is segmented
        mutable std::atomic<bool> is_thrown{false};
        struct SlowDecoder : SmallDecoder {
            explicit SlowDecoder(const SlowModel& model) : SmallDecoder(model), model(model) {}
            void score(const uint16_t* codes, const uint32_t* characters, int count) override {
                while (model.scored > 256 && !model.is_thrown) std::this_thread::yield();
                if (model.is_thrown) std::this_thread::sleep_for(std::chrono::milliseconds(2));
                SmallDecoder::score(codes, characters, count);
            }
            const SlowModel& model;
        };
        std::unique_ptr<Decoder> decoder() const override { return std::make_unique<SlowDecoder>(*this); }
    };
    const SlowModel model;
    SegmenterPool pool(model);
    const std::vector<std::u32string> texts(4096, U"他来到了");
    const auto take = [&](size_t, std::vector<WordEnds>&) {
        model.is_thrown = true;
        throw Stop();
    };
    CHECK_THROWS(Stop, segment_batch(pool, views_of(texts), nullptr, 1, take));
    CHECK(model.scored >= 256 && model.scored <= 3 * 256);  // the chunk in work is finished, and no other begun
}

TEST(batch_reads_texts_of_any_width) {
    const SmallModel model;
    const std::u32string wide = U"abc 12d";
    const std::u16string middle(wide.begin(), wide.end());
    const std::string narrow(wide.begin(), wide.end());
    const std::vector<TextView> views{{codes_of(wide), wide.size()},
                                      {reinterpret_cast<const uint16_t*>(middle.data()), middle.size()},
                                      {reinterpret_cast<const uint8_t*>(narrow.data()), narrow.size()}};
    SegmenterPool pool(model);
    std::vector<WordEnds> all;
    segment_batch(pool, views, nullptr, 1,
                  [&](size_t, std::vector<WordEnds>& ends) { all.insert(all.end(), ends.begin(), ends.end()); });
    CHECK(all.size() == 3 && all[0].size() == wide.size() && all[1] == all[0] && all[2] == all[0]);
}

TEST(batch_pool_lends_a_segmenter_to_one_thread_at_a_time) {
    const SmallModel model;
    SegmenterPool pool(model);
    const Segmenter* first;
    {
        SegmenterPool::Lease one(pool), other(pool);
        first = &*one;
        CHECK(&*one != &*other);
    }
    SegmenterPool::Lease again(pool);
    CHECK(&*again == first);  // given back last
}
