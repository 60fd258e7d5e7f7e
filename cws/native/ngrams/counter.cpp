#include "ngrams/counter.h"

#include <algorithm>

#include "ngrams/groups.h"
#include "ngrams/merge.h"
#include "ngrams/sorter.h"
#include "ngrams/statistics.h"

namespace cws {
namespace {

constexpr uint64_t kTasksPerThread = 4;  // so that all finish at about the same time; each scans the text
constexpr size_t kRowsAtOnce = 1 << 14;

File make_file(const std::string& path, const std::string& folder) {
    return path.empty() ? File::temporary(folder) : File::create(path);
}

std::vector<Range> tasks_of(const std::vector<uint64_t>& counts, int threads, uint64_t most) {
    uint64_t sum = 0;
    for (const uint64_t count : counts) sum += count;
    return cut_alphabet(counts, std::clamp<uint64_t>(sum / (uint64_t(threads) * kTasksPerThread), 1, most));
}

size_t keys_per_thread(const NgramText& text, int order, const CountingLimits& limits) {
    return std::max<size_t>(limits.key_bytes / size_t(limits.threads) / key_bytes(text, order), 1);
}

// What the tasks of one thread found: rows of each order, and where those of each task end.
struct Found {
    std::deque<RowFile> rows;
    struct Part {
        size_t task;
        std::vector<uint64_t> ends;
    };
    std::vector<Part> parts;
    uint64_t characters = 0, runs = 0;
};

// Writes rows as columns.
class ColumnWriter {
public:
    ColumnWriter(File& file, int order, uint64_t rows, uint64_t offset) : order_(uint64_t(order)) {
        for (const uint64_t width : {4 * order_, uint64_t(8), uint64_t(4), uint64_t(4), uint64_t(4), uint64_t(4)}) {
            columns_.emplace_back(file, offset);
            offset += (width * rows + 7) / 8 * 8;
        }
        end_ = offset;
    }
    void add(const uint32_t* ngrams, const NgramRow* rows, size_t count) {
        columns_[0].write(ngrams, 4 * order_ * count);
        for (size_t i = 0; i < count; ++i) {
            columns_[1].write(&rows[i].count, 8);
            columns_[2].write(&rows[i].left_neighbours, 4);
            columns_[3].write(&rows[i].right_neighbours, 4);
            columns_[4].write(&rows[i].left_entropy, 4);
            columns_[5].write(&rows[i].right_entropy, 4);
        }
    }
    uint64_t finish() {
        for (FileWriter& column : columns_) column.flush();
        return end_;
    }

private:
    uint64_t order_, end_;
    std::vector<FileWriter> columns_;
};

NgramTables gather(std::vector<Found>& found, int order, size_t tasks, const std::string& folder) {
    NgramTables tables{File::temporary(folder), {}, 0, 0};
    std::vector<std::pair<Found*, size_t>> part_of(tasks);
    for (Found& one : found) {
        tables.characters += one.characters;
        tables.runs += one.runs;
        for (RowFile& rows : one.rows) rows.flush();
        for (size_t i = 0; i < one.parts.size(); ++i) part_of[one.parts[i].task] = {&one, i};
    }
    uint64_t offset = 0;
    std::vector<uint32_t> ngrams;
    std::vector<NgramRow> rows(kRowsAtOnce);
    for (size_t k = 0; k < size_t(order); ++k) {
        uint64_t total = 0;
        for (const Found& one : found) total += one.rows.empty() ? 0 : one.rows[k].rows();
        tables.orders.push_back({total, offset});
        ColumnWriter columns(tables.file, int(k + 1), total, offset);
        ngrams.resize(kRowsAtOnce * (k + 1));
        for (const auto& [one, part] : part_of) {
            const uint64_t end = one->parts[part].ends[k];
            for (uint64_t at = part ? one->parts[part - 1].ends[k] : 0; at < end;) {
                const auto count = size_t(std::min<uint64_t>(end - at, kRowsAtOnce));
                one->rows[k].read(at, count, ngrams.data(), rows.data());
                columns.add(ngrams.data(), rows.data(), count);
                at += count;
            }
        }
        offset = columns.finish();
    }
    return tables;
}

// make_counter(rows) gives a function that adds the rows of a range of first characters, in ascending order.
template <class MakeCounter>
NgramTables count(const std::vector<Range>& tasks, int order, int threads, const std::string& folder,
                  MakeCounter make_counter, const Watch& watch) {
    std::vector<Found> found(static_cast<size_t>(threads));
    run_tasks(
        tasks.size(), threads,
        [&](int thread) {
            Found& mine = found[size_t(thread)];
            for (int k = 1; k <= order; ++k) mine.rows.emplace_back(k, folder);
            return [&, counter = make_counter(mine)](size_t task) {
                counter(tasks[task]);
                mine.parts.push_back({task, {}});
                for (const RowFile& rows : mine.rows) mine.parts.back().ends.push_back(rows.rows());
            };
        },
        watch);
    return gather(found, order, tasks.size(), folder);
}

}  // namespace

std::vector<NgramFile> write_block(const NgramText& text, int order, const CountingLimits& limits,
                                   const std::vector<std::string>& paths, const std::string& folder, const Watch& watch) {
    const size_t keys = keys_per_thread(text, order, limits);
    const std::vector<Range> tasks = tasks_of(text.counts(), limits.threads, keys);
    const std::vector<uint32_t> codes = by_frequency(text.alphabet(), text.counts());
    std::vector<File> files;
    std::vector<std::unique_ptr<NgramFileWriter>> writers;
    files.reserve(size_t(limits.threads));
    for (int i = 0; i < limits.threads; ++i) {
        files.push_back(make_file(paths.empty() ? "" : paths[size_t(i)], folder));
        writers.push_back(std::make_unique<NgramFileWriter>(files.back(), order, codes));
    }
    run_tasks(
        tasks.size(), limits.threads,
        [&](int thread) {
            return [&, thread, sorter = make_sorter(text, order, keys)](size_t task) {
                sorter->sort(tasks[task], *writers[size_t(thread)]);
            };
        },
        watch);
    std::vector<NgramFile> done;
    for (int i = 0; i < limits.threads; ++i) {
        writers[size_t(i)]->finish();
        if (!paths.empty()) files[size_t(i)].flush();
        done.emplace_back(std::move(files[size_t(i)]));
    }
    return done;
}

NgramTables count_block(const NgramText& text, int order, uint64_t min_count, const CountingLimits& limits,
                        const std::string& folder, const Watch& watch) {
    const size_t bytes = limits.key_bytes / size_t(limits.threads);
    const auto make_counter = [&](Found& found) {
        return [groups = std::make_unique<NgramGroups>(text, order, min_count, bytes, found.rows)](Range range) {
            groups->count(range);
        };
    };
    const std::vector<Range> tasks =
        tasks_of(text.counts(), limits.threads, std::max<size_t>(bytes / NgramGroups::window_bytes(order), 1));
    NgramTables tables = count(tasks, order, limits.threads, folder, make_counter, watch);
    tables.characters = text.characters();
    tables.runs = text.runs();
    return tables;
}

NgramTables count_files(const std::vector<const NgramFile*>& files, uint64_t min_count, int threads,
                        const std::string& folder, const Watch& watch) {
    const NgramMerge merge(files);
    const int order = merge.order();
    const auto make_counter = [&](Found& found) {
        return [&, statistics = std::make_unique<NgramStatistics>(order, min_count, found.rows)](Range range) {
            merge.merge(range, *statistics);
            statistics->finish();
            found.characters = statistics->characters();
            found.runs = statistics->runs();
        };
    };
    return count(tasks_of(merge.counts(), threads, ~uint64_t(0)), order, threads, folder, make_counter, watch);
}

NgramFile merge_files(const std::vector<const NgramFile*>& files, const std::string& path, const std::string& folder,
                      const Watch& watch) {
    const NgramMerge merge(files);
    File file = make_file(path, folder);
    NgramFileWriter writer(file, merge.order(), by_frequency(merge.codes(), merge.counts()));
    const std::vector<Range> tasks = tasks_of(merge.counts(), 1, ~uint64_t(0));
    run_tasks(
        tasks.size(), 1, [&](int) { return [&](size_t task) { merge.merge(tasks[task], writer); }; }, watch);
    writer.finish();
    return NgramFile(std::move(file));
}

}  // namespace cws
