#include "jieba/tags.h"

#include <algorithm>
#include <limits>

#include "jieba/segmentation.h"

namespace cws {

using namespace jieba;

JiebaTagModel::JiebaTagModel(size_t state_count)
    : letters(state_count, 'S'),
      start(state_count, kJiebaMinimum),
      transitions(state_count * state_count, -std::numeric_limits<double>::infinity()),
      next(state_count),
      emissions(JiebaHmm::kCharacters),
      known_states(JiebaHmm::kCharacters) {}

bool JiebaTagModel::decode(const uint32_t* codes, size_t count, std::vector<State>& states) const {
    const size_t all = state_count();
    std::vector<double> scores(all), previous_scores(all), emitted(all, kJiebaMinimum);
    std::vector<State> back(count * all), here, before;
    const auto emit = [&](size_t i, bool is_set) {
        for (const Emission& one : emissions[codes[i] - JiebaHmm::kFirst])
            emitted[one.state] = is_set ? one.score : kJiebaMinimum;
    };
    const auto take_if = [&](size_t i, const States* allowed) {
        here.clear();
        for (const State state : known_states[codes[i] - JiebaHmm::kFirst])
            if (!allowed || (*allowed)[state]) here.push_back(state);
        if (!here.empty()) return;
        for (size_t state = 0; state < all; ++state)
            if (!allowed || allowed->none() || (*allowed)[state]) here.push_back(State(state));
    };
    take_if(0, nullptr);
    emit(0, true);
    for (const State state : here) scores[state] = start[state] + emitted[state];
    emit(0, false);
    for (size_t i = 1; i < count; ++i) {
        before.clear();
        States expected;
        for (const State state : here) {
            if (next[state].none()) continue;
            before.push_back(state);
            expected |= next[state];
        }
        if (before.empty()) return false;
        std::swap(scores, previous_scores);
        // A character without known states may have any, but only those that are expected.
        take_if(i, &expected);
        emit(i, true);
        for (const State to : here) {
            const double* const arrive = &transitions[to * all];
            double best = -std::numeric_limits<double>::infinity();
            State from = before[0];
            for (const State state : before) {
                const double score = previous_scores[state] + arrive[state] + emitted[to];
                if (score >= best) {
                    best = score;
                    from = state;
                }
            }
            scores[to] = best;
            back[i * all + to] = from;
        }
        emit(i, false);
    }
    State state = here[0];
    for (const State one : here)
        if (scores[one] >= scores[state]) state = one;
    states.resize(count);
    for (size_t i = count; i-- > 0;) {
        states[i] = state;
        state = back[i * all + state];
    }
    return true;
}

namespace {

// As for words alone (jieba.cpp), without % and -.
bool is_tag_listed(uint32_t code) {
    return is_jieba_han(code) || is_alphanumeric(code) || code == '+' || code == '#' || code == '&' || code == '.' ||
           code == '_';
}

bool is_numeric(uint32_t code) { return is_digit(code) || code == '.'; }

struct TagJob {
    const JiebaDictionary& dictionary;
    const JiebaTagModel& model;
    const uint32_t* const text;
    std::vector<TaggedSpan>& spans;
    std::vector<uint32_t> classes, path;
    std::vector<double> scores;
    std::vector<JiebaTagModel::State> states;

    void skip(size_t begin, size_t end) {
        while (begin < end) {
            const bool is_pair = text[begin] == '\r' && begin + 1 < end && text[begin + 1] == '\n';
            const size_t next = begin + (is_pair ? 2 : 1);
            spans.push_back({begin, next, TaggedSpan::kOther});
            begin = next;
        }
    }

    Outcome listed(size_t begin, size_t end, bool use_hmm) {
        const size_t size = end - begin;
        if (!dictionary.best_path(text + begin, size, classes, scores, path)) return Outcome::kNoLogarithm;
        size_t run = 0;
        for (size_t at = 0; at < size;) {
            const size_t next = path[at];
            if (next != at + 1 || !(use_hmm || is_alphanumeric(text[begin + at]))) {
                if (!finish_run(begin + run, begin + at, use_hmm)) return Outcome::kNoPath;
                spans.push_back({begin + at, begin + next, TaggedSpan::kListed});
                run = next;
            }
            at = next;
        }
        return finish_run(begin + run, end, use_hmm) ? Outcome::kDone : Outcome::kNoPath;
    }

    bool finish_run(size_t begin, size_t end, bool use_hmm) {
        if (begin == end) return true;
        if (!use_hmm)
            spans.push_back({begin, end, TaggedSpan::kLatin});
        else if (end - begin == 1 || dictionary.is_word(text + begin, end - begin))
            for (; begin < end; ++begin) spans.push_back({begin, begin + 1, TaggedSpan::kListed});
        else
            return unlisted(begin, end);
        return true;
    }

    bool unlisted(size_t begin, size_t end) {
        while (begin < end) {
            size_t next = begin + 1;
            const auto run = [&](auto is) {
                while (next < end && is(text[next])) ++next;
            };
            const uint32_t first = text[begin];
            if (is_jieba_han(first)) {
                run(is_jieba_han);
                if (!decode(begin, next)) return false;
            } else if (is_numeric(first)) {
                run(is_numeric);
                spans.push_back({begin, next, TaggedSpan::kNumber});
            } else if (is_letter(first)) {
                run(is_alphanumeric);
                spans.push_back({begin, next, TaggedSpan::kLatin});
            } else {
                run([](uint32_t code) { return !is_jieba_han(code) && !is_numeric(code) && !is_letter(code); });
                spans.push_back({begin, next, TaggedSpan::kOther});
            }
            begin = next;
        }
        return true;
    }

    // The states of a path need not make whole words where the model knows a character badly: then characters come
    // out twice or not at all, as in jieba.
    bool decode(size_t begin, size_t end) {
        if (!model.decode(text + begin, end - begin, states)) return false;
        size_t word = begin, done = begin;
        for (size_t at = begin; at < end; ++at) {
            const JiebaTagModel::State state = states[at - begin];
            const char letter = model.letters[state];
            if (letter == 'B') word = at;
            if (letter != 'E' && letter != 'S') continue;
            spans.push_back({letter == 'S' ? at : word, at + 1, state});
            done = at + 1;
        }
        if (done < end) spans.push_back({done, end, states[done - begin]});
        return true;
    }
};

}  // namespace

Outcome cut_tagged(const JiebaDictionary& dictionary, const JiebaTagModel& model, const uint32_t* text, size_t size,
                   bool use_hmm, std::vector<TaggedSpan>& spans) {
    TagJob job{dictionary, model, text, spans, {}, {}, {}, {}};
    for (size_t begin = 0, end; begin < size; begin = end) {
        const bool is_listed = is_tag_listed(text[begin]);
        for (end = begin + 1; end < size && is_tag_listed(text[end]) == is_listed;) ++end;
        if (!is_listed) {
            job.skip(begin, end);
            continue;
        }
        if (const Outcome outcome = job.listed(begin, end, use_hmm); outcome != Outcome::kDone) return outcome;
    }
    return Outcome::kDone;
}

}  // namespace cws
