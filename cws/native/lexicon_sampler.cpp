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
        for_each_pair(begin, end, [&](uint32_t first, uint32_t second) { add(first, second); });
    }
    edges_.resize((longest_run + 1) * size_t(options_.longest));
    backing_.resize(longest_run + 1);
    scales_.resize(longest_run + 1);
}

// Numbers all strings of up to `longest` units, each by the number of its first units and its last unit, and spells
// them.
void WordSampler::number_words(const uint32_t* units) {
    const size_t size = ends_.size(), longest = size_t(options_.longest);
    std::vector<double> frequencies(size ? 1 + *std::max_element(units, units + size) : 0);
    for (size_t at = 0; at < size; ++at) frequencies[units[at]] += 1;
    double lengths[kMaxLength], sum = 0, poisson = 1;
    for (size_t k = 0; k < longest; ++k) sum += lengths[k] = poisson *= options_.mean_length / double(k + 1);
    for (const double frequency : frequencies)
        words_.push_back({float(lengths[0] / sum * frequency / double(size)), 0, 0, 0});
    ids_.assign(size * longest, 0);
    PairCounts numbers;
    for (size_t run = 0; run + 1 < offsets_.size(); ++run) {
        for (size_t at = offsets_[run]; at < offsets_[run + 1]; ++at) {
            uint32_t id = ids_[at * longest] = units[at];
            for (size_t k = 1; k < longest && at + k < offsets_[run + 1]; ++k) {
                uint32_t& number = numbers.at(id, units[at + k]);
                if (number == 0) {
                    number = uint32_t(words_.size());
                    const double factor = lengths[k] / lengths[k - 1] * frequencies[units[at + k]] / double(size);
                    words_.push_back({float(words_[id].spelling * factor), 0, 0, 0});
                }
                id = ids_[at * longest + k] = number;
            }
        }
    }
    edge_ = uint32_t(words_.size());
    words_.push_back({0.1f, 0, 0, 0});
}

void WordSampler::add(uint32_t first, uint32_t second) {
    ++words_[first].behind;
    if (pairs_.at(first, second)++ > 0) return;
    ++words_[first].kinds;
    ++kinds_before_;
    if (words_[second].before++ == 0) ++kinds_;
}

void WordSampler::remove(uint32_t first, uint32_t second) {
    --words_[first].behind;
    if (--pairs_.at(first, second) > 0) return;
    --words_[first].kinds;
    --kinds_before_;
    if (--words_[second].before == 0) --kinds_;
}

double WordSampler::unigram(const Word& word) const {
    const double seen = word.before > 0 ? word.before - options_.unigram_discount : 0;
    const double rest = options_.unigram_strength + options_.unigram_discount * double(kinds_);
    return (seen + rest * double(word.spelling)) / (options_.unigram_strength + double(kinds_before_));
}

double WordSampler::probability(uint32_t first, const Word& from, uint32_t second, double unigram) const {
    if (from.behind == 0) return unigram;
    const uint32_t count = pairs_.get(first, second);
    const double seen = count > 0 ? count - options_.discount : 0;
    return (seen + (options_.strength + options_.discount * from.kinds) * unigram) / (options_.strength + from.behind);
}

template <class Visit>
void WordSampler::for_each_pair(size_t begin, size_t end, Visit visit) const {
    uint32_t previous = edge_;
    for (size_t at = begin, word = begin; at < end; ++at) {
        if (!ends_[at]) continue;
        const uint32_t id = ids_[word * size_t(options_.longest) + (at - word)];
        visit(previous, id);
        previous = id;
        word = at + 1;
    }
    visit(previous, edge_);
}

double WordSampler::sweep() {
    double total = 0;
    for (size_t run = 0; run + 1 < offsets_.size(); ++run) {
        const size_t begin = offsets_[run], end = offsets_[run + 1];
        if (begin == end) continue;
        for_each_pair(begin, end, [&](uint32_t first, uint32_t second) { remove(first, second); });
        total += forward(begin, end - begin);
        draw(begin, end - begin);
        for_each_pair(begin, end, [&](uint32_t first, uint32_t second) { add(first, second); });
    }
    return total;
}

// Sums the paths to every word of the lattice; sums that end at a place are scaled to 1 there. Returns the log of the
// sum of all, without the end of the run.
double WordSampler::forward(size_t begin, size_t count) {
    const size_t longest = size_t(options_.longest);
    for (size_t end = 1; end <= count; ++end) {
        for (size_t k = 1; k <= std::min(longest, end); ++k) {  // all at once, so that the cache misses overlap
            Edge& edge = edges_[end * longest + k - 1];
            edge.id = ids_[(begin + end - k) * longest + k - 1];
            edge.word = words_[edge.id];
        }
    }
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
                value = probability(edge_, start, edge.id, edge.unigram);
            } else {
                value = edge.unigram * backing_[from];
                if (edge.word.before > 0) {
                    for (size_t j = 1; j <= std::min(longest, from); ++j) {
                        const Edge& last = edges_[from * longest + j - 1];
                        if (last.word.behind == 0) continue;
                        const uint32_t pairs = pairs_.get(last.id, edge.id);
                        if (pairs > 0)
                            value += last.forward * (pairs - options_.discount) / (options_.strength + last.word.behind);
                    }
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
    for (size_t end = count; end > 0;) {
        double weights[kMaxLength], sum = 0;
        const size_t lengths = std::min(longest, end);
        for (size_t k = 1; k <= lengths; ++k) {
            const Edge& edge = edges_[end * longest + k - 1];
            sum += weights[k - 1] = edge.forward * probability(edge.id, edge.word, next, next_unigram);
        }
        double left = uniform() * sum;
        size_t k = 1;
        while (k < lengths && (left -= weights[k - 1]) >= 0) ++k;
        ends_[begin + end - 1] = 1;
        const Edge& edge = edges_[end * longest + k - 1];
        next = edge.id;
        next_unigram = edge.unigram;
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
