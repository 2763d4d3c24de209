// A change to an index as a record of its journal, and back; see cpp/FORMAT.md.
// Threads: any. Both borrow: what is written, from the caller's arrays; what is read, from the record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lanner/attributes.hpp"
#include "lanner/ids.hpp"
#include "lanner/vectors.hpp"

namespace lanner {

// The values are part of the format.
enum class ChangeKind : std::uint32_t {
    kAdd = 1,
    kUpsert = 2,
    kRemove = 3,
    kUpdateAttributes = 4,
    kFit = 5,
    kCompact = 6
};

struct Change {
    ChangeKind kind = ChangeKind::kAdd;
    std::size_t rows = 0;
    std::optional<Vectors> vectors = std::nullopt;
    std::size_t dim = 0;  // of the vectors
    Ids ids = {};
    const TableView* attributes = nullptr;
};

// The parts of a record's payload, and what they borrow from.
class WrittenChange {
  public:
    explicit WrittenChange(const Change& change);
    WrittenChange(const WrittenChange&) = delete;
    WrittenChange& operator=(const WrittenChange&) = delete;
    std::span<const std::span<const std::byte>> parts() const noexcept { return parts_; }

  private:
    struct Head;
    std::vector<std::byte> head_;
    std::vector<std::byte> strings_;
    std::vector<std::byte> table_;
    std::vector<std::span<const std::byte>> parts_;
};

class ReadChange {
  public:
    // Everything is checked. Throws Error(kFileFormat).
    ReadChange(std::uint32_t kind, std::span<const std::byte> payload, std::size_t dim);
    ReadChange(const ReadChange&) = delete;
    ReadChange& operator=(const ReadChange&) = delete;
    const Change& get() const noexcept { return change_; }

  private:
    class Cursor;
    void read_ids(std::span<const std::byte> bytes, std::uint32_t kind);
    void read_table(std::span<const std::byte> bytes);

    Change change_;
    std::vector<std::string_view> strings_;
    std::vector<ColumnView> columns_;
    TableView table_;
};

}  // namespace lanner
