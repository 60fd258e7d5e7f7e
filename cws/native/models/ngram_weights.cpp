#include "models/ngram_weights.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <stdexcept>

namespace cws {
namespace {

constexpr double kKeysPerPilot = 3;
constexpr double kFill = 0.95;  // of the entries, at the first attempt

struct Entry {
    Hash hash;
    const int8_t* weights;  // nullptr: zeros
    uint8_t flags;
};

// What tells entries apart in a table.
uint64_t identity(const Hash& hash) { return uint64_t(hash.fingerprint) << 8 | hash.rest_beside_flags(); }

// The keys ascend, so a prefix is found by halving.
std::vector<Entry> entries_with_prefixes(const uint64_t* keys, const int8_t* weights, size_t count) {
    std::vector<Entry> entries;
    std::vector<uint64_t> prefixes;
    entries.reserve(count);
    for (size_t i = 0; i < count; ++i) {
        if (i > 0 && keys[i] <= keys[i - 1]) throw std::invalid_argument("n-gram keys must ascend");
        entries.push_back({Hash(keys[i]), weights + i * kLanes, 0});
        if (is_fourgram(keys[i])) prefixes.push_back(prefix_key(keys[i]));
    }
    std::sort(prefixes.begin(), prefixes.end());
    prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
    for (const uint64_t prefix : prefixes) {
        const size_t at = size_t(std::lower_bound(keys, keys + count, prefix) - keys);
        if (at < count && keys[at] == prefix) {
            entries[at].flags |= kIsPrefix;
        } else {
            entries.push_back({Hash(prefix), nullptr, kIsPrefix});
        }
    }
    return entries;
}

// Adds what a table holds beyond the entries.
void add_entries(const NgramTable& base, std::vector<Entry>& entries) {
    std::vector<std::pair<uint64_t, uint32_t>> known;  // entries by what tells them apart
    for (uint32_t i = 0; i < entries.size(); ++i) known.emplace_back(identity(entries[i].hash), i);
    std::sort(known.begin(), known.end());
    for (uint32_t i = 0; i < base.bucket_count; ++i) {
        const Bucket& bucket = base.buckets[i];
        for (int at = 0; at < 3; ++at) {
            if (!bucket.fingerprints[at]) continue;
            const Hash hash(bucket.fingerprints[at], bucket.flags[at]);
            const uint8_t flags = bucket.flags[at] & kIsPrefix;
            const auto found = std::lower_bound(known.begin(), known.end(), std::make_pair(identity(hash), 0u));
            if (found == known.end() || found->first != identity(hash)) {
                entries.push_back({hash, bucket.weights[at], flags});
                continue;
            }
            Entry& entry = entries[found->second];
            entry.flags |= flags;
            if (!entry.weights) entry.weights = bucket.weights[at];
        }
    }
}

int strength(const Entry& entry) {
    return entry.weights ? std::accumulate(entry.weights, entry.weights + kLanes, 0,
                                           [](int sum, int8_t weight) { return sum + std::abs(int(weight)); })
                         : 0;
}

// Leaves out the weaker of two entries that no look-up could tell apart.
void leave_out_twins(std::vector<Entry>& entries) {
    std::vector<uint32_t> order(entries.size());
    std::iota(order.begin(), order.end(), 0u);
    const auto key = [&](uint32_t at) { return identity(entries[at].hash); };
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return std::make_pair(key(a), a) < std::make_pair(key(b), b); });
    std::vector<bool> dropped(entries.size());
    for (size_t i = 1; i < order.size(); ++i) {
        if (key(order[i]) != key(order[i - 1])) continue;
        Entry &one = entries[order[i - 1]], &other = entries[order[i]];
        if (strength(one) > strength(other)) std::swap(one, other);  // the last of them stays
        other.flags |= one.flags;
        dropped[order[i - 1]] = true;
    }
    size_t kept = 0;
    for (size_t i = 0; i < entries.size(); ++i)
        if (!dropped[i]) entries[kept++] = entries[i];
    entries.resize(kept, entries.empty() ? Entry{Hash(0), nullptr, 0} : entries[0]);
}

