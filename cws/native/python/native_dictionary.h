// The user dictionary that Python holds: some threads segment with it while others change it.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "python/copy_on_write.h"
#include "user_dictionary/user_dictionary.h"

namespace cws {

class NativeDictionary {
public:
    using Labels = std::vector<std::string>;

    // entries: (word, weight, label or None), folded. folding: 65,536 numbers of 16 bits, or nothing.
    static std::unique_ptr<NativeDictionary> build(const pybind11::iterable& entries, const pybind11::bytes& folding);

    // tensors: buffers by name, as cws/user_dictionary/dictionary.py describes them, which are used where they lie.
    static std::unique_ptr<NativeDictionary> map(const pybind11::dict& tensors, Labels labels);

    pybind11::dict tensors() const;
    const Labels& labels() const { return labels_; }

    size_t size() const { return dictionary_.get().size(); }
    std::optional<std::tuple<double, std::optional<std::string>>> get(const pybind11::str& word) const;
    void set(const pybind11::str& word, double weight, const std::optional<std::string>& label);
    pybind11::list items() const;

    // The dictionary as it is now, or null if it is empty. Needs the GIL.
    std::shared_ptr<const UserDictionary> read() const { return size() ? dictionary_.read() : nullptr; }

private:
    NativeDictionary(std::shared_ptr<const StaticEntries> entries, Folding folding, Labels labels,
                     std::vector<pybind11::buffer_info> buffers);

    std::vector<pybind11::buffer_info> buffers_;  // keep what the entries point to
    std::shared_ptr<const StaticEntries> entries_;
    Labels labels_;  // of the entries
    CopyOnWrite<UserDictionary> dictionary_;
};

}  // namespace cws
