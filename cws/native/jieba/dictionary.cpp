#include "jieba/dictionary.h"

#include <algorithm>
#include <cstring>

#include "base/utf8.h"

namespace cws {
namespace {

constexpr double kNotAWord = -std::numeric_limits<double>::infinity();
constexpr double kNoLogarithm = std::numeric_limits<double>::infinity();

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Appends the characters of a piece of UTF-8; false if it is not valid.
bool decode(std::string_view bytes, std::vector<uint32_t>& codes) {
    const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
    const uint8_t* const end = at + bytes.size();
    while (at < end) {
        uint8_t last[4] = {};  // the decoder reads four bytes
        const bool is_last = end - at < 4;
        if (is_last) std::memcpy(last, at, size_t(end - at));
        int length;
        const uint32_t code = is_last ? decode_utf8(last, last + (end - at), length) : decode_utf8(at, end, length);
        if (length == 0) return false;
        codes.push_back(code);
        at += length;
    }
    return true;
}

}  // namespace

void JiebaWordsBuilder::add(const uint32_t* codes, size_t size, int64_t count, double weight) {
    trie_.add(codes, size, weight);
    counts_.push_back(count);
}

void JiebaWordsBuilder::add(const uint32_t* codes, size_t size, int64_t count) {
    add(codes, size, count, count > 0 ? std::log(double(count)) : std::nan(""));
}

JiebaWords JiebaWordsBuilder::finish(int64_t total) {
    JiebaWords words;
    std::vector<uint32_t> slots;
    words.trie = trie_.build(&slots);
    words.counts.assign(words.trie.nodes.size(), 0);
    for (size_t i = 0; i < counts_.size(); ++i) words.counts[slots[i]] = counts_[i];
    words.total = total;
    return words;
}

std::optional<JiebaWords> parse_jieba_words(std::string_view bytes) {
    JiebaWordsBuilder builder(bytes.size() / 14);
    std::vector<uint32_t> word;
    int64_t total = 0;
    while (!bytes.empty()) {
        const size_t length = bytes.find('\n');
        std::string_view line = bytes.substr(0, length);
        bytes.remove_prefix(length == std::string_view::npos ? bytes.size() : length + 1);
        while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
        while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
        const size_t space = line.find(' ');
        if (space == std::string_view::npos) return std::nullopt;
        size_t at = space + 1;
        int64_t count = 0;
        for (; at < line.size() && line[at] >= '0' && line[at] <= '9'; ++at)
            if ((count = count * 10 + (line[at] - '0')) >= 1'000'000'000'000'000) return std::nullopt;
        const bool is_number = at > space + 1 && (at == line.size() || line[at] == ' ');
        word.clear();
        if (!is_number || !decode(line.substr(0, space), word)) return std::nullopt;
        const size_t characters = word.size();
        const std::string_view rest = line.substr(at);  // must be UTF-8, too
        const auto is_ascii = [](char c) { return (c & 0x80) == 0; };
        if (!std::all_of(rest.begin(), rest.end(), is_ascii) && !decode(rest, word)) return std::nullopt;
        builder.add(word.data(), characters, count);
        if ((total += count) >= (int64_t(1) << 62)) return std::nullopt;
    }
    return builder.finish(total);
}

void JiebaDictionary::set(const uint32_t* codes, size_t size, int64_t count, double weight) {
    const uint32_t node = changes_.insert(codes, size);
    changed_counts_.resize(changes_.size(), 0);
    changed_counts_[node] = count;
    changes_.weight(node) = weight;
    has_broken_ |= weight == kNoLogarithm;
}

void JiebaDictionary::compact() {
    JiebaWordsBuilder builder(words_->trie.nodes.size());
    for_each_node(trie_, [&](const std::u32string& word, uint32_t slot) {
        const auto* const codes = reinterpret_cast<const uint32_t*>(word.data());
        builder.add(codes, word.size(), words_->counts[slot], trie_.nodes[slot].weight);
    });
    JiebaDictionary rest(*this);  // what the list cannot hold stays a change
    rest.changes_ = WordTree();
    rest.changed_counts_ = {0};
    std::vector<uint32_t> word;
    for (uint32_t node = 0; node < changes_.size(); ++node) {
        word.clear();
        for (uint32_t at = node; at; at = changes_[at].parent) word.insert(word.begin(), changes_[at].code);
        const double weight = changes_[node].weight;
        if (std::isnan(weight)) continue;  // the beginning of a word
        if (word.empty() || weight == kNoLogarithm)
            rest.set(word.data(), word.size(), changed_counts_[node], weight);
        else
            builder.add(word.data(), word.size(), changed_counts_[node], weight == kNotAWord ? std::nan("") : weight);
    }
    rest.words_ = std::make_shared<const JiebaWords>(builder.finish(words_->total));
    rest.trie_ = rest.words_->trie.view();
    *this = std::move(rest);
}

std::optional<int64_t> JiebaDictionary::count(const uint32_t* codes, size_t size) const {
    const uint32_t changed = changes_.find(codes, size);
    if ((changed || size == 0) && !std::isnan(changes_[changed].weight)) return changed_counts_[changed];
    const uint32_t node = trie_.find(codes, size);
    if (node != kNoNode && (size > 0 || words_->counts[node])) return words_->counts[node];
    return changed ? std::optional<int64_t>(0) : std::nullopt;
}

bool JiebaDictionary::is_word(const uint32_t* codes, size_t size) const {
    if (changes_.size() > 1) {
        const uint32_t changed = changes_.find(codes, size);
        if (changed && !std::isnan(changes_[changed].weight)) return changes_[changed].weight != kNotAWord;
    }
    const uint32_t node = trie_.find(codes, size);
    return node != kNoNode && Trie::is_word(trie_.nodes[node].weight);
}

bool JiebaDictionary::best_path(const uint32_t* codes, size_t size, std::vector<uint32_t>& classes,
                                std::vector<double>& scores, std::vector<uint32_t>& ends) const {
    if (std::isnan(log_total_)) return false;
    if (classes.size() <= size) {
        classes.resize(size + 1);
        scores.resize(size + 1);
        ends.resize(size + 1);
    }
    for (size_t i = 0; i < size; ++i) classes[i] = trie_.class_of(codes[i]);
    classes[size] = kNoClass;
    if (changes_.size() == 1) {
        cws::best_path(trie_, classes.data(), size, log_total_, 0.0, scores.data(), ends.data());
        return true;
    }
    cws::best_path(trie_, changes_, codes, classes.data(), size, log_total_, 0.0, scores.data(), ends.data());
    if (has_broken_)
        for (size_t i = 0; i < size; ++i)
            if (scores[i] == kNoLogarithm) return false;
    return true;
}

}  // namespace cws
