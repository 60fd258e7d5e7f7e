#include "models/linear_trainer.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "base/cpu_dispatch.h"

namespace cws {
namespace {

constexpr float kAdaGradOffset = 1e-6f;
constexpr int kAhead = 8;              // characters the weights are fetched ahead

// Leaves the distinct keys that occur at least min_count times, ascending.
void keep_frequent(std::vector<uint64_t>& keys, int min_count) {
    std::sort(keys.begin(), keys.end());
    auto kept = keys.begin();
    for (auto at = keys.begin(); at != keys.end();) {
        const auto next = std::find_if(at, keys.end(), [&](uint64_t key) { return key != *at; });
        if (next - at >= min_count) *kept++ = *at;
        at = next;
    }
    keys.erase(kept, keys.end());
    keys.shrink_to_fit();
}

template <int kWidth>
inline void add(float* sums, const float* row) {
    for (int i = 0; i < kWidth; ++i) sums[i] += row[i];
}

// Calls the function with the number of tags as a constant.
template <class Function>
auto with_tags(int tags, Function function) {
    switch (tags) {
        case 2: return function(std::integral_constant<int, 2>());
        case 4: return function(std::integral_constant<int, 4>());
        case 6: return function(std::integral_constant<int, 6>());
        default: throw std::invalid_argument("a linear model has 2, 4 or 6 tags, got " + std::to_string(tags));
    }
}

TagLegality checked(TagLegality legality) {
    with_tags(legality.tags, [](auto) {});
    return legality;
}

}  // namespace

void TaggedCorpus::add(const uint16_t* sequence_codes, const uint8_t* sequence_tags, int count) {
    sequences.emplace_back(int64_t(codes.size()), count);
    codes.insert(codes.end(), sequence_codes, sequence_codes + count);
    codes.insert(codes.end(), kPad, kEdge);
    tags.insert(tags.end(), sequence_tags, sequence_tags + count);
    tags.insert(tags.end(), kPad, 0);
}

template <int kWidth>
inline void LinearTrainer::Table::update(size_t at, const float* gradient, float rate) {
    float* __restrict w = weights.data() + at * kWidth;
    float* __restrict s = squares.data() + at * kWidth;
    for (int i = 0; i < kWidth; ++i) {
        s[i] += gradient[i] * gradient[i];
        w[i] += rate * gradient[i] / std::sqrt(s[i] + kAdaGradOffset);
    }
}

LinearTrainer::Index::Index(size_t capacity) {
    size_t size = 16;
    while (size < capacity * 2) size *= 2;
    keys_.assign(size, kFree);
    values_.resize(size);
    mask_ = size - 1;
}

LinearTrainer::Ngram* LinearTrainer::Index::find(uint64_t key) {
    const Hash hash(key);
    for (size_t at = hash.place & mask_; keys_[at] != kFree; at = (at + 1) & mask_)
        if (keys_[at] == key) return &values_[at];
    return nullptr;
}

LinearTrainer::Ngram& LinearTrainer::Index::insert(uint64_t key) {
    size_t at = Hash(key).place & mask_;
    while (keys_[at] != kFree && keys_[at] != key) at = (at + 1) & mask_;
    keys_[at] = key;
    return values_[at];
}

LinearTrainer::Index LinearTrainer::make_index(const TaggedCorpus& corpus, const std::vector<LexiconEntry>& lexicon,
                                               const TrainerOptions& options, size_t& rows, size_t& lexicon_rows) {
    std::vector<uint64_t> bigrams, trigrams, fourgrams;
    for (const auto& [begin, count] : corpus.sequences) {
        const uint16_t* codes = corpus.codes.data() + begin;
        for (int i = -1; i < count; ++i) {
            bigrams.push_back(bigram_key(codes + i));
            trigrams.push_back(trigram_key(codes + i));
            if (i >= 0 && i + kMaxOrder <= count) fourgrams.push_back(fourgram_key(codes + i));
        }
    }
    keep_frequent(bigrams, 1);
    keep_frequent(trigrams, options.min_trigram_count);
    keep_frequent(fourgrams, options.min_fourgram_count);

    uint16_t classes = 0;
    for (const LexiconEntry& entry : lexicon) classes = std::max(classes, entry.lexicon_class);
    lexicon_rows = (kMaxOrder - 1) * (size_t(classes) + 1);
    if (lexicon_rows > std::numeric_limits<uint16_t>::max()) throw std::invalid_argument("too many lexicon classes");
    Index index(bigrams.size() + trigrams.size() + lexicon.size());
    for (const LexiconEntry& entry : lexicon) {
        const int order = is_fourgram(entry.key) ? 4 : (entry.key >> 32 & kAbsent) != kAbsent ? 3 : 2;
        index.insert(entry.key).lexicon_row = uint16_t((order - 2) * (classes + 1) + entry.lexicon_class);
    }
    rows = 1;
    for (const auto* keys : {&bigrams, &trigrams})
        for (const uint64_t key : *keys) index.insert(key).row = uint32_t(rows++);
    for (const uint64_t key : fourgrams)
        if (Ngram* const known = index.find(key)) known->row = uint32_t(rows++);
    return index;
}

LinearTrainer::LinearTrainer(TaggedCorpus corpus, std::vector<uint8_t> types, TagLegality legality,
                             const std::vector<LexiconEntry>& lexicon, TrainerOptions options)
    : corpus_(std::move(corpus)),
      types_(std::move(types)),
      legality_(checked(std::move(legality))),
      options_(options),
      index_(make_index(corpus_, lexicon, options, rows_, lexicon_rows_)),
      unigrams_(types_.size(), kUnigramPositions * tags()),
      own_(rows_, kPositions * tags()),
      lexicon_(lexicon_rows_, kPositions * tags()),
      type_contexts_(kTypeContexts, tags()),
      repetitions_(kRepetitions, tags()),
      chain_(size_t(tags() + 2), tags()),
      order_(corpus_.sequences.size()),
      random_(options.seed) {
    ngrams_.resize(corpus_.codes.size());
    for (const auto& [begin, count] : corpus_.sequences)
        for (int64_t i = begin - 1; i < begin + count; ++i) ngrams_[size_t(i)] = ngrams_at(corpus_.codes.data() + i);
    for (uint32_t i = 0; i < order_.size(); ++i) order_[i] = i;
}

LinearTrainer::Ngrams LinearTrainer::ngrams_at(const uint16_t* codes) const {
    Ngrams result;
    const auto look_up = [&](int order, uint64_t key) {
        if (const Ngram* found = index_.find(key)) result[size_t(order - 2)] = *found;
    };
    look_up(2, bigram_key(codes));
    look_up(3, trigram_key(codes));
    // An edge ends the readable characters, and no 4-gram holds one.
    if (codes[0] != kEdge && codes[1] != kEdge && codes[2] != kEdge) look_up(4, fourgram_key(codes));
    return result;
}

unsigned LinearTrainer::type_context(const uint16_t* codes) const {
    unsigned context = 0;
    for (int i = -2; i <= 2; ++i) context = context << 3 | types_[codes[i]];
    return context;
}

template <int K>
CWS_CPU_DISPATCH void LinearTrainer::score(const uint16_t* codes, const Ngrams* ngrams, int count, MarginLoss<K>& loss) const {
    loss.reset(count);
    for (int i = -kPad; i < count + kPad; ++i) add<kUnigramPositions * K>(loss.score(i - 2), unigrams_.row(codes[i]));
    for (int i = -1; i < count; ++i) {
        if (i + kAhead < count)
            for (const Ngram& ngram : ngrams[i + kAhead]) __builtin_prefetch(own_.row(ngram.row));
        for (int order = 2; order <= kMaxOrder; ++order) {
            const Ngram ngram = ngrams[i][size_t(order - 2)];
            float* scores = loss.score(i + kFirstScored[order - 2]);
            if (ngram.row) add<kPositions * K>(scores, own_.row(ngram.row));
            if (ngram.lexicon_row) add<kPositions * K>(scores, lexicon_.row(ngram.lexicon_row));
        }
    }
    for (int i = 0; i < count; ++i) {
        add<K>(loss.score(i), type_contexts_.row(type_context(codes + i)));
        add<K>(loss.score(i), repetitions_.row(repetition_of(codes + i)));
    }
}

template <int K>
CWS_CPU_DISPATCH void LinearTrainer::update(const uint16_t* codes, const Ngrams* ngrams, int count,
                                      const MarginLoss<K>& loss) {
    const float rate = options_.rate;
    for (int i = -kPad; i < count + kPad; ++i)
        unigrams_.update<kUnigramPositions * K>(codes[i], loss.gradient(i - 2), rate);
    for (int i = -1; i < count; ++i) {
        if (i + kAhead < count)
            for (const Ngram& ngram : ngrams[i + kAhead])
                __builtin_prefetch(own_.squares.data() + size_t(ngram.row) * kPositions * K, 1);
        for (int order = 2; order <= kMaxOrder; ++order) {
            const Ngram ngram = ngrams[i][size_t(order - 2)];
            const float* gradient = loss.gradient(i + kFirstScored[order - 2]);
            if (ngram.row) own_.update<kPositions * K>(ngram.row, gradient, rate);
            if (ngram.lexicon_row) lexicon_.update<kPositions * K>(ngram.lexicon_row, gradient, rate);
        }
    }
    for (int i = 0; i < count; ++i) {
        type_contexts_.update<K>(type_context(codes + i), loss.gradient(i), rate);
        repetitions_.update<K>(repetition_of(codes + i), loss.gradient(i), rate);
    }
    for (size_t row = 0; row < loss.kRows; ++row) chain_.update<K>(row, loss.chain_gradient(row), rate);
}

double LinearTrainer::run_epoch() {
    return with_tags(tags(), [&](auto k) { return run_epoch_of<k>(); });
}

template <int K>
double LinearTrainer::run_epoch_of() {
    for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random_() % i]);
    const ChainWeights chain{chain_.weights.data(), legality_.allowed.data()};
    MarginLoss<K> loss;
    double total = 0;
    size_t characters = 0;
    for (const uint32_t which : order_) {
        const auto [begin, count] = corpus_.sequences[which];
        const uint16_t* codes = corpus_.codes.data() + begin;
        score(codes, ngrams_.data() + begin, count, loss);
        total += loss.differentiate(corpus_.tags.data() + begin, count, chain, options_.margin);
        update(codes, ngrams_.data() + begin, count, loss);
        characters += size_t(count);
    }
    return total / double(std::max<size_t>(characters, 1));
}

