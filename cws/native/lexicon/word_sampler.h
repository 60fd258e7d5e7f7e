// Segments raw text by a bigram model of the words it finds: blocked Gibbs sampling, a run of characters at a time.
//
// P(w | v) = (c(v, w) - d2 + (t2 + d2 n(v)) P(w)) / (t2 + c(v)), P(w) = (k(w) - d1 + (t1 + d1 n) P0(w)) / (t1 + k):
// c counts pairs of words, n(v) word types after v, k(w) word types before w, n word types; 0 for c - d
// where c is 0. P0(w) spells w: a Poisson length, and characters by their frequencies. This is the nested Pitman-Yor
// model of Mochihashi, Yamada & Ueda (2009) with one table a word type and without bigrams of characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace cws {

struct SamplerOptions {
    int longest = 4;                // symbols of a word
    double discount = 0.5;          // d2
    double strength = 1;            // t2
    double unigram_discount = 0.5;  // d1
    double unigram_strength = 10;   // t1
    double mean_length = 1.8;       // of the Poisson distribution
    uint64_t seed = 1;
};

// What occurs once in the text, a string or a pair of strings, has no counts while its run is sampled, since these are of
// the other runs. So only strings that occur twice are numbered, and the count of a pair lies at the number of the string
// that both make up: no pair is ever searched for.
class WordSampler {
public:
    static constexpr int kMaxLength = 8;  // symbols of a word, at most
    static constexpr uint32_t kOnce = 0xFFFFFFFF;  // a word that occurs once

    // symbols: what words are made of, numbered from 0. offsets: runs + 1 places in symbols; no word crosses a run's edge.
    // ends: 1 after the last symbol of each word, for a start. All three are copied.
    WordSampler(const uint32_t* symbols, const uint64_t* offsets, size_t runs, const uint8_t* ends,
                const SamplerOptions& options);

    // Draws the words of every run anew, given those of all others; returns the log-probability of the text.
    double sweep();

    const std::vector<uint8_t>& ends() const { return ends_; }
    size_t word_types() const { return types_; }

private:
    struct Word {  // 16 bytes: one cache line is touched for each
        float spelling;         // P0
        uint32_t after;         // words after it
        uint32_t types_after;   // word types after it
        uint32_t types_before;  // word types before it
    };
    struct Edge {  // a word of the lattice of a run
        uint32_t id;
        Word word;
        double unigram;  // P(w)
        double forward;  // scaled sum of all paths that end with it
    };

    // Two words in a row, or a word at the edge of a run: symbols first to middle, and middle to end.
    struct Pair {
        size_t first, middle, end;
    };

    void spell_symbols(const uint32_t* symbols);
    void number_strings(const uint32_t* symbols, size_t length, std::vector<uint32_t>& numbers);
    uint32_t word_at(size_t begin, size_t end) const {  // its number; kOnce
        return begin == end ? edge_ : ids_[begin * size_t(options_.longest) + (end - begin) - 1];
    }
    const uint32_t* count_of(Pair pair) const;  // nullptr: of a pair that occurs once
    void add(Pair pair);
    void remove(Pair pair);
    double unigram(const Word& word) const;
    double probability(const Word& from, double unigram, Pair pair) const;
    template <class Visit>
    void for_each_pair(size_t begin, size_t end, Visit visit) const;
    void prefetch(size_t run) const;
    void load(size_t begin, size_t count);
    double forward(size_t begin, size_t count);
    void draw(size_t begin, size_t count);
    double uniform();

    SamplerOptions options_;
    std::vector<uint64_t> offsets_;
    std::vector<uint8_t> ends_;
    std::vector<uint32_t> ids_;      // [symbol][length - 1]: the word of so many symbols that begins there; kOnce
    std::vector<uint8_t> repeated_;  // [symbol]: symbols of the longest string from there that occurs elsewhere too
    std::vector<uint32_t> splits_;   // [symbol][length - 2]: where the counts of the pairs are that make up this string
    std::vector<uint32_t> pairs_;    // [splits + symbols of the first word]
    std::vector<uint32_t> firsts_, lasts_;  // [word]: how often it begins, or ends, a run
    std::vector<double> growth_;     // [length - 1][number of a symbol]: what it adds to the spelling of a word
    std::vector<Word> words_;        // the last one stands for the edges of a run
    uint32_t edge_ = 0, symbols_ = 0;  // the number of the edges; how many different symbols there are
    uint64_t types_ = 0, types_before_ = 0, state_;
    std::vector<Edge> edges_;      // of one run: [end][length - 1]
    std::vector<double> backing_;  // [end]: what an unseen pair passes on to P(w)
    std::vector<double> scales_;   // [end]: what sums were scaled by there
};

}  // namespace cws
