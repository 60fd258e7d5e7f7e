// Text to word ends: cuts a text into sequences, scores and decodes them with a model.
//
// A run of white space (with control characters) is one word, which ends after a line feed; so cutting a text into lines
// first changes nothing. What stands between runs of white space is a sequence and is decoded by itself. A sequence of
// more than kMaxSequence characters is cut after its last clause mark (。！？；，、) within that length, else at that
// length; so memory is bounded, and where a text is cut depends on nothing but the text since the last white space.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/characters.h"
#include "base/labeler.h"
#include "chain/constraints.h"
#include "units/units.h"
#include "user_dictionary/decide.h"
#include "user_dictionary/resegment.h"

namespace cws {

inline bool is_clause_mark(uint32_t code) {
    return code == 0x3002 || code == 0x3001 || code == 0xFF01 || code == 0xFF1F || code == 0xFF1B || code == 0xFF0C;
}

// Returns the end of the sequence that begins at text[begin], which is no separator.
template <class Char>
size_t sequence_end(const uint16_t* classes, const Char* text, size_t size, size_t begin) {
    size_t at = begin, after_clause = begin;
    for (; at < size && at - begin < kMaxSequence; ++at) {
        const uint32_t code = uint32_t(text[at]);
        if (class_of(classes, code) == kSeparator) return at;
        if (is_clause_mark(code)) after_clause = at + 1;
    }
    const bool whole = at == size || class_of(classes, uint32_t(text[at])) == kSeparator;
    return whole || after_clause == begin ? at : after_clause;
}

// What one thread needs to segment; reused between texts, about 50 KB.
class Segmenter {
public:
    // has_units: whether units are kept whole, which no model may cut (cws/native/units).
    explicit Segmenter(const Labeler& labeler, bool has_units = false)
        : classes_(labeler.classes), decoder_(labeler.decoder()), has_units_(has_units) {
        codes_[0] = codes_[1] = kEdge;
        if (labeler.reads_characters) characters_.resize(kMaxCodes);
    }

    // Sets word_ends[i] to 1 where a word ends after text[i], else to 0. Char: uint8_t (Latin-1), uint16_t, uint32_t.
    // dictionary: the user's, or null.
    template <class Char>
    void word_ends(const Char* text, size_t size, const UserDictionary* dictionary, uint8_t* word_ends);

    // Tells the decoder what `word_ends` found out about the places of a sequence of the same text; for those that ask it
    // about the sequence themselves.
    void constrain(Decoder& decoder, size_t text_begin, int begin, int count) const {
        if (has_units_ && next_constraint(places_.data() + text_begin, 0, count) < count)
            decoder.constrain(begin, count, places_.data() + text_begin);
    }
    // Whether words of a sequence have a boundary where there is none, or none where there is one.
    bool breaks(size_t text_begin, const uint8_t* word_ends, int count) const {
        if (!has_units_) return false;
        const uint8_t* const places = places_.data() + text_begin;
        uint8_t is_any = 0;  // without a branch, so that it is made of vectors
        for (int at = 0; at + 1 < count; ++at) is_any |= places[at] & uint8_t(1 + word_ends[at]);
        return is_any != 0;
    }
    // Whether a unit goes on after text[at].
    bool is_inside_unit(size_t at) const { return has_units_ && places_[at] == kNoBoundary; }

    // Calls visit(text_begin, decoder, begin, count) for each sequence of the text: where it begins in the text and, for
    // the decoder, in its block.
    // Before a block is scored, calls prepare(text_begin, count) for each of its sequences.
    template <class Char, class Visit, class Prepare>
    void for_each_sequence(const Char* text, size_t size, Visit visit, Prepare prepare);
    template <class Char, class Visit>
    void for_each_sequence(const Char* text, size_t size, Visit visit) {
        for_each_sequence(text, size, visit, [](size_t, int) {});
    }

private:
    struct Sequence {
        size_t text_begin;
        int code_begin, count;
    };

    template <class Char>
    void find_places(const Char* text, size_t size, const EntryFinder<Char>* finder);
    template <class Char>
    size_t fill_block(const Char* text, size_t size, size_t at);
    template <class Char>
    void copy_characters(const Char* text);

