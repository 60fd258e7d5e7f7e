#include "ngram_table.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <unordered_map>

namespace cws {
namespace {

constexpr double kKeysPerPilot = 6;
constexpr double kFill = 0.95;  // of the entries, at the first attempt

struct Entry {
    uint64_t key;
    const int8_t* weights;  // nullptr: zeros
    uint8_t flags;
};

std::vector<Entry> entries_with_prefixes(const uint64_t* keys, const int8_t* weights, size_t count) {
    std::vector<Entry> entries;
    std::unordered_map<uint64_t, size_t> index;
    entries.reserve(count);
    index.reserve(count);
    for (size_t i = 0; i < count; ++i) {
        if (!index.emplace(keys[i], entries.size()).second) throw std::invalid_argument("n-gram keys must be distinct");
        entries.push_back({keys[i], weights + i * kLanes, 0});
    }
    for (size_t i = 0; i < count; ++i) {
        if (!is_fourgram(keys[i])) continue;
        const auto [at, is_new] = index.emplace(prefix_key(keys[i]), entries.size());
        if (is_new) entries.push_back({prefix_key(keys[i]), nullptr, 0});
        entries[at->second].flags |= kIsPrefix;
    }
    return entries;
}

// One attempt with a given number of buckets; false if some pilot cannot be found.
bool place_all(const std::vector<Entry>& entries, BuiltTable& table) {
    std::memset(static_cast<void*>(table.buckets.data()), 0, table.buckets.size() * sizeof(Bucket));
    const NgramTable view{table.buckets.data(), table.pilots.data(), uint32_t(table.buckets.size()),
                          uint32_t(table.pilots.size())};
    std::vector<std::vector<uint32_t>> groups(table.pilots.size());
    for (uint32_t i = 0; i < entries.size(); ++i)
        groups[scale_down(Hash(entries[i].key).fingerprint, view.pilot_count)].push_back(i);
    std::vector<uint32_t> order(groups.size());
    std::iota(order.begin(), order.end(), 0u);
    // The largest groups first, while there is room everywhere.
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return groups[a].size() > groups[b].size(); });

    std::vector<uint8_t> used(table.buckets.size(), 0);
    std::vector<size_t> chosen;
    for (const uint32_t group : order) {
        bool placed = groups[group].empty();
        for (int pilot = 0; pilot < 256 && !placed; ++pilot) {
            table.pilots[group] = uint8_t(pilot);
            chosen.clear();
            for (const uint32_t i : groups[group]) {
                const size_t bucket = size_t(view.bucket_of(Hash(entries[i].key)) - view.buckets);
                if (used[bucket] == 3) break;
                ++used[bucket];
                chosen.push_back(bucket);
            }
            placed = chosen.size() == groups[group].size();
            if (!placed)
                for (const size_t bucket : chosen) --used[bucket];
        }
        if (!placed) return false;
        for (const uint32_t i : groups[group]) {
            const Hash hash(entries[i].key);
            Bucket& bucket = table.buckets[size_t(view.bucket_of(hash) - view.buckets)];
            if (find_entry(bucket, hash.fingerprint) >= 0) throw std::runtime_error("two n-grams share a fingerprint");
            const auto free = std::find(bucket.fingerprints, bucket.fingerprints + 3, 0u) - bucket.fingerprints;
            bucket.fingerprints[free] = hash.fingerprint;
            bucket.flags[free] = entries[i].flags;
            if (entries[i].weights) std::memcpy(bucket.weights[free], entries[i].weights, kLanes);
        }
    }
    return true;
}

}  // namespace

BuiltTable build_ngram_table(const uint64_t* keys, const int8_t* weights, size_t count) {
    const std::vector<Entry> entries = entries_with_prefixes(keys, weights, count);
    BuiltTable table;
    table.pilots.resize(size_t(double(entries.size()) / kKeysPerPilot) + 1);
    size_t buckets = size_t(double(entries.size()) / (3 * kFill)) + 1;
    do {
        table.buckets.resize(buckets);
        buckets += buckets / 50 + 1;
    } while (!place_all(entries, table));
    return table;
}

}  // namespace cws
