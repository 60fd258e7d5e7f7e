#include "lexicon_sampler.h"

#include <algorithm>
#include <cmath>

namespace cws {

uint32_t& PairCounts::at(uint32_t first, uint32_t second) {
    if (used_ * 2 >= slots_.size()) grow();
    Slot& slot = slots_[place(key(first, second))];
    if (slot.key == kFree) {
        slot.key = key(first, second);
        ++used_;
    }
    return slot.count;
}

// Leaves out pairs that have fallen to 0, and doubles the table only if the others need it.
void PairCounts::grow() {
    std::vector<Slot> old;
    old.swap(slots_);
    used_ = size_t(std::count_if(old.begin(), old.end(), [](const Slot& slot) { return slot.count > 0; }));
    slots_.resize(used_ * 3 >= old.size() ? old.size() * 2 : old.size());
    for (const Slot& slot : old)
        if (slot.count > 0) slots_[place(slot.key)] = slot;
}

WordSampler::WordSampler(const uint32_t* units, const uint64_t* offsets, size_t runs, const uint8_t* ends,
                         const SamplerOptions& options)
    : options_(options), offsets_(offsets, offsets + runs + 1), ends_(ends, ends + offsets[runs]), state_(options.seed) {
    number_words(units);
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
        for_each_pair(begin, end, [&](auto... pair) { add(pair...); });
    }
    edges_.resize((longest_run + 1) * size_t(options_.longest));
    backing_.resize(longest_run + 1);
    scales_.resize(longest_run + 1);
}

struct WordSampler::Numbering {
    std::vector<uint32_t> numbers;  // [unit]: of the string of the last length from there; kOnce
    uint32_t next;
};

// Numbers all strings of up to `longest` units that occur twice, and spells them; finds out how long strings are that
// occur twice.
void WordSampler::number_words(const uint32_t* units) {
    const size_t size = ends_.size(), longest = size_t(options_.longest);
    units_ = size ? 1 + *std::max_element(units, units + size) : 0;
    std::vector<double> frequencies(units_);
    for (size_t at = 0; at < size; ++at) frequencies[units[at]] += 1;
    double lengths[kMaxLength], sum = 0, poisson = 1;
    for (size_t k = 0; k < longest; ++k) sum += lengths[k] = poisson *= options_.mean_length / double(k + 1);
    for (size_t k = 0; k < longest; ++k)
        for (const double frequency : frequencies)
            growth_.push_back(k ? lengths[k] / lengths[k - 1] * frequency / double(size)
                                : lengths[0] / sum * frequency / double(size));
    for (size_t unit = 0; unit < units_; ++unit) words_.push_back({float(growth_[unit]), 0, 0, 0});
    ids_.assign(size * longest, kOnce);
    repeated_.resize(size);
    Numbering numbering{std::vector<uint32_t>(units, units + size), units_};
    for (size_t at = 0; at < size; ++at) {
        ids_[at * longest] = units[at];  // even a unit that occurs once has a number
        repeated_[at] = frequencies[units[at]] > 1;
        if (!repeated_[at]) numbering.numbers[at] = kOnce;
    }
    for (size_t length = 2; length <= 2 * longest; ++length) number_longer(units, length, numbering);
    edge_ = uint32_t(words_.size());
    words_.push_back({0.1f, 0, 0, 0});
}

