#include "ngrams/counts_file.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace cws {
namespace {

constexpr char kMagic[8] = {'c', 'w', 's', 'n', 'g', 'r', 'a', 'm'};
constexpr uint32_t kVersion = 1;
struct Header {
    char magic[8];
    uint32_t version, order;
};
struct Entry {  // of the directory
    uint32_t code, reserved;
    uint64_t count, offset, bytes;
};
struct Trailer {
    uint64_t directory, characters;  // its offset, and its number of entries
    char magic[8];
};
constexpr int kManyCounts = 15;  // from there on the count does not fit in the first byte

uint8_t* write_varint(uint8_t* to, uint64_t value) {
    for (; value >= 0x80; value >>= 7) *to++ = uint8_t(value | 0x80);
    *to++ = uint8_t(value);
    return to;
}

}  // namespace

std::vector<uint32_t> by_frequency(const std::vector<uint32_t>& codes, const std::vector<uint64_t>& counts) {
    std::vector<size_t> order(codes.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
        return counts[a] != counts[b] ? counts[a] > counts[b] : codes[a] < codes[b];
    });
    std::vector<uint32_t> sorted;
    for (const size_t i : order)
        if (codes[i]) sorted.push_back(codes[i]);
    return sorted;
}

NgramFileWriter::NgramFileWriter(File& file, int order, const std::vector<uint32_t>& codes)
    : order_(order), writer_(file), indices_(kCodes) {
    for (const uint32_t code : codes) {
        sections_.push_back({code, uint32_t(sections_.size() + 1), 0, 0, 0});
        indices_[code] = uint32_t(sections_.size());
    }
    Header header{{}, kVersion, uint32_t(order)};
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    writer_.write(&header, sizeof header);
}

void NgramFileWriter::add(const uint32_t* window, int shared, uint64_t count) {
    if (shared == 0) {
        end_section();
        section_ = &sections_[indices_[window[0]] - 1];
        section_->offset = writer_.offset();
        shared = 1;
    }
    section_->count += count;
    uint8_t record[kLongestRecord];
    uint8_t* to = record + 1;
    const int small = count < kManyCounts ? int(count) : kManyCounts;
    record[0] = uint8_t(small << 4 | shared);
    if (small == kManyCounts) to = write_varint(to, count - kManyCounts);
    for (int at = shared; at <= order_ && window[at - 1]; ++at) to = write_varint(to, indices_[window[at]]);
    to = write_varint(to, indices_[window[order_ + 1]]);
    writer_.write(record, size_t(to - record));
}

void NgramFileWriter::end_section() {
    if (section_) section_->bytes = writer_.offset() - section_->offset;
}

void NgramFileWriter::finish() {
    end_section();
    const uint64_t directory = writer_.offset();
    for (const NgramSection& section : sections_) {
        const Entry entry{section.code, 0, section.count, section.offset, section.bytes};
        writer_.write(&entry, sizeof entry);
    }
    Trailer trailer{directory, sections_.size(), {}};
    std::memcpy(trailer.magic, kMagic, sizeof kMagic);
    writer_.write(&trailer, sizeof trailer);
    writer_.flush();
}

