#include "units/mark_places.h"

#include "base/cpu_dispatch.h"

namespace cws {
namespace {

// All in numbers as wide as the text's, so that vectors hold more of them.
template <class Code>
inline void mark(const Code* __restrict text, size_t size, uint8_t* __restrict places) {
    enum : uint8_t { kOther = 1, kLone = 2, kSentence = 4, kRepeated = 8, kMayCombine = 16 };
    if (!size) return;
    const size_t last = size - 1;
    for (size_t i = 0; i < last; ++i) {
        const Code code = text[i], next = text[i + 1];
        const Code lone = is_lone_mark(code), other = Code(1 - lone - is_plain_ideograph(code));
        const Code may_combine = Code(other & Code(code >= Code(0x80)));
        places[i] = uint8_t(other * kOther + lone * kLone + is_wide_sentence_mark(code) * kSentence +
                            Code(code == next) * kRepeated + may_combine * kMayCombine);
    }
    places[last] = uint8_t(kOther | kMayCombine | is_wide_sentence_mark(text[last]) * kSentence);
    for (size_t i = 0; i < last; ++i) {
        const uint8_t here = places[i], next = places[i + 1];
        const uint8_t is_marked = (here | (here >> 1 & (next >> 4 | here >> 3))) & 1;
        const uint8_t is_beside = (here | next) >> 2 & 1;
        places[i] = uint8_t(is_marked << 2 | (is_beside & ~is_marked));
    }
    places[last] = kMarked;
}

}  // namespace

void mark_places(const uint8_t*, size_t size, uint8_t* places) {
    if (size) std::memset(places, kMarked, size);  // Latin-1 has nothing else
}

CWS_CPU_DISPATCH void mark_places(const uint16_t* text, size_t size, uint8_t* places) { mark(text, size, places); }

CWS_CPU_DISPATCH void mark_places(const uint32_t* text, size_t size, uint8_t* places) { mark(text, size, places); }

}  // namespace cws
