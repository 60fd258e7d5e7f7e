#include "jieba/segmentation.h"

#include <array>

namespace cws {
namespace {

using namespace jieba;

// Whether a character goes through the word list.
bool is_listed(uint32_t code) {
    static const std::array<bool, 128> ascii = [] {
        std::array<bool, 128> table{};
        for (uint32_t c = 0; c < 128; ++c) table[c] = is_alphanumeric(c);
        for (const char c : {'+', '#', '&', '.', '_', '%', '-'}) table[size_t(c)] = true;
        return table;
    }();
    return code < 128 ? ascii[code] : is_jieba_han(code);
}

// The end of the run of characters from `begin` for which is(character) stays what it is at `begin`.
template <class Is>
size_t run_end(const uint32_t* text, size_t begin, size_t size, Is is) {
    const bool kind = is(text[begin]);
    size_t end = begin + 1;
    while (end < size && is(text[end]) == kind) ++end;
    return end;
}

// After a token of the expression [a-zA-Z0-9]+(\.\d+)?%? that begins here.
size_t token_end(const uint32_t* text, size_t begin, size_t size) {
    size_t end = begin;
    while (end < size && is_alphanumeric(text[end])) ++end;
    if (end + 1 < size && text[end] == '.' && is_digit(text[end + 1]))
        for (++end; end < size && is_digit(text[end]);) ++end;
    return end < size && text[end] == '%' ? end + 1 : end;
}

}  // namespace

// One text on its way.
struct JiebaCutter::Job {
    JiebaCutter& cutter;
    const JiebaDictionary& dictionary;
    const WordTree& forced_splits;
    const uint32_t* const text;
    std::vector<size_t>& ends;

    void each_character(size_t begin, size_t end) {
        while (begin < end) ends.push_back(++begin);
    }

    // Characters outside the list: white space and others, each alone, but CR LF.
    void skip(size_t begin, size_t end) {
        for (; begin < end; ++begin)
            if (!(text[begin] == '\r' && begin + 1 < end && text[begin + 1] == '\n')) ends.push_back(begin + 1);
    }

    bool listed(size_t begin, size_t end, bool use_hmm) {
        const uint32_t* const block = text + begin;
        const size_t size = end - begin;
        if (!dictionary.best_path(block, size, cutter.classes_, cutter.scores_, cutter.path_)) return false;
        const uint32_t* const path = cutter.path_.data();
        size_t run = 0;  // where words of one character that wait for company begin
        for (size_t at = 0; at < size;) {
            const size_t next = path[at];
            // Without the model only letters and digits wait.
            if (next != at + 1 || !(use_hmm || is_alphanumeric(block[at]))) {
                finish_run(begin + run, begin + at, use_hmm);
                ends.push_back(begin + next);
                run = next;
            }
            at = next;
        }
        finish_run(begin + run, end, use_hmm);
        return true;
    }

    void finish_run(size_t begin, size_t end, bool use_hmm) {
        if (begin == end) return;
        if (end - begin == 1 || !use_hmm)
            ends.push_back(end);
        else if (dictionary.is_word(text + begin, end - begin))
            each_character(begin, end);
        else
            unlisted(begin, end);
    }

    // What no word of the list covers: Chinese characters through the model, others in tokens.
    void unlisted(size_t begin, size_t end) {
        while (begin < end) {
            if (is_jieba_han(text[begin])) {
                const size_t next = run_end(text, begin, end, is_jieba_han);
                decode(begin, next);
                begin = next;
            } else if (is_alphanumeric(text[begin])) {
                ends.push_back(begin = token_end(text, begin, end));
            } else {
                do ++begin;
                while (begin < end && !is_jieba_han(text[begin]) && !is_alphanumeric(text[begin]));
                ends.push_back(begin);
            }
        }
    }

