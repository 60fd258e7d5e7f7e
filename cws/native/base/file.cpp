#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace cws {
namespace {

int checked(int descriptor, const std::string& path) {
    if (descriptor < 0) throw FileFailure(errno, path);
    return descriptor;
}

constexpr size_t kMost = 1 << 30;  // bytes in one call, which some systems limit

}  // namespace

File File::open(const std::string& path) { return {checked(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path), path}; }

File File::create(const std::string& path) {
    return {checked(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), path), path};
}

File File::temporary(const std::string& folder) {
    std::string path = folder + "/.cws-XXXXXX";
    File file(checked(::mkstemp(path.data()), folder), folder);
    ::unlink(path.c_str());
    ::fcntl(file.descriptor_, F_SETFD, FD_CLOEXEC);
    return file;
}

File& File::operator=(File&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(path_, other.path_);
    return *this;
}

File::~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

void File::write(const void* bytes, size_t size, uint64_t offset) {
    for (size_t done = 0; done < size;) {
        const ssize_t count = ::pwrite(descriptor_, static_cast<const char*>(bytes) + done,
                                       std::min(size - done, kMost), off_t(offset + done));
        if (count < 0 && errno != EINTR) throw FileFailure(errno, path_);
        if (count > 0) done += size_t(count);
    }
}

void File::read(void* bytes, size_t size, uint64_t offset) const {
    for (size_t done = 0; done < size;) {
        const ssize_t count =
            ::pread(descriptor_, static_cast<char*>(bytes) + done, std::min(size - done, kMost), off_t(offset + done));
        if (count < 0 && errno != EINTR) throw FileFailure(errno, path_);
        if (count == 0) throw FileFailure(EIO, path_);  // shorter than it was
        if (count > 0) done += size_t(count);
    }
}

uint64_t File::size() const {
    struct stat status;
    if (::fstat(descriptor_, &status) < 0) throw FileFailure(errno, path_);
    return uint64_t(status.st_size);
}

void File::flush() {
    if (::fsync(descriptor_) < 0) throw FileFailure(errno, path_);
}

}  // namespace cws
