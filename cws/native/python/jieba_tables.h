// jieba's tables, from the dicts and files of the installed package. Not part of the core: it knows Python.
#pragma once

#include <pybind11/pybind11.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jieba/hmm.h"
#include "jieba/tags.h"

namespace cws {

inline uint32_t single_character(PyObject* text) {
    if (!PyUnicode_Check(text) || PyUnicode_GET_LENGTH(text) != 1)
        throw pybind11::value_error("expected one character as a key of a table of emissions");
    return PyUnicode_READ_CHAR(text, 0);
}

// Calls use(character - kFirst, value) for the Chinese characters of a dict.
template <class Use>
void for_each_han(const pybind11::handle& table, Use use) {
    for (const auto& [character, value] : table.cast<pybind11::dict>())
        if (const uint32_t code = single_character(character.ptr()); is_jieba_han(code))
            use(code - JiebaHmm::kFirst, value);
}

// Tables as the dicts of jieba's finalseg: {state: p}, {state: {state: p}}, {state: {character: p}}.
inline std::shared_ptr<JiebaHmm> make_hmm(const pybind11::dict& start, const pybind11::dict& transitions,
                                          const pybind11::dict& emissions) {
    auto hmm = std::make_shared<JiebaHmm>();
    const auto state = [](const pybind11::handle& name) {
        const size_t at = std::string("BEMS").find(name.cast<std::string>());
        if (at >= JiebaHmm::kStates) throw pybind11::value_error("expected the states B, E, M, S");
        return at;
    };
    for (const auto& [name, value] : start) hmm->start[state(name)] = value.cast<double>();
    for (const auto& [from, row] : transitions)
        for (const auto& [to, value] : row.cast<pybind11::dict>())
            hmm->transitions[state(from)][state(to)] = value.cast<double>();
    for (const auto& [name, row] : emissions) {
        const size_t at = state(name);
        for_each_han(row, [&](size_t place, const pybind11::handle& value) {
            hmm->emissions[place][at] = value.cast<double>();
        });
    }
    return hmm;
}

// Tables as the dicts of jieba's posseg; a state is a pair (place in the word, tag).
class TagModel {
public:
    TagModel(const pybind11::list& states, const pybind11::dict& start, const pybind11::dict& transitions,
             const pybind11::dict& emissions, const pybind11::dict& known_states)
        : model(states.size()) {
        if (states.empty() || states.size() > JiebaTagModel::kMaxStates)
            throw pybind11::value_error("expected 1 to 256 states, got " + std::to_string(states.size()));
        pybind11::dict numbers;
        for (size_t at = 0; at < states.size(); ++at) {
            const auto state = states[at].cast<pybind11::tuple>();
            const auto letter = state[0].cast<std::string>();
            if (letter.size() != 1) throw pybind11::value_error("expected a state to begin with one of B, E, M, S");
            model.letters[at] = letter[0];
            tags.append(state[1].cast<pybind11::str>());
            numbers[state] = at;
        }
        const auto number = [&](const pybind11::handle& state) {
            if (!numbers.contains(state)) throw pybind11::value_error("an unknown state in jieba's tables");
            return numbers[state].cast<size_t>();
        };
        for (const auto& [state, value] : start) model.start[number(state)] = value.cast<double>();
        for (const auto& [from, row] : transitions) {
            for (const auto& [to, value] : row.cast<pybind11::dict>()) {
                model.transitions[number(to) * states.size() + number(from)] = value.cast<double>();
                model.next[number(from)].set(number(to));
            }
        }
        for (const auto& [state, row] : emissions) {
            const auto at = JiebaTagModel::State(number(state));
            for_each_han(row, [&](size_t place, const pybind11::handle& value) {
                model.emissions[place].push_back({at, value.cast<double>()});
            });
        }
        for_each_han(known_states, [&](size_t place, const pybind11::handle& value) {
            std::vector<JiebaTagModel::State>& known = model.known_states[place];
            for (const pybind11::handle state : value) known.push_back(JiebaTagModel::State(number(state)));
            std::sort(known.begin(), known.end());
            known.erase(std::unique(known.begin(), known.end()), known.end());
        });
    }

    JiebaTagModel model;
    pybind11::list tags;  // [state]
};

// {word: tag} of the lines `word count tag`; None where a line is not plainly that. The last line of a word counts.
inline pybind11::object parse_tags(const pybind11::bytes& data) {
    std::string_view bytes = data;
    pybind11::dict result;
    pybind11::dict tags;
    while (!bytes.empty()) {
        const size_t length = bytes.find('\n');
        std::string_view line = bytes.substr(0, length);
        bytes.remove_prefix(length == std::string_view::npos ? bytes.size() : length + 1);
        const auto is_blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
        while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
        while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
        if (line.empty()) continue;
        const size_t first = line.find(' '), last = line.rfind(' ');
        if (first == last || line.find(' ', first + 1) != last) return pybind11::none();
        const auto decode = [](std::string_view part) {
            return PyUnicode_DecodeUTF8(part.data(), Py_ssize_t(part.size()), nullptr);
        };
        const auto word = pybind11::reinterpret_steal<pybind11::object>(decode(line.substr(0, first)));
        auto tag = pybind11::reinterpret_steal<pybind11::object>(decode(line.substr(last + 1)));
        const auto count = pybind11::reinterpret_steal<pybind11::object>(decode(line.substr(first, last - first)));
        if (!word || !tag || !count) {
            PyErr_Clear();
            return pybind11::none();
        }
        PyObject* const shared = PyDict_SetDefault(tags.ptr(), tag.ptr(), tag.ptr());  // one str for each tag
        if (!shared || PyDict_SetItem(result.ptr(), word.ptr(), shared)) throw pybind11::error_already_set();
    }
    return result;
}

}  // namespace cws