    void decode(size_t begin, size_t end) {
        const size_t count = end - begin;
        std::vector<uint8_t>& states = cutter.states_;
        if (states.size() < count) states.resize(count);
        cutter.hmm_.decode(text + begin, count, cutter.back_, states.data());
        size_t word = begin;
        for (size_t i = 0; i < count; ++i) {
            if (states[i] != JiebaHmm::kE && states[i] != JiebaHmm::kS) continue;
            const size_t next = begin + i + 1;
            const uint32_t forced = forced_splits.size() > 1 ? forced_splits.find(text + word, next - word) : 0;
            if (forced && !std::isnan(forced_splits[forced].weight))
                each_character(word, next);
            else
                ends.push_back(next);
            word = next;
        }
    }
};

bool JiebaCutter::cut(const JiebaDictionary& dictionary, const WordTree& forced_splits, const uint32_t* text,
                      size_t size, bool use_hmm, std::vector<size_t>& ends) {
    Job job{*this, dictionary, forced_splits, text, ends};
    for (size_t begin = 0, end; begin < size; begin = end) {
        end = run_end(text, begin, size, is_listed);
        if (!is_listed(text[begin]))
            job.skip(begin, end);
        else if (!job.listed(begin, end, use_hmm))
            return false;
    }
    return true;
}

namespace {

// The full mode on a block of listed characters. Tokens of letters and digits grow word by word; whatever else is
// found on the way comes out at once.
void cut_all_listed(const JiebaDictionary& dictionary, const uint32_t* text, size_t begin, size_t size, size_t end,
                    std::vector<Span>& spans, std::vector<uint32_t>& extra) {
    std::vector<size_t> word_ends;
    std::vector<Span> token;
    size_t covered = begin;  // after the last word
    const auto finish_token = [&] {
        if (token.empty()) return;
        bool is_contiguous = true;
        for (size_t i = 1; i < token.size(); ++i) is_contiguous &= token[i].begin == token[i - 1].end;
        if (is_contiguous) {
            spans.push_back({token.front().begin, token.back().end});
        } else {
            const size_t from = size + extra.size();
            for (const Span& part : token) extra.insert(extra.end(), text + part.begin, text + part.end);
            spans.push_back({from, size + extra.size()});
        }
        token.clear();
    };
    for (size_t at = begin; at < end; ++at) {
        if (!is_alphanumeric(text[at])) finish_token();
        word_ends.clear();
        dictionary.for_each_word(text, at, end, [&](size_t word_end) { word_ends.push_back(word_end); });
        if (word_ends.empty()) word_ends.push_back(at + 1);
        if (word_ends.size() == 1 && at >= covered) {
            covered = word_ends[0];
            (is_alphanumeric(text[at]) ? token : spans).push_back({at, covered});
        } else {
            for (const size_t word_end : word_ends) {
                if (word_end <= at + 1) continue;
                covered = word_end;
                spans.push_back({at, covered});
            }
        }
    }
    finish_token();
}

// White space splits what is not listed, and what is between comes out even where nothing is.
void cut_all_skipped(const uint32_t* text, size_t begin, size_t end, std::vector<Span>& spans) {
    for (size_t at = begin;;) {
        size_t space = at;
        while (space < end && !is_white_space(text[space])) ++space;
        spans.push_back({at, space});
        if (space == end) return;
        at = space + 1;
        if (text[space] == '\r' && at < end && text[at] == '\n') ++at;
        spans.push_back({space, at});
    }
}

}  // namespace

void JiebaCutter::cut_all(const JiebaDictionary& dictionary, const uint32_t* text, size_t size,
                          std::vector<Span>& spans, std::vector<uint32_t>& extra) {
    for (size_t begin = 0, end; begin < size; begin = end) {
        end = run_end(text, begin, size, is_listed);
        if (is_listed(text[begin]))
            cut_all_listed(dictionary, text, begin, size, end, spans, extra);
        else
            cut_all_skipped(text, begin, end, spans);
    }
}

void JiebaCutter::refine(const JiebaDictionary& dictionary, const uint32_t* text, const std::vector<size_t>& ends,
                         std::vector<Span>& spans) {
    size_t begin = 0;
    for (const size_t end : ends) {
        for (const size_t length : {2, 3})
            if (end - begin > length)
                for (size_t at = begin; at + length <= end; ++at)
                    if (dictionary.is_word(text + at, length)) spans.push_back({at, at + length});
        spans.push_back({begin, end});
        begin = end;
    }
}

}  // namespace cws