    const uint16_t* classes_;
    std::unique_ptr<Decoder> decoder_;
    std::vector<Sequence> sequences_;
    int code_count_ = 0;
    uint16_t codes_[kPad + kMaxCodes];  // edges, block, edges
    std::vector<uint32_t> characters_;  // of the block, for labelers that read them
    EntryScratch entries_;
    DecidedWords decided_;
    bool has_units_;
    std::vector<Unit> units_;
    std::vector<uint8_t> places_;  // of the text, what is known of the place after each character: Boundary
    Resegmentation resegmentation_;
};

// Makes one word of each part of a text that an entry has joined across sequences.
inline void join(const std::vector<std::pair<size_t, size_t>>& crossing, uint8_t* word_ends) {
    for (const auto& [begin, end] : crossing) std::fill(word_ends + begin, word_ends + end - 1, uint8_t(0));
}

template <class Char>
size_t Segmenter::fill_block(const Char* text, size_t size, size_t at) {
    sequences_.clear();
    uint16_t* codes = codes_ + kPad;
    code_count_ = 0;
    while (at < size && code_count_ < kBlock) {
        if (class_of(classes_, uint32_t(text[at])) == kSeparator) {
            ++at;
            continue;
        }
        const size_t end = sequence_end(classes_, text, size, at);
        sequences_.push_back({at, code_count_, int(end - at)});
        for (; at < end; ++at) codes[code_count_++] = class_of(classes_, uint32_t(text[at]));
        for (int i = 0; i < kPad; ++i) codes[code_count_++] = kEdge;
    }
    for (int i = 0; i < kPad; ++i) codes[code_count_ + i] = kEdge;
    return at;
}

template <class Char>
void Segmenter::copy_characters(const Char* text) {
    for (const Sequence& sequence : sequences_)
        std::copy_n(text + sequence.text_begin, sequence.count, characters_.begin() + sequence.code_begin);
}

template <class Char, class Visit, class Prepare>
void Segmenter::for_each_sequence(const Char* text, size_t size, Visit visit, Prepare prepare) {
    for (size_t at = 0; at < size;) {
        at = fill_block(text, size, at);
        for (const Sequence& sequence : sequences_) prepare(sequence.text_begin, sequence.count);
        if (!characters_.empty()) copy_characters(text);
        decoder_->score(codes_ + kPad, characters_.data(), code_count_);
        for (const Sequence& sequence : sequences_)
            visit(sequence.text_begin, *decoder_, sequence.code_begin, sequence.count);
    }
}

// Where units have boundaries and where not. An entry of the user's that begins like a mention ends it.
template <class Char>
void Segmenter::find_places(const Char* text, size_t size, const EntryFinder<Char>* finder) {
    places_.resize(size);
    units_.clear();
    find_boundaries(text, size, places_.data(), finder ? &units_ : nullptr);
    for (const Unit& unit : units_) {
        if (unit.type != UnitType::kMention) continue;
        const size_t end = finder->longest_entry(unit.begin);
        if (end <= unit.begin + 1 || end >= unit.end) continue;
        std::fill(places_.begin() + int64_t(end), places_.begin() + int64_t(unit.end) - 1, uint8_t(kFree));
        places_[end - 1] = kBoundary;
    }
}

template <class Char>
void Segmenter::word_ends(const Char* text, size_t size, const UserDictionary* dictionary, uint8_t* word_ends) {
    size_t done = 0;
    const auto separators = [&](size_t end) {
        for (; done < end; ++done) word_ends[done] = (done + 1 == end && !is_inside_unit(done)) || text[done] == '\n';
    };
    std::optional<EntryFinder<Char>> finder;
    if (dictionary) finder.emplace(*dictionary, entries_, text, size);
    if (has_units_) find_places(text, size, finder ? &*finder : nullptr);
    const auto prepare = [&](size_t text_begin, int count) {
        if (finder) finder->look_ahead(text_begin, count);
    };
    const auto visit = [&](size_t text_begin, Decoder& decoder, int begin, int count) {
        separators(text_begin);
        uint8_t* const ends = word_ends + text_begin;
        decoder.word_ends(begin, count, ends);
        if (breaks(text_begin, ends, count)) {  // seldom: else these are the best words with the constraints too
            decoder.keep_to(begin, count, places_.data() + text_begin, ends);
            if (finder) constrain(decoder, text_begin, begin, count);
        }
        done = text_begin + size_t(count);
        if (finder) {
            finder->find(text_begin, count);
            decided_.decide(decoder, begin, count, ends, finder->forced(), finder->matches());
            resegmentation_.apply(decoder, begin, count, finder->forced(), finder->matches(), ends);
        }
        if (is_inside_unit(done - 1)) ends[count - 1] = 0;  // last: a sequence ends with a word for all that work on it
    };
    for_each_sequence(text, size, visit, prepare);
    separators(size);
    if (finder) join(finder->crossing(), word_ends);
}

}  // namespace cws
