// What any bytes are as a change to an index: a change, or Error(kFileFormat). Built with clang and libFuzzer.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "index/change_record.hpp"
#include "lanner/index.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > 4096) return 0;
    // Records lie at multiples of 8 in a journal.
    std::vector<std::uint64_t> words((size + 6) / 8);
    if (size > 1) std::memcpy(words.data(), data + 1, size - 1);
    try {
        const lanner::ReadChange read(data[0], std::as_bytes(std::span(words)), 2);
        const lanner::Change& change = read.get();
        lanner::Index index({.dim = 2, .metric = lanner::Metric::kL2});
        const lanner::WriteOptions one{.threads = 1};
        if (change.kind == lanner::ChangeKind::kAdd || change.kind == lanner::ChangeKind::kUpsert) {
            index.add(*change.vectors, change.ids, one, change.kind == lanner::ChangeKind::kUpsert, change.attributes);
            const lanner::WrittenChange again(change);
        }
        if (change.kind == lanner::ChangeKind::kFit) index.fit(*change.vectors);
        if (change.kind == lanner::ChangeKind::kRemove) index.remove(change.ids, one);
        if (change.kind == lanner::ChangeKind::kUpdateAttributes)
            index.update_attributes(change.ids, *change.attributes);
        if (change.kind == lanner::ChangeKind::kCompact) index.compact(one);
    } catch (const lanner::Error&) {
        // Refused, in words.
    }
    return 0;
}
