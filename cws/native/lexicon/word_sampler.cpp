#include "lexicon/word_sampler.h"

#include <algorithm>
#include <cmath>

namespace cws {

namespace {

// Numbers of strings, each by the number of all but its last symbol and that symbol; by open addressing.
class StringTable {
public:
    explicit StringTable(size_t most) {
        while (slots_.size() < 2 * most) slots_.resize(2 * slots_.size());
    }
    uint32_t& at(uint32_t first, uint32_t last) {
        const uint64_t key = uint64_t{first} << 32 | last;
        const uint64_t hash = (key ^ key >> 31) * 0x9E3779B97F4A7C15u;
        size_t at = (hash ^ hash >> 29) & (slots_.size() - 1);
        while (slots_[at].key != key && slots_[at].key != kFree) at = (at + 1) & (slots_.size() - 1);
        slots_[at].key = key;
        return slots_[at].value;
    }

private:
    static constexpr uint64_t kFree = ~uint64_t{0};
    struct Slot {
        uint64_t key = kFree;
        uint32_t value = 0;
    };
    std::vector<Slot> slots_{16};
};

}  // namespace

WordSampler::WordSampler(const uint32_t* symbols, const uint64_t* offsets, size_t runs, const uint8_t* ends,
                         const SamplerOptions& options)
    : options_(options), offsets_(offsets, offsets + runs + 1), ends_(ends, ends + offsets[runs]), state_(options.seed) {
    spell_symbols(symbols);
    std::vector<uint32_t> numbers(symbols, symbols + ends_.size());
    for (size_t length = 2; length <= 2 * size_t(options_.longest); ++length) number_strings(symbols, length, numbers);
    edge_ = uint32_t(words_.size());
    words_.push_back({0.1f, 0, 0, 0});
    firsts_.resize(words_.size());
    lasts_.resize(words_.size());
    size_t longest_run = 0;
    for (size_t run = 0; run < runs; ++run) {
        const size_t begin = offsets_[run], end = offsets_[run + 1];
        longest_run = std::max(longest_run, end - begin);
        if (end == begin) continue;
        ends_[end - 1] = 1;
        for (size_t at = begin, length = 0; at < end; ++at) {  // no word is too long
            if (++length == size_t(options_.longest)) ends_[at] = 1;
            if (ends_[at]) length = 0;
        }
        for_each_pair(begin, end, [&](Pair pair) { add(pair); });
    }
    edges_.resize((longest_run + 1) * size_t(options_.longest));
    backing_.resize(longest_run + 1);
    scales_.resize(longest_run + 1);
}

// Numbers the symbols, and finds out what one more symbol makes of the spelling of a word.
void WordSampler::spell_symbols(const uint32_t* symbols) {
    const size_t size = ends_.size(), longest = size_t(options_.longest);
    symbols_ = size ? 1 + *std::max_element(symbols, symbols + size) : 0;
    std::vector<double> frequencies(symbols_);
    for (size_t at = 0; at < size; ++at) frequencies[symbols[at]] += 1;
    double lengths[kMaxLength], sum = 0, poisson = 1;
    for (size_t k = 0; k < longest; ++k) sum += lengths[k] = poisson *= options_.mean_length / double(k + 1);
    for (size_t k = 0; k < longest; ++k)
        for (const double frequency : frequencies)
            growth_.push_back(lengths[k] / (k ? lengths[k - 1] : sum) * frequency / double(size));
    for (size_t symbol = 0; symbol < symbols_; ++symbol) words_.push_back({float(growth_[symbol]), 0, 0, 0});
    ids_.assign(size * longest, kOnce);
    splits_.resize(size * (2 * longest - 1));
    pairs_.resize(longest);  // so that no place of splits_ is below 0
    repeated_.assign(size, 1);
    for (size_t at = 0; at < size; ++at) ids_[at * longest] = symbols[at];
}

// Numbers the strings of a length that occur twice, given the numbers of those a symbol shorter.
void WordSampler::number_strings(const uint32_t* symbols, size_t length, std::vector<uint32_t>& numbers) {
    const size_t longest = size_t(options_.longest);
    const size_t first_split = length > longest ? length - longest : 1;
    const size_t splits = std::min(length - 1, longest) - first_split + 1;
    StringTable strings(size_t(std::count_if(numbers.begin(), numbers.end(), [](uint32_t n) { return n != kOnce; })));
    const auto for_each_string = [&](auto visit) {
        for (size_t run = 0; run + 1 < offsets_.size(); ++run)
            for (size_t at = offsets_[run]; at < offsets_[run + 1]; ++at)
                if (numbers[at] != kOnce && at + length <= offsets_[run + 1])
                    visit(at, strings.at(numbers[at], symbols[at + length - 1]));
                else
                    numbers[at] = kOnce;
    };
    constexpr uint32_t kSeen = 1, kTwice = 2, kNumbers = 3;
    for_each_string([&](size_t, uint32_t& string) { string = std::min(string + kSeen, kTwice); });
    const auto base = uint32_t(words_.size());
    uint32_t count = 0;
    for_each_string([&](size_t at, uint32_t& string) {
        if (string == kSeen) {
            numbers[at] = kOnce;
            return;
        }
        if (string == kTwice) {
            string = kNumbers + count++;
            if (length <= longest) {
                const Word& shorter = words_[ids_[at * longest + length - 2]];
                const double growth = growth_[(length - 1) * symbols_ + symbols[at + length - 1]];
                words_.push_back({float(shorter.spelling * growth), 0, 0, 0});
            }
        }
        const uint32_t number = numbers[at] = string - kNumbers;
        repeated_[at] = uint8_t(length);
        if (length <= longest) ids_[at * longest + length - 1] = base + number;
        splits_[at * (2 * longest - 1) + length - 2] = uint32_t(pairs_.size() + number * splits - first_split);
    });
    pairs_.resize(pairs_.size() + count * splits);
}

inline const uint32_t* WordSampler::count_of(Pair pair) const {
    const size_t length = pair.end - pair.first;
    if (length > repeated_[pair.first]) return nullptr;
    if (pair.first == pair.middle) return &firsts_[word_at(pair.middle, pair.end)];
    if (pair.middle == pair.end) return &lasts_[word_at(pair.first, pair.middle)];
    return &pairs_[splits_[pair.first * (2 * size_t(options_.longest) - 1) + length - 2] + (pair.middle - pair.first)];
}

void WordSampler::add(Pair pair) {
    const uint32_t first = word_at(pair.first, pair.middle), second = word_at(pair.middle, pair.end);
    if (first != kOnce) ++words_[first].after;
    if (const uint32_t* const count = count_of(pair); count && ++const_cast<uint32_t&>(*count) > 1) return;
    if (first != kOnce) ++words_[first].types_after;
    ++types_before_;
    if (second == kOnce || words_[second].types_before++ == 0) ++types_;
}

void WordSampler::remove(Pair pair) {
    const uint32_t first = word_at(pair.first, pair.middle), second = word_at(pair.middle, pair.end);
    if (first != kOnce) --words_[first].after;
    if (const uint32_t* const count = count_of(pair); count && --const_cast<uint32_t&>(*count) > 0) return;
    if (first != kOnce) --words_[first].types_after;
    --types_before_;
    if (second == kOnce || --words_[second].types_before == 0) --types_;
}

double WordSampler::unigram(const Word& word) const {
    const double seen = word.types_before > 0 ? word.types_before - options_.unigram_discount : 0;
    const double rest = options_.unigram_strength + options_.unigram_discount * double(types_);
    return (seen + rest * double(word.spelling)) / (options_.unigram_strength + double(types_before_));
}

// P(w | v), given v and P(w).
double WordSampler::probability(const Word& from, double unigram, Pair pair) const {
    if (from.after == 0) return unigram;
    const uint32_t* const count = count_of(pair);
    const double seen = count && *count > 0 ? *count - options_.discount : 0;
    return (seen + (options_.strength + options_.discount * from.types_after) * unigram) / (options_.strength + from.after);
}

// Visits the words of a run with their predecessors, and the end of the run with the last word.
template <class Visit>
void WordSampler::for_each_pair(size_t begin, size_t end, Visit visit) const {
    Pair pair{begin, begin, begin};
    for (size_t at = begin; at < end; ++at) {
        if (!ends_[at]) continue;
        pair.end = at + 1;
        visit(pair);
        pair = {pair.middle, pair.end, pair.end};
    }
    visit(pair);
}

// Asks for what a run will need, long before.
void WordSampler::prefetch(size_t run) const {
    if (run + 1 >= offsets_.size()) return;
    const size_t longest = size_t(options_.longest);
    for (size_t at = offsets_[run]; at < offsets_[run + 1]; ++at) {
        const size_t repeated = repeated_[at];
        for (size_t k = 0; k < std::min(longest, repeated); ++k) __builtin_prefetch(&words_[ids_[at * longest + k]]);
        for (size_t k = 0; k + 1 < repeated; ++k)
            __builtin_prefetch(pairs_.data() + splits_[at * (2 * longest - 1) + k] + 1);
    }
}

double WordSampler::sweep() {
    constexpr size_t kAhead = 2;  // runs
    double total = 0;
    for (size_t run = 0; run + 1 < offsets_.size(); ++run) {
        const size_t begin = offsets_[run], end = offsets_[run + 1];
        prefetch(run + kAhead);
        if (begin == end) continue;
        for_each_pair(begin, end, [&](Pair pair) { remove(pair); });
        load(begin, end - begin);
        total += forward(begin, end - begin);
        draw(begin, end - begin);
        for_each_pair(begin, end, [&](Pair pair) { add(pair); });
    }
    return total;
}

// Fetches the words of the lattice, all at once, so that the cache misses overlap.
void WordSampler::load(size_t begin, size_t count) {
    const size_t longest = size_t(options_.longest);
    for (size_t at = 0; at < count; ++at) {
        const uint32_t* const ids = &ids_[(begin + at) * longest];
        float spelling = 0;
        for (size_t k = 0; k < longest && at + k < count; ++k) {
            Edge& edge = edges_[(at + k + 1) * longest + k];
            edge.id = ids[k];
            if (edge.id == kOnce)
                edge.word = {float(spelling * growth_[k * symbols_ + ids[k * longest]]), 0, 0, 0};
            else
                edge.word = words_[edge.id];
            spelling = edge.word.spelling;
        }
    }
}

// Sums the paths to every word of the lattice; sums that end at a place are scaled to 1 there. Returns the log of the
// sum of all, without the end of the run.
double WordSampler::forward(size_t begin, size_t count) {
    const size_t longest = size_t(options_.longest);
    const Word& start = words_[edge_];
    double log_sum = 0;
    for (size_t end = 1; end <= count; ++end) {
        double scale = 1, sum = 0;
        for (size_t k = 1; k <= std::min(longest, end); ++k) {
            Edge& edge = edges_[end * longest + k - 1];
            edge.unigram = unigram(edge.word);
            const size_t from = end - k;
            if (k > 1) scale *= scales_[from + 1];
            double value;
            if (from == 0) {
                value = probability(start, edge.unigram, {begin, begin, begin + end});
            } else {
                value = edge.unigram * backing_[from];
                for (size_t j = 1; edge.word.types_before > 0 && j <= std::min(longest, from); ++j) {
                    const Edge& last = edges_[from * longest + j - 1];
                    if (last.word.after == 0) continue;
                    const uint32_t* const pairs = count_of({begin + from - j, begin + from, begin + end});
                    if (pairs && *pairs > 0)
                        value += last.forward * (*pairs - options_.discount) / (options_.strength + last.word.after);
                }
            }
            sum += edge.forward = value * scale;
        }
        scales_[end] = 1 / sum;
        backing_[end] = 0;
        for (size_t k = 1; k <= std::min(longest, end); ++k) {
            Edge& edge = edges_[end * longest + k - 1];
            edge.forward /= sum;
            const Word& word = edge.word;
            backing_[end] += edge.forward * (options_.strength + options_.discount * word.types_after) /
                             (options_.strength + word.after);
        }
        log_sum += std::log(sum);
    }
    return log_sum;
}

void WordSampler::draw(size_t begin, size_t count) {
    const size_t longest = size_t(options_.longest);
    std::fill_n(ends_.begin() + long(begin), count, uint8_t{0});
    double next_unigram = unigram(words_[edge_]);
    size_t next_end = count;
    for (size_t end = count; end > 0;) {
        double weights[kMaxLength], sum = 0;
        const size_t lengths = std::min(longest, end);
        for (size_t k = 1; k <= lengths; ++k) {
            const Edge& edge = edges_[end * longest + k - 1];
            const double follows = probability(edge.word, next_unigram, {begin + end - k, begin + end, begin + next_end});
            sum += weights[k - 1] = edge.forward * follows;
        }
        double left = uniform() * sum;
        size_t k = 1;
        while (k < lengths && (left -= weights[k - 1]) >= 0) ++k;
        ends_[begin + end - 1] = 1;
        const Edge& edge = edges_[end * longest + k - 1];
        next_unigram = edge.unigram;
        next_end = end;
        end -= k;
    }
}

double WordSampler::uniform() {  // SplitMix64
    uint64_t bits = state_ += 0x9E3779B97F4A7C15u;
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EBu;
    return double((bits ^ bits >> 31) >> 11) * 0x1p-53;
}

}  // namespace cws
