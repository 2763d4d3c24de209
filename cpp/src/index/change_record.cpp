#include "index/change_record.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "attributes/column_view.hpp"
#include "base/utf8.hpp"
#include "kernels/metric.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

[[noreturn]] void refuse(const char* why) {
    throw Error(ErrorKind::kFileFormat, std::string("a record of the journal is not sound: ") + why);
}

std::size_t value_bytes(ColumnType type) noexcept { return type == ColumnType::kBool ? 1 : 8; }

void put(std::vector<std::byte>& out, const void* bytes, std::size_t size) {
    const auto* const from = static_cast<const std::byte*>(bytes);
    if (size > 0) out.insert(out.end(), from, from + size);
    out.resize((out.size() + 7) / 8 * 8);
}

struct ColumnHead {
    std::uint32_t type;
    std::uint32_t has_nulls;
    std::uint64_t name_bytes;
    std::uint64_t elements;
    std::uint64_t text_bytes;
};

void put_table(std::vector<std::byte>& out, const TableView& table) {
    for (const ColumnView& column : table.columns) {
        const std::size_t elements =
            is_list(column.type) ? static_cast<std::size_t>(column.row_offsets[table.rows]) : table.rows;
        const ColumnHead head{static_cast<std::uint32_t>(column.type), column.valid != nullptr ? 1U : 0U,
                              column.name.size(), elements,
                              is_text(column.type) ? static_cast<std::uint64_t>(column.text_offsets[elements]) : 0};
        put(out, &head, sizeof head);
        put(out, column.name.data(), column.name.size());
        if (column.valid != nullptr) put(out, column.valid, table.rows);
        if (is_list(column.type)) put(out, column.row_offsets, (table.rows + 1) * sizeof(std::int64_t));
        if (is_text(column.type)) {
            put(out, column.text_offsets, (elements + 1) * sizeof(std::int64_t));
            put(out, column.text, static_cast<std::size_t>(head.text_bytes));
        } else {
            put(out, column.values, elements * value_bytes(column.type));
        }
    }
}

struct RecordHead {
    std::uint64_t rows;
    std::uint32_t type;  // of the vectors
    std::uint32_t ids;   // IdKind
    std::uint64_t vector_bytes;
    std::uint64_t id_bytes;
    std::uint32_t has_table;
    std::uint32_t columns;
    std::uint64_t table_bytes;
};
static_assert(sizeof(RecordHead) == 48);

bool has_vectors(ChangeKind kind) noexcept {
    return kind == ChangeKind::kAdd || kind == ChangeKind::kUpsert || kind == ChangeKind::kFit;
}
bool has_ids(ChangeKind kind) noexcept { return kind != ChangeKind::kFit && kind != ChangeKind::kCompact; }

bool may_have_table(ChangeKind kind) noexcept {
    return kind == ChangeKind::kAdd || kind == ChangeKind::kUpsert || kind == ChangeKind::kUpdateAttributes;
}

}  // namespace

WrittenChange::WrittenChange(const Change& change) {
    RecordHead head{};
    head.rows = change.rows;
    std::span<const std::byte> vectors;
    std::span<const std::byte> ids;
    if (change.vectors) {
        head.type = static_cast<std::uint32_t>(change.vectors->type);
        vectors = {static_cast<const std::byte*>(change.vectors->data),
                   change.rows * row_bytes(change.vectors->type, change.dim)};
    }
    if (const auto* const integers = std::get_if<std::span<const std::int64_t>>(&change.ids)) {
        head.ids = static_cast<std::uint32_t>(IdKind::kInt);
        ids = std::as_bytes(*integers);
    } else if (const auto* const strings = std::get_if<std::span<const std::string_view>>(&change.ids)) {
        head.ids = static_cast<std::uint32_t>(IdKind::kString);
        std::vector<std::uint64_t> ends{0};
        std::string text;
        for (const std::string_view each : *strings) {
            text += each;
            ends.push_back(text.size());
        }
        put(strings_, ends.data(), ends.size() * sizeof(std::uint64_t));
        put(strings_, text.data(), text.size());
        ids = strings_;
    }
    if (change.attributes != nullptr) {
        head.has_table = 1;
        head.columns = static_cast<std::uint32_t>(change.attributes->columns.size());
        put_table(table_, *change.attributes);
    }
    head.vector_bytes = vectors.size();
    head.id_bytes = ids.size();
    head.table_bytes = table_.size();
    put(head_, &head, sizeof head);
    parts_ = {head_, vectors, ids, table_};
}

