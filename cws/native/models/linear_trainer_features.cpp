// What a linear trainer knows before its first epoch: the n-grams that have weights, their classes, and the layers of
// weights; and what becomes of them in the end.
#include "models/linear_trainer.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace cws {
namespace {

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

TagLegality checked(TagLegality legality) {
    if (legality.tags != 2 && legality.tags != 4 && legality.tags != 6)
        throw std::invalid_argument("a linear model has 2, 4 or 6 tags, got " + std::to_string(legality.tags));
    return legality;
}

}  // namespace

void TaggedCorpus::add(const uint16_t* sequence_codes, const uint8_t* sequence_tag_sets, int count, uint8_t standard,
                       float weight) {
    sequences.push_back({int64_t(codes.size()), count, standard, weight});
    codes.insert(codes.end(), sequence_codes, sequence_codes + count);
    codes.insert(codes.end(), kPad, kEdge);
    tag_sets.insert(tag_sets.end(), sequence_tag_sets, sequence_tag_sets + count);
    tag_sets.insert(tag_sets.end(), kPad, 0);
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
    for (size_t at = hash.rest & mask_; keys_[at] != kFree; at = (at + 1) & mask_)
        if (keys_[at] == key) return &values_[at];
    return nullptr;
}

LinearTrainer::Ngram& LinearTrainer::Index::insert(uint64_t key) {
    size_t at = Hash(key).rest & mask_;
    while (keys_[at] != kFree && keys_[at] != key) at = (at + 1) & mask_;
    keys_[at] = key;
    return values_[at];
}

LinearTrainer::Index LinearTrainer::make_index(const TaggedCorpus& corpus, const ClassLists& lists,
                                               const TrainerOptions& options, size_t& rows, size_t& class_rows) {
    std::vector<uint64_t> bigrams, trigrams, fourgrams;
    for (const auto& sequence : corpus.sequences) {
        const uint16_t* codes = corpus.codes.data() + sequence.begin;
        for (int i = -1; i < sequence.count; ++i) {
            bigrams.push_back(bigram_key(codes + i));
            trigrams.push_back(trigram_key(codes + i));
            if (i >= 0 && i + kMaxOrder <= sequence.count) fourgrams.push_back(fourgram_key(codes + i));
        }
    }
    keep_frequent(bigrams, 1);
    keep_frequent(trigrams, options.min_trigram_count);
    keep_frequent(fourgrams, options.min_fourgram_count);

    size_t entries = 0;
    for (const auto& list : lists) entries += list.size();
    Index index(bigrams.size() + trigrams.size() + entries);
    class_rows = 1;
    for (size_t at = 0; at < kClassLists; ++at) {
        uint16_t classes = 0;
        for (const NgramClass& one : lists[at]) classes = std::max(classes, one.number);
        if (class_rows + (kMaxOrder - 1) * (size_t(classes) + 1) > std::numeric_limits<uint16_t>::max())
            throw std::invalid_argument("too many lexicon classes");
        for (const NgramClass& one : lists[at]) {
            const int order = is_fourgram(one.key) ? 4 : (one.key >> 32 & kAbsent) != kAbsent ? 3 : 2;
            const size_t row = class_rows + size_t(order - 2) * classes + one.number - 1;
            index.insert(one.key).class_rows[at] = uint16_t(row);
        }
        class_rows += (kMaxOrder - 1) * size_t(classes);
    }
    rows = 1;
    for (const auto* keys : {&bigrams, &trigrams})
        for (const uint64_t key : *keys) index.insert(key).row = uint32_t(rows++);
    for (const uint64_t key : fourgrams)
        if (Ngram* const known = index.find(key)) known->row = uint32_t(rows++);
    return index;
}

LinearTrainer::Layer::Layer(size_t alphabet, size_t ngram_rows, size_t class_rows, int tags, float rate)
    : unigrams(alphabet, kUnigramPositions * tags),
      ngrams(ngram_rows, kPositions * tags),
      classes(class_rows, kPositions * tags),
      type_contexts(kTypeContexts, tags),
      repetitions(kRepetitions, tags),
      chain(size_t(tags + 2), tags),
      rate(rate) {}

