// What the reader makes of any bytes: an index that can be used, or Error(kFileFormat). Built with clang and libFuzzer.
//
// The first byte says how the rest is opened. Checksums would stop nearly everything at the gate, so unless a bit asks for
// the bytes as they are, header, table and sections get those that fit what they hold.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <variant>
#include <vector>

#include "base/checksum.hpp"
#include "lanner/index.hpp"

namespace {

using lanner::Error;
using lanner::ErrorKind;
using lanner::Index;

constexpr std::size_t kMost = 1 << 18;

template <typename T>
T load(const std::vector<std::byte>& bytes, std::size_t at) {
    T value{};
    if (at + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

template <typename T>
void store(std::vector<std::byte>& bytes, std::size_t at, T value) {
    if (at + sizeof value <= bytes.size()) std::memcpy(bytes.data() + at, &value, sizeof value);
}

void heal(std::vector<std::byte>& bytes) {
    if (bytes.size() < 64) return;
    store<std::uint64_t>(bytes, 24, bytes.size());
    const auto count = std::min<std::size_t>(load<std::uint32_t>(bytes, 32), 1024);
    const std::size_t table = load<std::uint64_t>(bytes, 16);
    if (table <= bytes.size() && count * 48 == bytes.size() - table) {
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t entry = table + i * 48;
            const auto offset = load<std::uint64_t>(bytes, entry + 24);
            const auto length = load<std::uint64_t>(bytes, entry + 32);
            if (offset > bytes.size() || length > bytes.size() - offset) continue;
            store(bytes, entry + 40, lanner::crc32(0, bytes.data() + offset, static_cast<std::size_t>(length)));
        }
        store(bytes, 36, lanner::crc32(0, bytes.data() + table, count * 48));
    }
    store(bytes, 60, lanner::crc32(0, bytes.data(), 60));
}

// Of every column, conditions that half of all items satisfy or none, by whatever order or postings the column makes of itself.
std::vector<lanner::Filter> filters_on(const Index& index) {
    using lanner::Filter;
    using lanner::FilterOp;
    std::vector<Filter> filters;
    for (const lanner::ColumnSpec& column : index.schema()) {
        const auto add = [&](FilterOp op, std::vector<lanner::FilterValue> values) {
            Filter filter;
            filter.op = op;
            filter.column = column.name;
            filter.values = std::move(values);
            filters.push_back(std::move(filter));
        };
        switch (column.type) {
            case lanner::ColumnType::kInt64:
            case lanner::ColumnType::kFloat64:
                add(FilterOp::kLess, {std::int64_t{4}});
                add(FilterOp::kBetween, {1.5, 40.0});
                break;
            case lanner::ColumnType::kTimestamp:
                add(FilterOp::kGreater, {lanner::Timestamp{4}});
                break;
            case lanner::ColumnType::kBool:
                add(FilterOp::kEqual, {true});
                break;
            case lanner::ColumnType::kString:
                add(FilterOp::kStartsWith, {std::string("n")});
                add(FilterOp::kEqual, {std::string("n1")});
                break;
            case lanner::ColumnType::kStringList:
                add(FilterOp::kContains, {std::string("a")});
                break;
            case lanner::ColumnType::kInt64List:
                add(FilterOp::kContains, {std::int64_t{1}});
                break;
        }
        add(FilterOp::kIsNull, {});
    }
    return filters;
}

// Searches, reads and changes; what it finds is of no interest, only that it ends.
void use(Index& index) {
    const lanner::IndexOptions& options = index.options();
    const lanner::OwnedIds ids = index.ids();
    const std::size_t count = std::visit([](const auto& all) { return all.size(); }, ids);
    if (options.dim > 4096 || count > 16384) return;
    std::vector<std::byte> row(index.row_bytes() * 2, std::byte{1});
    const lanner::Vectors one{row.data(), 1, options.type};
    std::vector<std::int64_t> found(8);
    std::vector<std::string> names(8);
    std::vector<float> distances(8);
    std::int64_t hits = 0;
    const bool strings = index.id_kind() == lanner::IdKind::kString;
    const lanner::HitBuffers out{strings ? nullptr : found.data(), strings ? names.data() : nullptr, distances.data(),
                                 &hits};
    const auto attempt = [](const auto& call) {
        try {
            call();
        } catch (const Error& error) {
            // What a query or change is refused for, or what is found to be unsound only now.
            (void)error;
        }
    };
    attempt([&] { index.search(one, {.k = 8, .threads = 1}, out); });
    attempt([&] { index.search(one, {.k = 8, .ef = 8, .threads = 1}, out); });
    attempt([&] { index.search(one, {.k = 8, .exact = true, .threads = 1}, out); });
    attempt([&] { index.search_radius(one, 10.0F, {.k = 1, .ef = 4, .threads = 1}); });
    attempt([&] { index.memory(); });
    for (const lanner::Filter& filter : filters_on(index)) {
        attempt([&] { index.count(filter); });
        attempt([&] { index.search(one, {.k = 8, .threads = 1, .filters = {&filter, 1}}, out); });
    }
    lanner::Ids given;
    std::vector<std::string_view> views;
    if (const auto* const integers = std::get_if<std::vector<std::int64_t>>(&ids)) {
        given = std::span<const std::int64_t>(*integers);
    } else {
        const auto& owned = std::get<std::vector<std::string>>(ids);
        views.assign(owned.begin(), owned.end());
        given = std::span<const std::string_view>(views);
    }
    attempt([&] { index.attributes(given); });
    std::vector<std::byte> rows(index.row_bytes() * std::max<std::size_t>(count, 1));
    attempt([&] { index.get(given, rows.data()); });
    if (index.read_only()) return;
    attempt([&] { index.add(one, {}, {.threads = 1}); });
    attempt([&] { index.add({rows.data(), count, options.type}, given, {.threads = 1}, true); });
    attempt([&] { index.remove(given, {.threads = 1}); });
    index.to_bytes();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > kMost) return 0;
    const unsigned how = data[0];
    std::vector<std::byte> bytes(size - 1);
    if (size > 1) std::memcpy(bytes.data(), data + 1, size - 1);
    if ((how & 4) == 0) heal(bytes);
    static const struct Scratch {
        ~Scratch() { std::remove(path.c_str()); }
        // In memory where it can be: a disk would be most of the time.
        std::string path = std::string(::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + "/lanner-fuzz-" +
                           std::to_string(::getpid());
    } scratch;
    const std::string& path = scratch.path;
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    if (file == nullptr) std::abort();
    if (!bytes.empty()) std::fwrite(bytes.data(), 1, bytes.size(), file);
    std::fclose(file);
    try {
        Index index = Index::open(path, {.writable = (how & 1) != 0, .verify = (how & 2) != 0});
        use(index);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::kFileFormat) throw;
    }
    return 0;
}
