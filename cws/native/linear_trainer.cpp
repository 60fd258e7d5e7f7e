#include "linear_trainer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "widest.h"

namespace cws {
namespace {

constexpr float kAdaGradOffset = 1e-6f;
constexpr int kAhead = 8;              // characters the weights are fetched ahead
constexpr int kTransitionRows = 0, kStartRow = 4, kEndRow = 5, kChainRows = 6;

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

inline void add(float* sums, const float* row, int width) {
    for (int i = 0; i < width; ++i) sums[i] += row[i];
}

}  // namespace

// Arrays of (count, 4); scores and gradients have room for what n-grams say of the edges.
struct LinearTrainer::Chain {
    static constexpr int kMargin = kTags * (kPad + kPositions);
    std::vector<float> scores, potentials, forward, backward, gradients;
    float chain_gradients[kChainRows][kTags];

    void reset(int count) {
        const size_t size = size_t(count) * kTags;
        scores.assign(size + 2 * kMargin, 0.f);
        gradients.assign(size + 2 * kMargin, 0.f);
        for (auto* values : {&potentials, &forward, &backward}) values->resize(size);
        for (auto& row : chain_gradients) std::fill(row, row + kTags, 0.f);
    }
    float* score(int at) { return scores.data() + kMargin + at * kTags; }
    float* gradient(int at) { return gradients.data() + kMargin + at * kTags; }
    const float* gradient(int at) const { return gradients.data() + kMargin + at * kTags; }
};

void TaggedCorpus::add(const uint16_t* sequence_codes, const uint8_t* sequence_tags, int count) {
    sequences.emplace_back(int64_t(codes.size()), count);
    codes.insert(codes.end(), sequence_codes, sequence_codes + count);
    codes.insert(codes.end(), kPad, kEdge);
    tags.insert(tags.end(), sequence_tags, sequence_tags + count);
    tags.insert(tags.end(), kPad, 0);
}

inline void LinearTrainer::Table::update(size_t at, const float* gradient, float rate) {
    float* __restrict w = weights.data() + at * size_t(width);
    float* __restrict s = squares.data() + at * size_t(width);
    for (int i = 0; i < width; ++i) {
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

LinearTrainer::LinearTrainer(TaggedCorpus corpus, std::vector<uint8_t> types, const std::vector<LexiconEntry>& lexicon,
                             TrainerOptions options)
    : corpus_(std::move(corpus)),
      types_(std::move(types)),
      options_(options),
      index_(make_index(corpus_, lexicon, options, rows_, lexicon_rows_)),
      unigrams_(types_.size(), kUnigramPositions * kTags),
      own_(rows_, kLanes),
      lexicon_(lexicon_rows_, kLanes),
      type_contexts_(kTypeContexts, kTags),
      repetitions_(kRepetitions, kTags),
      chain_(kChainRows, kTags),
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

CWS_WIDEST void LinearTrainer::score(const uint16_t* codes, const Ngrams* ngrams, int count, Chain& chain) const {
    chain.reset(count);
    for (int i = -kPad; i < count + kPad; ++i) add(chain.score(i - 2), unigrams_.row(codes[i]), unigrams_.width);
    for (int i = -1; i < count; ++i) {
        if (i + kAhead < count)
            for (const Ngram& ngram : ngrams[i + kAhead]) __builtin_prefetch(own_.row(ngram.row));
        for (int order = 2; order <= kMaxOrder; ++order) {
            const Ngram ngram = ngrams[i][size_t(order - 2)];
            float* scores = chain.score(i + kFirstScored[order - 2]);
            if (ngram.row) add(scores, own_.row(ngram.row), kLanes);
            if (ngram.lexicon_row) add(scores, lexicon_.row(ngram.lexicon_row), kLanes);
        }
    }
    for (int i = 0; i < count; ++i) {
        add(chain.score(i), type_contexts_.row(type_context(codes + i)), kTags);
        add(chain.score(i), repetitions_.row(repetition_of(codes + i)), kTags);
    }
}

// Forward-backward with scaling; fills the gradients of the log-likelihood, which are gold minus marginals, and returns
// the loss.
double LinearTrainer::differentiate(const uint8_t* tags, int count, Chain& chain) {
    float transitions[kTags][kTags], start[kTags], end[kTags];
    for (int k = 0; k < kTags; ++k) {
        for (int to = 0; to < kTags; ++to) transitions[k][to] = std::exp(chain_.row(size_t(kTransitionRows + k))[to]);
        start[k] = k == S || k == B ? std::exp(chain_.row(kStartRow)[k]) : 0.f;
        end[k] = k == S || k == E ? std::exp(chain_.row(kEndRow)[k]) : 0.f;
    }
    double log_partition = 0;
    for (int i = 0; i < count; ++i) {
        float* scores = chain.score(i);
        for (int k = 0; k < kTags; ++k) scores[k] += k == tags[i] ? 0.f : options_.margin;
        const float largest = *std::max_element(scores, scores + kTags);
        for (int k = 0; k < kTags; ++k) chain.potentials[size_t(i * kTags + k)] = std::exp(scores[k] - largest);
        log_partition += double(largest);
    }
    for (int i = 0; i < count; ++i) {
        float* forward = &chain.forward[size_t(i * kTags)];
        const float* potentials = &chain.potentials[size_t(i * kTags)];
        float total = 0;
        for (int k = 0; k < kTags; ++k) {
            const auto [p, q] = kBefore[k];
            const float* before = forward - kTags;
            forward[k] = potentials[k] * (i ? before[p] * transitions[p][k] + before[q] * transitions[q][k] : start[k]);
            total += forward[k];
        }
        for (int k = 0; k < kTags; ++k) forward[k] /= total;
        log_partition += std::log(double(total));
    }
    const float* last = &chain.forward[size_t((count - 1) * kTags)];
    log_partition += std::log(double(last[S] * end[S] + last[E] * end[E]));

    for (int i = count - 1; i >= 0; --i) {
        float* backward = &chain.backward[size_t(i * kTags)];
        const float* forward = &chain.forward[size_t(i * kTags)];
        float coming[kTags] = {};
        float total = 0;
        for (int k = 0; k < kTags; ++k) {
            if (i == count - 1) {
                backward[k] = end[k];
            } else {
                const auto [p, q] = kAfter[k];
                for (const Tag to : {p, q}) coming[to] = chain.potentials[size_t((i + 1) * kTags + to)] * backward[kTags + to];
                backward[k] = transitions[k][p] * coming[p] + transitions[k][q] * coming[q];
            }
            total += forward[k] * backward[k];
        }
        float sum = 0;
        for (int k = 0; k < kTags; ++k) {
            if (i < count - 1)
                for (const Tag to : kAfter[k])
                    chain.chain_gradients[k][to] -= forward[k] * transitions[k][to] * coming[to] / total;
            chain.gradient(i)[k] = -forward[k] * backward[k] / total;
            sum += backward[k];
        }
        for (int k = 0; k < kTags; ++k) backward[k] /= sum;
    }
    for (int k = 0; k < kTags; ++k) {
        chain.chain_gradients[kStartRow][k] = chain.gradient(0)[k];
        chain.chain_gradients[kEndRow][k] = chain.gradient(count - 1)[k];
    }
    double gold = double(chain_.row(kStartRow)[tags[0]] + chain_.row(kEndRow)[tags[count - 1]]);
    chain.chain_gradients[kStartRow][tags[0]] += 1;
    chain.chain_gradients[kEndRow][tags[count - 1]] += 1;
    for (int i = 0; i < count; ++i) {
        chain.gradient(i)[tags[i]] += 1;
        gold += double(chain.score(i)[tags[i]]);
        if (i == 0) continue;
        chain.chain_gradients[tags[i - 1]][tags[i]] += 1;
        gold += double(chain_.row(tags[i - 1])[tags[i]]);
    }
    return log_partition - gold;
}

CWS_WIDEST void LinearTrainer::update(const uint16_t* codes, const Ngrams* ngrams, int count, const Chain& chain) {
    const float rate = options_.rate;
    for (int i = -kPad; i < count + kPad; ++i) unigrams_.update(codes[i], chain.gradient(i - 2), rate);
    for (int i = -1; i < count; ++i) {
        if (i + kAhead < count)
            for (const Ngram& ngram : ngrams[i + kAhead])
                __builtin_prefetch(own_.squares.data() + size_t(ngram.row) * kLanes, 1);
        for (int order = 2; order <= kMaxOrder; ++order) {
            const Ngram ngram = ngrams[i][size_t(order - 2)];
            const float* gradient = chain.gradient(i + kFirstScored[order - 2]);
            if (ngram.row) own_.update(ngram.row, gradient, rate);
            if (ngram.lexicon_row) lexicon_.update(ngram.lexicon_row, gradient, rate);
        }
    }
    for (int i = 0; i < count; ++i) {
        type_contexts_.update(type_context(codes + i), chain.gradient(i), rate);
        repetitions_.update(repetition_of(codes + i), chain.gradient(i), rate);
    }
    for (size_t row = 0; row < kChainRows; ++row) chain_.update(row, chain.chain_gradients[row], rate);
}

double LinearTrainer::run_epoch() {
    for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random_() % i]);
    Chain chain;
    double loss = 0;
    size_t characters = 0;
    for (const uint32_t which : order_) {
        const auto [begin, count] = corpus_.sequences[which];
        const uint16_t* codes = corpus_.codes.data() + begin;
        score(codes, ngrams_.data() + begin, count, chain);
        loss += differentiate(corpus_.tags.data() + begin, count, chain);
        update(codes, ngrams_.data() + begin, count, chain);
        characters += size_t(count);
    }
    return loss / double(std::max<size_t>(characters, 1));
}

WordCounts LinearTrainer::evaluate(const TaggedCorpus& corpus) const {
    WordCounts counts;
    Chain chain;
    std::vector<Ngrams> ngrams;
    std::vector<int16_t> emissions;
    std::vector<uint8_t> back, ends;
    // Viterbi wants 16-bit integers: 1/256 is finer than any difference that matters.
    constexpr float kFine = 256.f;
    const auto fixed = [](float score) { return int16_t(std::clamp(std::round(score * kFine), -32767.f, 32767.f)); };
    int16_t chain_scores[kChainRows * kTags];
    std::transform(chain_.weights.begin(), chain_.weights.end(), chain_scores, fixed);
    const ChainScores fixed_chain{chain_scores, chain_scores + kStartRow * kTags, chain_scores + kEndRow * kTags};
    for (const auto& [begin, count] : corpus.sequences) {
        const uint16_t* codes = corpus.codes.data() + begin;
        ngrams.assign(size_t(count) + 1, Ngrams{});
        for (int i = -1; i < count; ++i) ngrams[size_t(i + 1)] = ngrams_at(codes + i);
        score(codes, ngrams.data() + 1, count, chain);
        emissions.resize(size_t(count) * kTags);
        back.resize(size_t(count));
        ends.resize(size_t(count));
        std::transform(chain.score(0), chain.score(count), emissions.begin(), fixed);
        viterbi_word_ends(fixed_chain, emissions.data(), count, back.data(), ends.data());
        int gold_start = 0, predicted_start = 0;
        for (int i = 0; i < count; ++i) {
            const uint8_t tag = corpus.tags[size_t(begin + i)];
            const bool gold = tag == S || tag == E, predicted = ends[size_t(i)];
            counts.gold += gold;
            counts.predicted += predicted;
            counts.correct += gold && predicted && gold_start == predicted_start;
            if (gold) gold_start = i + 1;
            if (predicted) predicted_start = i + 1;
        }
    }
    return counts;
}

LinearTrainer::Weights LinearTrainer::weights() const {
    Weights result;
    result.unigrams = unigrams_.weights;
    result.type_contexts = type_contexts_.weights;
    result.repetitions = repetitions_.weights;
    result.transitions.assign(chain_.row(kTransitionRows), chain_.row(kStartRow));
    result.start.assign(chain_.row(kStartRow), chain_.row(kEndRow));
    result.end.assign(chain_.row(kEndRow), chain_.row(kEndRow) + kTags);
    std::vector<std::pair<uint64_t, Ngram>> ngrams;
    index_.for_each([&](uint64_t key, const Ngram& ngram) { ngrams.emplace_back(key, ngram); });
    std::sort(ngrams.begin(), ngrams.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    result.keys.reserve(ngrams.size());
    result.ngrams.resize(ngrams.size() * kLanes);
    float* sums = result.ngrams.data();
    for (const auto& [key, ngram] : ngrams) {
        result.keys.push_back(key);
        result.in_lexicon.push_back(ngram.lexicon_row != 0);
        add(sums, own_.row(ngram.row), kLanes);
        add(sums, lexicon_.row(ngram.lexicon_row), kLanes);
        sums += kLanes;
    }
    return result;
}

}  // namespace cws