LinearTrainer::LinearTrainer(TaggedCorpus corpus, std::vector<uint8_t> types, TagLegality legality,
                             const ClassLists& lists, TrainerOptions options, std::vector<float> chain)
    : corpus_(std::move(corpus)),
      types_(std::move(types)),
      legality_(checked(std::move(legality))),
      options_(options),
      first_chain_(std::move(chain)),
      index_(make_index(corpus_, lists, options, rows_, class_rows_)),
      random_(options.seed) {
    first_chain_.resize(legality_.allowed.size());
    ngrams_.resize(corpus_.codes.size());
    for (const auto& sequence : corpus_.sequences) {
        standards_ = std::max(standards_, size_t(sequence.standard) + 1);
        for (int64_t i = sequence.begin - 1; i < sequence.begin + sequence.count; ++i)
            ngrams_[size_t(i)] = ngrams_at(corpus_.codes.data() + i);
    }
    counts_.assign(standards_, std::vector<uint32_t>(rows_));
    for (const auto& sequence : corpus_.sequences)
        for (int64_t i = sequence.begin - 1; i < sequence.begin + sequence.count; ++i)
            for (const Ngram& ngram : ngrams_[size_t(i)])
                if (ngram.row) ++counts_[sequence.standard][ngram.row];
    add_layers();
    order_.resize(corpus_.sequences.size());
    for (uint32_t i = 0; i < order_.size(); ++i) order_[i] = i;
}

// A standard's own layer has rows for the n-grams of its corpus only.
void LinearTrainer::add_layers() {
    layers_.emplace_back(types_.size(), rows_, class_rows_, tags(), options_.rate);
    if (standards_ == 1) return;
    std::vector<std::vector<uint32_t>> rows(standards_, std::vector<uint32_t>(rows_));
    std::vector<uint32_t> counts(standards_, 1);
    own_rows_.resize(ngrams_.size());
    for (const auto& sequence : corpus_.sequences)
        for (int64_t i = sequence.begin - 1; i < sequence.begin + sequence.count; ++i)
            for (size_t order = 0; order < kMaxOrder - 1; ++order) {
                const uint32_t shared = ngrams_[size_t(i)][order].row;
                uint32_t& own = rows[sequence.standard][shared];
                if (shared && !own) own = counts[sequence.standard]++;
                own_rows_[size_t(i)][order] = own;
            }
    for (size_t standard = 0; standard < standards_; ++standard) {
        layers_.emplace_back(types_.size(), counts[standard], class_rows_, tags(), options_.rate * options_.own_rate);
        layers_.back().rows = std::move(rows[standard]);
    }
}

// The layers whose sum is a standard's weights.
std::vector<const LinearTrainer::Layer*> LinearTrainer::layers_of(size_t standard) const {
    if (standard >= standards_) throw std::invalid_argument("no such standard");
    if (layers_.size() == 1) return {&layers_[0]};
    return {&layers_[0], &layers_[1 + standard]};
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

std::vector<float> LinearTrainer::chain(size_t standard) const {
    std::vector<float> sum = first_chain_;
    for (const Layer* layer : layers_of(standard))
        for (size_t i = 0; i < sum.size(); ++i) sum[i] += layer->chain.weights[i];
    return sum;
}

LinearTrainer::Weights LinearTrainer::weights(size_t standard, LexiconTrust trust) const {
    const std::vector<const Layer*> layers = layers_of(standard);
    const auto sum = [&](Table Layer::*table) {
        std::vector<float> result = (layers[0]->*table).weights;
        for (size_t at = 1; at < layers.size(); ++at)
            for (size_t i = 0; i < result.size(); ++i) result[i] += (layers[at]->*table).weights[i];
        return result;
    };
    Weights result;
    result.unigrams = sum(&Layer::unigrams);
    result.type_contexts = sum(&Layer::type_contexts);
    result.repetitions = sum(&Layer::repetitions);
    std::vector<std::pair<uint64_t, Ngram>> ngrams;
    index_.for_each([&](uint64_t key, const Ngram& ngram) { ngrams.emplace_back(key, ngram); });
    std::sort(ngrams.begin(), ngrams.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    const size_t width = size_t(layers[0]->ngrams.width);
    result.keys.reserve(ngrams.size());
    result.ngrams.resize(ngrams.size() * width);
    float* at = result.ngrams.data();
    for (const auto& [key, ngram] : ngrams) {
        result.keys.push_back(key);
        result.in_lexicon.push_back(ngram.class_rows[0] != 0);
        for (const Layer* layer : layers) {
            const float* own = layer->ngrams.row(layer->row_of(ngram.row));
            for (size_t i = 0; i < width; ++i) at[i] += own[i];
            const float of_lexicon = trust.of(counts_[standard][ngram.row]);
            const float *lexicon = layer->classes.row(ngram.class_rows[0]), *raw = layer->classes.row(ngram.class_rows[1]);
            for (size_t i = 0; i < width; ++i) at[i] += of_lexicon * lexicon[i];
            for (size_t i = 0; i < width; ++i) at[i] += raw[i];
        }
        at += width;
    }
    return result;
}

}  // namespace cws