// Numbers the strings of a length, each by the number of its first units and its last unit.
void WordSampler::number_longer(const uint32_t* units, size_t length, Numbering& numbering) {
    const size_t longest = size_t(options_.longest);
    PairCounts strings;
    const auto for_each_string = [&](auto visit) {
        for (size_t run = 0; run + 1 < offsets_.size(); ++run)
            for (size_t at = offsets_[run]; at < offsets_[run + 1]; ++at)
                if (numbering.numbers[at] != kOnce) {
                    const bool is_inside = at + length <= offsets_[run + 1];
                    visit(at, is_inside ? &strings.at(numbering.numbers[at], units[at + length - 1]) : nullptr);
                }
    };
    constexpr uint32_t kSeen = 1, kTwice = 2, kFirst = 3;  // and numbers from kFirst on
    for_each_string([&](size_t, uint32_t* string) {
        if (string && *string < kTwice) *string += kSeen;
    });
    for_each_string([&](size_t at, uint32_t* string) {
        if (!string || *string == kSeen) {
            numbering.numbers[at] = kOnce;
            return;
        }
        if (*string == kTwice) {
            *string = numbering.next++ + kFirst;
            if (length <= longest) {
                const uint32_t first = ids_[at * longest + length - 2];
                const double growth = growth_[(length - 1) * units_ + units[at + length - 1]];
                words_.push_back({float(words_[first].spelling * growth), 0, 0, 0});
            }
        }
        numbering.numbers[at] = *string - kFirst;
        repeated_[at] = uint8_t(length);
        if (length <= longest) ids_[at * longest + length - 1] = numbering.numbers[at];
    });
}

void WordSampler::add(uint32_t first, uint32_t second, bool is_repeated) {
    if (first != kOnce) ++words_[first].behind;
    if (is_repeated && pairs_.at(first, second)++ > 0) return;
    if (first != kOnce) ++words_[first].kinds;
    ++kinds_before_;
    if (second == kOnce || words_[second].before++ == 0) ++kinds_;
}

void WordSampler::remove(uint32_t first, uint32_t second, bool is_repeated) {
    if (first != kOnce) --words_[first].behind;
    if (is_repeated && --pairs_.at(first, second) > 0) return;
    if (first != kOnce) --words_[first].kinds;
    --kinds_before_;
    if (second == kOnce || --words_[second].before == 0) --kinds_;
}

double WordSampler::unigram(const Word& word) const {
    const double seen = word.before > 0 ? word.before - options_.unigram_discount : 0;
    const double rest = options_.unigram_strength + options_.unigram_discount * double(kinds_);
    return (seen + rest * double(word.spelling)) / (options_.unigram_strength + double(kinds_before_));
}

double WordSampler::probability(uint32_t first, const Word& from, uint32_t second, double unigram,
                                bool is_repeated) const {
    if (from.behind == 0) return unigram;
    const uint32_t count = is_repeated ? pairs_.get(first, second) : 0;
    const double seen = count > 0 ? count - options_.discount : 0;
    return (seen + (options_.strength + options_.discount * from.kinds) * unigram) / (options_.strength + from.behind);
}

// Visits the words of a run, and what is between them: both words, and whether the pair of them occurs twice.
template <class Visit>
void WordSampler::for_each_pair(size_t begin, size_t end, Visit visit) const {
    uint32_t previous = edge_;
    size_t first = begin;  // of the word before
    for (size_t at = begin, word = begin; at < end; ++at) {
        if (!ends_[at]) continue;
        const uint32_t id = ids_[word * size_t(options_.longest) + (at - word)];
        visit(previous, id, at + 1 - first <= repeated_[first]);
        previous = id;
        first = word;
        word = at + 1;
    }
    visit(previous, edge_, end - first <= repeated_[first]);
}

// Visits the words of the lattice that end at a place, have some word behind them, and have there a word of so many
// units such that the pair occurs twice.
template <class Visit>
void WordSampler::for_each_last(size_t begin, size_t from, size_t length, Visit visit) const {
    const size_t longest = size_t(options_.longest);
    for (size_t k = 1; k <= longest && k <= from; ++k) {
        const Edge& last = edges_[from * longest + k - 1];
        if (last.word.behind > 0 && k + length <= repeated_[begin + from - k]) visit(last);
    }
}

// Asks for what a run will need, long before.
void WordSampler::prefetch(size_t run) const {
    if (run + 1 >= offsets_.size()) return;
    const size_t longest = size_t(options_.longest), begin = offsets_[run], end = offsets_[run + 1];
    for (size_t at = begin; at < end; ++at)
        for (size_t k = 0; k < longest && k < repeated_[at]; ++k) __builtin_prefetch(&words_[ids_[at * longest + k]]);
    if (begin == end) return;
    for_each_pair(begin, end, [&](uint32_t first, uint32_t second, bool is_repeated) {
        if (is_repeated) pairs_.prefetch(first, second);
    });
}

