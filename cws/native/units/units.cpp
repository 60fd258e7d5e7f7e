#include "units/units.h"

#include "units/scanner.h"

namespace cws {

template <class Char>
void find_boundaries(const Char* text, size_t size, uint8_t* boundaries, std::vector<Unit>* units) {
    if (units) {
        UnitScanner<Char>(text, size).scan(boundaries, [&](const Unit& unit) { units->push_back(unit); });
    } else {
        UnitScanner<Char>(text, size).scan(boundaries, [](const Unit&) {});
    }
}

template void find_boundaries(const uint8_t*, size_t, uint8_t*, std::vector<Unit>*);
template void find_boundaries(const uint16_t*, size_t, uint8_t*, std::vector<Unit>*);
template void find_boundaries(const uint32_t*, size_t, uint8_t*, std::vector<Unit>*);

}  // namespace cws