// The entries that share a pilot, group after group.
struct Groups {
    std::vector<uint32_t> begins, members;

    Groups(const std::vector<Entry>& entries, size_t count) : begins(count + 1), members(entries.size()) {
        const auto group_of = [&](const Entry& entry) {
            return scale_down(entry.hash.fingerprint, uint32_t(count));
        };
        for (const Entry& entry : entries) ++begins[group_of(entry) + 1];
        std::partial_sum(begins.begin(), begins.end(), begins.begin());
        std::vector<uint32_t> next(begins);
        for (uint32_t i = 0; i < entries.size(); ++i) members[next[group_of(entries[i])]++] = i;
    }
    uint32_t size(uint32_t group) const { return begins[group + 1] - begins[group]; }
};

// Gives every entry a bucket with room; false if some pilot cannot be found.
bool find_pilots(const std::vector<Entry>& entries, const Groups& groups, BuiltTable& table,
                 std::vector<uint32_t>& bucket_of) {
    const NgramTable view{table.buckets.data(), table.pilots.data(), uint32_t(table.buckets.size()),
                          uint32_t(table.pilots.size())};
    std::vector<uint32_t> order(table.pilots.size());
    std::iota(order.begin(), order.end(), 0u);
    // The largest groups first, while there is room everywhere.
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return groups.size(a) > groups.size(b); });
    std::vector<uint8_t> used(table.buckets.size(), 0);
    // Whether an entry of the group before `at` has the same fingerprint in the same bucket.
    const auto is_taken = [&](uint32_t begin, uint32_t at) {
        const uint32_t entry = groups.members[at];
        return std::any_of(&groups.members[begin], &groups.members[at], [&](uint32_t other) {
            return entries[other].hash.fingerprint == entries[entry].hash.fingerprint && bucket_of[other] == bucket_of[entry];
        });
    };
    for (const uint32_t group : order) {
        const uint32_t begin = groups.begins[group], end = groups.begins[group + 1];
        bool placed = begin == end;
        for (int pilot = 0; pilot < 256 && !placed; ++pilot) {
            table.pilots[group] = uint8_t(pilot);
            uint32_t at = begin;
            for (; at < end; ++at) {
                const uint32_t entry = groups.members[at];
                bucket_of[entry] = uint32_t(view.bucket_of(entries[entry].hash) - view.buckets);
                if (used[bucket_of[entry]] == 3 || is_taken(begin, at)) break;
                ++used[bucket_of[entry]];
            }
            placed = at == end;
            if (!placed)
                while (at-- > begin) --used[bucket_of[groups.members[at]]];
        }
        if (!placed) return false;
    }
    return true;
}

void store(const Entry& entry, Bucket& bucket) {
    const auto free = std::find(bucket.fingerprints, bucket.fingerprints + 3, 0u) - bucket.fingerprints;
    bucket.fingerprints[free] = entry.hash.fingerprint;
    bucket.flags[free] = entry.flags | entry.hash.rest_beside_flags();
    if (entry.weights) std::memcpy(bucket.weights[free], entry.weights, kLanes);
}

}  // namespace

BuiltTable build_ngram_table(const uint64_t* keys, const int8_t* weights, size_t count, const NgramTable& base) {
    std::vector<Entry> entries = entries_with_prefixes(keys, weights, count);
    add_entries(base, entries);
    leave_out_twins(entries);
    std::vector<uint32_t> bucket_of(entries.size());
    BuiltTable table;
    table.pilots.resize(size_t(double(entries.size()) / kKeysPerPilot) + 1);
    const Groups groups(entries, table.pilots.size());
    size_t buckets = size_t(double(entries.size()) / (3 * kFill)) + 1;
    const size_t enough = 4 * buckets + 64;  // only keys made to collide need more
    do {
        if (buckets > enough) throw std::runtime_error("these n-grams cannot be placed: too many share a hash");
        table.buckets.assign(buckets, Bucket{});
        buckets += buckets / 50 + 1;
    } while (!find_pilots(entries, groups, table, bucket_of));
    for (size_t i = 0; i < entries.size(); ++i) store(entries[i], table.buckets[bucket_of[i]]);
    return table;
}

}  // namespace cws
