// Files read and written at given places, closed by their owner; failures carry the error number and the path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

namespace cws {

class FileFailure : public std::system_error {
public:
    FileFailure(int code, std::string path)
        : std::system_error(code, std::generic_category()), path(std::move(path)) {}
    std::string path;
};

class File {
public:
    static File open(const std::string& path);       // for reading
    static File create(const std::string& path);     // new, for both
    static File temporary(const std::string& folder);  // without a name: gone when it is closed, whatever happens
    File(File&& other) noexcept : descriptor_(other.descriptor_), path_(std::move(other.path_)) {
        other.descriptor_ = -1;
    }
    File& operator=(File&& other) noexcept;
    ~File();

    void write(const void* bytes, size_t size, uint64_t offset);
    void read(void* bytes, size_t size, uint64_t offset) const;  // all of it, or a failure
    uint64_t size() const;
    void flush();  // to the disk itself
    int descriptor() const { return descriptor_; }
    const std::string& path() const { return path_; }

private:
    File(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
    int descriptor_ = -1;
    std::string path_;
};

// Gathers small writes that follow each other.
class FileWriter {
public:
    explicit FileWriter(File& file, uint64_t offset = 0) : file_(&file), offset_(offset) { buffer_.reserve(kSize); }
    uint64_t offset() const { return offset_ + buffer_.size(); }
    void write(const void* bytes, size_t size) {
        if (buffer_.size() + size > kSize) flush();
        const auto* const from = static_cast<const uint8_t*>(bytes);
        buffer_.insert(buffer_.end(), from, from + size);
    }
    void flush() {
        file_->write(buffer_.data(), buffer_.size(), offset_);
        offset_ += buffer_.size();
        buffer_.clear();
    }

private:
    static constexpr size_t kSize = 1 << 18;
    File* file_;
    uint64_t offset_;
    std::vector<uint8_t> buffer_;
};

}  // namespace cws