double WordSampler::sweep() {
    constexpr size_t kAhead = 2;  // runs
    double total = 0;
    for (size_t run = 0; run + 1 < offsets_.size(); ++run) {
        const size_t begin = offsets_[run], end = offsets_[run + 1];
        prefetch(run + kAhead);
        if (begin == end) continue;
        for_each_pair(begin, end, [&](auto... pair) { remove(pair...); });
        load(begin, end - begin);
        total += forward(begin, end - begin);
        draw(begin, end - begin);
        for_each_pair(begin, end, [&](auto... pair) { add(pair...); });
    }
    return total;
}

// Fetches the words of the lattice and the counts of their pairs, all at once, so that the cache misses overlap.
void WordSampler::load(size_t begin, size_t count) {
    const size_t longest = size_t(options_.longest);
    for (size_t at = 0; at < count; ++at) {
        const uint32_t* const ids = &ids_[(begin + at) * longest];
        float spelling = 0;
        for (size_t k = 0; k < longest && at + k < count; ++k) {
            Edge& edge = edges_[(at + k + 1) * longest + k];
            edge.id = ids[k];
            if (edge.id == kOnce)
                edge.word = {float(spelling * growth_[k * units_ + ids[k * longest]]), 0, 0, 0};
            else
                edge.word = words_[edge.id];
            spelling = edge.word.spelling;
        }
    }
    places_.clear();
    for (size_t end = 1; end <= count; ++end) {
        for (size_t k = 1; k <= std::min(longest, end); ++k) {
            const Edge& edge = edges_[end * longest + k - 1];
            if (edge.word.before > 0)
                for_each_last(begin, end - k, k,
                              [&](const Edge& last) { places_.push_back(pairs_.prefetch(last.id, edge.id)); });
        }
    }
}

// Sums the paths to every word of the lattice; sums that end at a place are scaled to 1 there. Returns the log of the
// sum of all, without the end of the run.
double WordSampler::forward(size_t begin, size_t count) {
    const size_t longest = size_t(options_.longest);
    const size_t* place = places_.data();
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
                value = probability(edge_, start, edge.id, edge.unigram, k <= repeated_[begin]);
            } else {
                value = edge.unigram * backing_[from];
                if (edge.word.before > 0) {
                    for_each_last(begin, from, k, [&](const Edge& last) {
                        const uint32_t pairs = pairs_.get(last.id, edge.id, *place++);
                        if (pairs > 0)
                            value += last.forward * (pairs - options_.discount) / (options_.strength + last.word.behind);
                    });
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
            backing_[end] += edge.forward * (options_.strength + options_.discount * word.kinds) /
                             (options_.strength + word.behind);
        }
        log_sum += std::log(sum);
    }
    return log_sum;
}

void WordSampler::draw(size_t begin, size_t count) {
    const size_t longest = size_t(options_.longest);
    std::fill_n(ends_.begin() + long(begin), count, uint8_t{0});
    uint32_t next = edge_;
    double next_unigram = unigram(words_[edge_]);
    size_t next_end = count;
    for (size_t end = count; end > 0;) {
        double weights[kMaxLength], sum = 0;
        const size_t lengths = std::min(longest, end);
        for (size_t k = 1; k <= lengths; ++k) {
            const Edge& edge = edges_[end * longest + k - 1];
            const bool is_repeated = next_end - (end - k) <= repeated_[begin + end - k];
            const double follows = probability(edge.id, edge.word, next, next_unigram, is_repeated);
            sum += weights[k - 1] = edge.forward * follows;
        }
        double left = uniform() * sum;
        size_t k = 1;
        while (k < lengths && (left -= weights[k - 1]) >= 0) ++k;
        ends_[begin + end - 1] = 1;
        const Edge& edge = edges_[end * longest + k - 1];
        next = edge.id;
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