std::vector<float> LinearTrainer::emissions(const TaggedCorpus& corpus) const {
    return with_tags(tags(), [&](auto k) { return emissions_of<k>(corpus); });
}

template <int K>
std::vector<float> LinearTrainer::emissions_of(const TaggedCorpus& corpus) const {
    std::vector<float> result;
    MarginLoss<K> loss;
    std::vector<Ngrams> ngrams;
    for (const auto& [begin, count] : corpus.sequences) {
        const uint16_t* codes = corpus.codes.data() + begin;
        ngrams.assign(size_t(count) + 1, Ngrams{});
        for (int i = -1; i < count; ++i) ngrams[size_t(i + 1)] = ngrams_at(codes + i);
        score(codes, ngrams.data() + 1, count, loss);
        result.insert(result.end(), loss.score(0), loss.score(count));
    }
    return result;
}

LinearTrainer::Weights LinearTrainer::weights() const {
    Weights result;
    result.unigrams = unigrams_.weights;
    result.type_contexts = type_contexts_.weights;
    result.repetitions = repetitions_.weights;
    std::vector<std::pair<uint64_t, Ngram>> ngrams;
    index_.for_each([&](uint64_t key, const Ngram& ngram) { ngrams.emplace_back(key, ngram); });
    std::sort(ngrams.begin(), ngrams.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    result.keys.reserve(ngrams.size());
    result.ngrams.reserve(ngrams.size() * size_t(own_.width));
    for (const auto& [key, ngram] : ngrams) {
        result.keys.push_back(key);
        result.in_lexicon.push_back(ngram.lexicon_row != 0);
        std::transform(own_.row(ngram.row), own_.row(ngram.row) + own_.width, lexicon_.row(ngram.lexicon_row),
                       std::back_inserter(result.ngrams), std::plus<float>());
    }
    return result;
}

}  // namespace cws