NgramFile::NgramFile(File file) : file_(std::move(file)), codes_{0} {
    Header header;
    Trailer trailer;
    const uint64_t size = file_.size();
    if (size < sizeof header + sizeof trailer) fail("too short");
    file_.read(&header, sizeof header, 0);
    file_.read(&trailer, sizeof trailer, size - sizeof trailer);
    if (std::memcmp(header.magic, kMagic, sizeof kMagic)) fail("it does not begin with cwsngram");
    if (header.version != kVersion) fail("expected version 1, got " + std::to_string(header.version));
    if (std::memcmp(trailer.magic, kMagic, sizeof kMagic)) fail("it ends too early");
    if (header.order < 1 || header.order > uint32_t(kMaxOrder)) fail("n must be from 1 to 10");
    order_ = int(header.order);
    const uint64_t end = size - sizeof trailer;
    if (trailer.characters >= kCodes || trailer.directory < sizeof header || trailer.directory > end ||
        end - trailer.directory != trailer.characters * sizeof(Entry))
        fail("the directory does not fit in the file");
    std::vector<Entry> entries(trailer.characters);
    file_.read(entries.data(), entries.size() * sizeof(Entry), trailer.directory);
    for (const Entry& entry : entries) {
        if (entry.code == 0 || entry.code >= kCodes) fail("a character that is no Han character");
        if (entry.count >> 48) fail("a count that cannot be");
        if ((entry.bytes == 0) != (entry.count == 0) || entry.bytes > trailer.directory ||
            (entry.bytes && (entry.offset < sizeof header || entry.offset > trailer.directory - entry.bytes)))
            fail("a section does not fit in the file");
        codes_.push_back(entry.code);
        sections_.push_back({entry.code, uint32_t(codes_.size() - 1), entry.count, entry.offset, entry.bytes});
    }
    std::sort(sections_.begin(), sections_.end(), [](const auto& a, const auto& b) { return a.code < b.code; });
    for (size_t i = 1; i < sections_.size(); ++i)
        if (sections_[i].code == sections_[i - 1].code) fail("a character twice in the directory");
}

const NgramSection* NgramFile::section(uint32_t code) const {
    const auto at = std::lower_bound(sections_.begin(), sections_.end(), code,
                                     [](const NgramSection& section, uint32_t wanted) { return section.code < wanted; });
    return at != sections_.end() && at->code == code && at->count ? &*at : nullptr;
}

void NgramFile::fail(const std::string& what) const { throw BrokenCounts(what, file_.path()); }

NgramReader::NgramReader(const NgramFile& file, const NgramSection& section)
    : file_(&file), section_(&section), buffer_(new uint8_t[kBuffer + kLongestRecord]), at_(buffer_.get()), end_(at_) {}

// After the last record there are zeros, which end every number.
void NgramReader::refill() {
    const auto left = size_t(end_ - at_);
    const size_t more = size_t(std::min<uint64_t>(kBuffer - left, section_->bytes - read_));
    std::memmove(buffer_.get(), at_, left);
    file_->file().read(buffer_.get() + left, more, section_->offset + read_);
    read_ += more;
    at_ = buffer_.get();
    end_ = at_ + left + more;
    std::memset(buffer_.get() + left + more, 0, kLongestRecord);
}

inline uint64_t NgramReader::varint() {
    uint64_t value = *at_ & 0x7F;
    for (int shift = 7; *at_++ & 0x80; shift += 7) {
        if (shift > 56) file_->fail("a number of more than nine bytes");
        value |= uint64_t(*at_ & 0x7F) << shift;
    }
    return value;
}

bool NgramReader::next() {
    if (size_t(end_ - at_) < kLongestRecord && read_ < section_->bytes) refill();
    if (at_ == end_) {
        if (sum_ != section_->count) file_->fail("the counts of a section do not sum to what the directory says");
        return false;
    }
    const int order = file_->order(), first = *at_ & 15;
    uint64_t count = *at_++ >> 4;
    if (count == kManyCounts) count += varint();
    if (count == 0 || first < 1 || first > order + 1 || (sum_ == 0 && first != 1)) file_->fail("a broken record");
    const std::vector<uint32_t>& codes = file_->codes();
    const auto character = [&] {
        const uint64_t index = varint();
        if (index >= codes.size()) file_->fail("a character that is not in the directory");
        return codes[index];
    };
    int shared = sum_ == 0 ? 0 : kMaxWindow;
    window_[0] = section_->code;
    for (int at = first; at <= order + 1; ++at) {
        const uint32_t code = at <= order && window_[at - 1] == 0 ? 0 : character();
        if (code != window_[at] && shared == kMaxWindow) {
            if (code < window_[at]) file_->fail("windows that are not in ascending order");
            shared = at;
        }
        window_[at] = code;
    }
    if (shared == kMaxWindow || at_ > end_) file_->fail("a broken record");
    shared_ = shared;
    count_ = count;
    sum_ += count;
    if (sum_ < count || sum_ > section_->count) file_->fail("the counts of a section exceed what the directory says");
    return true;
}

}  // namespace cws