// Takes pieces off the front; each begins at a multiple of 8 bytes.
class ReadChange::Cursor {
  public:
    explicit Cursor(std::span<const std::byte> bytes) : bytes_(bytes) {}

    std::span<const std::byte> take(std::uint64_t size) {
        if (size > bytes_.size()) refuse("a part of it does not lie within");
        const auto exact = static_cast<std::size_t>(size);
        const std::span<const std::byte> part = bytes_.first(exact);
        const std::size_t padded = std::min(bytes_.size(), (exact + 7) / 8 * 8);
        const auto filled = bytes_.subspan(exact, padded - exact);
        if (std::any_of(filled.begin(), filled.end(), [](std::byte each) { return each != std::byte{0}; }))
            refuse("the padding of a part is not zero");
        bytes_ = bytes_.subspan(padded);
        return part;
    }
    template <typename T>
    std::span<const T> array(std::uint64_t count) {
        if (count > std::numeric_limits<std::uint32_t>::max() * std::uint64_t{64}) refuse("it counts more than can be");
        const std::span<const std::byte> part = take(count * sizeof(T));
        return {reinterpret_cast<const T*>(part.data()), static_cast<std::size_t>(count)};
    }
    // Offsets into what has `end` elements.
    template <typename T>
    std::span<const T> offsets(std::uint64_t count, std::uint64_t end) {
        const std::span<const T> all = array<T>(count + 1);
        if (all.front() < T{0} || static_cast<std::uint64_t>(all.back()) != end ||
            !std::is_sorted(all.begin(), all.end()))
            refuse("its offsets are out of order");
        return all;
    }
    bool empty() const noexcept { return bytes_.empty(); }

  private:
    std::span<const std::byte> bytes_;
};

ReadChange::ReadChange(std::uint32_t kind, std::span<const std::byte> payload, std::size_t dim) {
    if (kind < static_cast<std::uint32_t>(ChangeKind::kAdd) || kind > static_cast<std::uint32_t>(ChangeKind::kCompact))
        refuse("its kind is unknown");
    change_.kind = static_cast<ChangeKind>(kind);
    change_.dim = dim;
    Cursor cursor(payload);
    RecordHead head{};
    std::memcpy(&head, cursor.take(sizeof head).data(), sizeof head);
    if (head.rows > std::numeric_limits<std::int32_t>::max()) refuse("it has more rows than an index can");
    change_.rows = static_cast<std::size_t>(head.rows);
    const std::span<const std::byte> vectors = cursor.take(head.vector_bytes);
    const std::span<const std::byte> ids = cursor.take(head.id_bytes);
    const std::span<const std::byte> table = cursor.take(head.table_bytes);
    if (!cursor.empty()) refuse("it is longer than its parts");
    if (has_vectors(change_.kind)) {
        if (head.type >= kElementTypeCount) refuse("its element type is unknown");
        const auto type = static_cast<ElementType>(head.type);
        if (head.vector_bytes != head.rows * row_bytes(type, dim)) refuse("its vectors have another dimension");
        change_.vectors = Vectors{vectors.data(), change_.rows, type};
    } else if (head.vector_bytes != 0 || head.type != 0) {
        refuse("it has vectors or their element type where none belong");
    }
    if (has_ids(change_.kind)) {
        read_ids(ids, head.ids);
    } else if (head.id_bytes != 0 || head.ids != 0) {
        refuse("it has ids where none belong");
    }
    if (change_.kind == ChangeKind::kCompact && head.rows != 0) refuse("it has rows where none belong");
    if (head.has_table > 1 || (head.has_table != 0 && !may_have_table(change_.kind)))
        refuse("it has columns where none belong");
    if (head.has_table == 0) {
        if (change_.kind == ChangeKind::kUpdateAttributes) refuse("its columns are missing");
        if (head.table_bytes != 0 || head.columns != 0) refuse("it has columns and says that there are none");
        return;
    }
    if (head.columns > table.size() / sizeof(ColumnHead)) refuse("it has more columns than room for them");
    columns_.resize(head.columns);
    read_table(table);
    table_ = {change_.rows, columns_};
    change_.attributes = &table_;
}

