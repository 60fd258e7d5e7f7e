// jieba's hidden Markov model of words that are not in the list: Viterbi over the states B, E, M, S of a run of Chinese
// characters. The order of additions, and the later state in the alphabet at a tie, are jieba's: scores are doubles, and
// equal output needs equal roundings.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cws {

inline constexpr double kJiebaMinimum = -3.14e100;  // stands for log 0

inline bool is_jieba_han(uint32_t code) { return code - 0x4E00u <= 0x9FD5u - 0x4E00u; }

class JiebaHmm {
public:
    enum State : uint8_t { kB, kE, kM, kS };  // in the order of their letters
    static constexpr size_t kStates = 4;
    static constexpr uint32_t kFirst = 0x4E00;
    static constexpr size_t kCharacters = 0x9FD5 - kFirst + 1;
    using Row = std::array<double, kStates>;

    Row start{};
    std::array<Row, kStates> transitions{};  // [from][to]
    std::vector<Row> emissions;              // [code - kFirst]

    JiebaHmm();

    // Sets states[i] to the state of each of the count > 0 characters, all Chinese. back: scratch.
    void decode(const uint32_t* codes, size_t count, std::vector<uint8_t>& back, uint8_t* states) const;
};

}  // namespace cws
