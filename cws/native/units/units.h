// The units of a text, which no model may cut, for each width of its characters.
#pragma once

#include <vector>

#include "base/labeler.h"
#include "units/unit.h"

namespace cws {

// Units that may hold white space, tags and hashtags, have at most so many characters.
inline constexpr size_t kLongestWithBlanks = 1000;

// Sets boundaries[i], for the place after text[i]: kNoBoundary inside a unit; kBoundary at the ends of a unit that is cut,
// beside a sentence mark, and at the end; else kFree. Appends the units, from the left, if asked to.
// Char: uint8_t (Latin-1), uint16_t, uint32_t.
template <class Char>
void find_boundaries(const Char* text, size_t size, uint8_t* boundaries, std::vector<Unit>* units = nullptr);

}  // namespace cws
