#include "ngrams/merge.h"

#include <algorithm>
#include <map>

namespace cws {
namespace {

constexpr int kInWord = 3, kCodeBits = 21;

// A window without its first character; all bits one after the last.
template <int Words>
struct MergeKey {
    uint64_t word[Words];
    bool operator<(const MergeKey& other) const {
        for (int i = 0; i < Words - 1; ++i)
            if (word[i] != other.word[i]) return word[i] < other.word[i];
        return word[Words - 1] < other.word[Words - 1];
    }
    bool is_end() const { return word[0] == ~uint64_t(0); }
};

// A tournament that remembers the losers (Knuth, The Art of Computer Programming 3, 5.4.1), so that the next window
// costs one comparison a round.
template <int Words>
class Tournament {
public:
    Tournament(std::vector<NgramReader>& readers, int order) : readers_(readers), size_(order + 2) {
        while (leaves_ < readers.size()) leaves_ *= 2;
        keys_.resize(leaves_);
        losers_.resize(leaves_);
        for (size_t i = 0; i < leaves_; ++i) fetch(i);
        winner_ = play(1);
    }
    const MergeKey<Words>& key() const { return keys_[winner_]; }
    const NgramReader& reader() const { return readers_[winner_]; }
    void advance() {
        fetch(winner_);
        for (size_t node = (winner_ + leaves_) / 2; node >= 1; node /= 2)
            if (keys_[losers_[node]] < keys_[winner_]) std::swap(losers_[node], winner_);
    }

private:
    std::vector<NgramReader>& readers_;
    int size_;
    size_t leaves_ = 1, winner_ = 0;
    std::vector<MergeKey<Words>> keys_;
    std::vector<size_t> losers_;

    size_t play(size_t node) {
        if (node >= leaves_) return node - leaves_;
        size_t winner = play(2 * node), loser = play(2 * node + 1);
        if (keys_[loser] < keys_[winner]) std::swap(winner, loser);
        losers_[node] = loser;
        return winner;
    }
    void fetch(size_t i) {
        MergeKey<Words>& key = keys_[i];
        if (i >= readers_.size() || !readers_[i].next()) {
            for (uint64_t& word : key.word) word = ~uint64_t(0);
            return;
        }
        const uint32_t* const window = readers_[i].window();
        for (int word = 0, at = 1; word < Words; ++word) {
            uint64_t packed = 0;
            for (int j = 0; j < kInWord; ++j, ++at) packed = packed << kCodeBits | (at < size_ ? window[at] : 0);
            key.word[word] = packed;
        }
    }
};

template <int Words>
void merge_section(std::vector<NgramReader>& readers, int order, WindowSink& sink) {
    Tournament<Words> tournament(readers, order);
    uint32_t window[kMaxWindow] = {};
    MergeKey<Words> last;
    for (bool first = true; !tournament.key().is_end(); first = false) {
        const MergeKey<Words> key = tournament.key();
        int shared = 0;
        if (!first) {
            int word = 0;
            while (key.word[word] == last.word[word]) ++word;
            shared = 1 + kInWord * word + (__builtin_clzll(key.word[word] ^ last.word[word]) - 1) / kCodeBits;
        }
        const uint32_t* const from = tournament.reader().window();
        std::copy(from + shared, from + order + 2, window + shared);
        uint64_t count = 0;
        do {
            count += tournament.reader().count();
            tournament.advance();
        } while (!(key < tournament.key()));
        last = key;
        sink.add(window, shared, count);
    }
}

}  // namespace

NgramMerge::NgramMerge(std::vector<const NgramFile*> files) : files_(std::move(files)) {
    std::map<uint32_t, uint64_t> counts;
    for (const NgramFile* file : files_) {
        if (file->order() != order())
            file->fail("expected n = " + std::to_string(order()) + " as in the other files, got " +
                       std::to_string(file->order()));
        for (const NgramSection& section : file->sections()) counts[section.code] += section.count;
    }
    for (const auto& [code, count] : counts) {
        codes_.push_back(code);
        counts_.push_back(count);
    }
}

void NgramMerge::merge(Range first_characters, WindowSink& sink) const {
    std::vector<NgramReader> readers;
    for (size_t i = first_characters.first; i < first_characters.second; ++i) {
        readers.clear();
        for (const NgramFile* file : files_)
            if (const NgramSection* section = file->section(codes_[i])) readers.emplace_back(*file, *section);
        if (readers.size() == 1) {
            for (NgramReader& reader = readers.front(); reader.next();)
                sink.add(reader.window(), reader.shared(), reader.count());
            continue;
        }
        switch ((order() + kInWord) / kInWord) {  // order + 1 characters
            case 1: merge_section<1>(readers, order(), sink); break;
            case 2: merge_section<2>(readers, order(), sink); break;
            case 3: merge_section<3>(readers, order(), sink); break;
            default: merge_section<4>(readers, order(), sink);
        }
    }
}

}  // namespace cws