void ReadChange::read_ids(std::span<const std::byte> bytes, std::uint32_t kind) {
    Cursor cursor(bytes);
    if (kind == static_cast<std::uint32_t>(IdKind::kInt)) {
        change_.ids = cursor.array<std::int64_t>(change_.rows);
    } else if (kind == static_cast<std::uint32_t>(IdKind::kString)) {
        const std::span<const std::uint64_t> ends = cursor.array<std::uint64_t>(std::uint64_t{change_.rows} + 1);
        const std::span<const std::byte> text = cursor.take(ends.back());
        if (ends.front() != 0 || !std::is_sorted(ends.begin(), ends.end())) refuse("its ids are out of order");
        for (std::size_t row = 0; row < change_.rows; ++row) {
            strings_.emplace_back(reinterpret_cast<const char*>(text.data()) + ends[row],
                                  static_cast<std::size_t>(ends[row + 1] - ends[row]));
        }
        change_.ids = std::span<const std::string_view>(strings_);
    } else {
        refuse("its kind of ids is unknown");
    }
    if (!cursor.empty()) refuse("it has more ids than rows");
}

void ReadChange::read_table(std::span<const std::byte> bytes) {
    Cursor cursor(bytes);
    const std::uint64_t rows = change_.rows;
    for (ColumnView& column : columns_) {
        ColumnHead head{};
        std::memcpy(&head, cursor.take(sizeof head).data(), sizeof head);
        if (head.type >= kColumnTypeCount || head.has_nulls > 1) refuse("the type of a column is unknown");
        column.type = static_cast<ColumnType>(head.type);
        const std::span<const std::byte> name = cursor.take(head.name_bytes);
        column.name = {reinterpret_cast<const char*>(name.data()), name.size()};
        if (!is_utf8(column.name)) refuse("the name of a column is not UTF-8");
        if (head.has_nulls != 0) column.valid = cursor.array<std::uint8_t>(rows).data();
        if (is_list(column.type)) {
            column.row_offsets = cursor.offsets<std::int64_t>(rows, head.elements).data();
        } else if (head.elements != rows) {
            refuse("a column has more values than rows");
        }
        if (is_text(column.type)) {
            const std::span<const std::int64_t> offsets = cursor.offsets<std::int64_t>(head.elements, head.text_bytes);
            column.text_offsets = offsets.data();
            column.text = reinterpret_cast<const char*>(cursor.take(head.text_bytes).data());
            for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
                const std::string_view value(column.text + offsets[i],
                                             static_cast<std::size_t>(offsets[i + 1] - offsets[i]));
                if (!is_utf8(value)) refuse("a value is not UTF-8");
            }
        } else {
            if (head.text_bytes != 0) refuse("a column of other values has text");
            column.values = column.type == ColumnType::kBool
                                ? static_cast<const void*>(cursor.array<std::uint8_t>(head.elements).data())
                                : cursor.array<std::int64_t>(head.elements).data();
        }
    }
    if (!cursor.empty()) refuse("it has more than its columns");
}

}  // namespace lanner
