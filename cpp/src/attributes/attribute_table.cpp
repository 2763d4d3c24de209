#include "attributes/attribute_table.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "attributes/column.hpp"
#include "base/near_name.hpp"
#include "base/utf8.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

constexpr std::size_t kMaxColumns = 128;  // five sections each, of the 1024 that a file can have
constexpr const char* kSchemaSection = "attr.schema";

std::string prefix_of(std::size_t column) { return "attr." + std::to_string(column) + "."; }

void check_schema(const Schema& schema) {
    if (schema.size() > kMaxColumns) {
        throw Error(ErrorKind::kInvalidArgument, "a schema has at most " + std::to_string(kMaxColumns) +
                                                     " columns, got " + std::to_string(schema.size()));
    }
    for (auto spec = schema.begin(); spec != schema.end(); ++spec) {
        if (spec->name.empty() || !is_utf8(spec->name))
            throw Error(ErrorKind::kInvalidArgument, "a column of attributes needs a name, in UTF-8");
        if (static_cast<std::size_t>(spec->type) >= kColumnTypeCount)
            throw Error(ErrorKind::kInvalidArgument, "column " + quoted(spec->name) + " has a type that is unknown");
        if (std::any_of(schema.begin(), spec, [&](const ColumnSpec& each) { return each.name == spec->name; }))
            throw Error(ErrorKind::kInvalidArgument, "column " + quoted(spec->name) + " comes twice");
    }
}

// Takes back what was staged, whether it was committed or not.
template <typename Columns>
class Unstage {
  public:
    explicit Unstage(const Columns& columns) : columns_(columns) {}
    ~Unstage() {
        for (const auto& column : columns_) column->unstage();
    }
    Unstage(const Unstage&) = delete;
    Unstage& operator=(const Unstage&) = delete;

  private:
    const Columns& columns_;
};

}  // namespace

AttributeTable::AttributeTable() = default;
AttributeTable::~AttributeTable() = default;

void AttributeTable::add_column(const ColumnSpec& spec) {
    std::unique_ptr<Column> column = make_column(spec);
    column->grow(slots_);
    columns_.reserve(columns_.size() + 1);
    schema_.push_back(spec);
    columns_.push_back(std::move(column));
}

void AttributeTable::set_schema(Schema schema) {
    check_schema(schema);
    if (stored_) throw Error(ErrorKind::kInvalidArgument, "a schema can be given only while no attributes are stored");
    AttributeTable fresh;
    fresh.slots_ = slots_;
    for (const ColumnSpec& spec : schema) fresh.add_column(spec);
    schema_ = std::move(fresh.schema_);
    columns_ = std::move(fresh.columns_);
    fixed_ = true;
}

void AttributeTable::take_schema(const AttributeTable& other) {
    AttributeTable fresh;
    fresh.slots_ = slots_;
    for (const ColumnSpec& spec : other.schema_) fresh.add_column(spec);
    schema_ = std::move(fresh.schema_);
    columns_ = std::move(fresh.columns_);
    fixed_ = other.fixed_;
}

void AttributeTable::swap(AttributeTable& other) noexcept {
    schema_.swap(other.schema_);
    std::swap(fixed_, other.fixed_);
    std::swap(stored_, other.stored_);
    std::swap(slots_, other.slots_);
    columns_.swap(other.columns_);
}

Schema AttributeTable::schema_after(const Batch& batch) const {
    Schema schema = schema_;
    for (const BatchColumn& column : batch.columns()) {
        if (column.position() >= schema_.size()) schema.push_back({std::string(column.name()), column.type()});
    }
    check_schema(schema);
    return schema;
}

void AttributeTable::extend(const Batch& batch) {
    const Schema schema = schema_after(batch);
    const std::size_t before = schema_.size();
    try {
        for (std::size_t at = before; at < schema.size(); ++at) add_column(schema[at]);
    } catch (...) {
        drop_columns(before);
        throw;
    }
}

void AttributeTable::drop_columns(std::size_t first) noexcept {
    if (first >= columns_.size()) return;
    columns_.erase(columns_.begin() + static_cast<std::ptrdiff_t>(first), columns_.end());
    schema_.erase(schema_.begin() + static_cast<std::ptrdiff_t>(first), schema_.end());
}

void AttributeTable::grow(std::size_t slots) {
    for (const auto& column : columns_) column->grow(slots);
    slots_ = std::max(slots_, slots);
}

void AttributeTable::store(Slot slot, const Batch& batch, std::size_t row) {
    const Unstage<decltype(columns_)> unstage(columns_);
    for (const BatchColumn& column : batch.columns()) columns_[column.position()]->stage(column, row);
    for (const BatchColumn& column : batch.columns()) columns_[column.position()]->commit(slot);
    stored_ = true;
}

void AttributeTable::update(std::span<const Slot> slots, const Batch& batch) {
    const Unstage<decltype(columns_)> unstage(columns_);
    for (const BatchColumn& column : batch.columns()) {
        for (std::size_t row = 0; row < slots.size(); ++row) columns_[column.position()]->stage(column, row);
    }
    for (const BatchColumn& column : batch.columns()) {
        for (const Slot slot : slots) columns_[column.position()]->commit(slot);
    }
    stored_ = true;
}

void AttributeTable::copy_row(Slot from, Slot to) {
    const Unstage<decltype(columns_)> unstage(columns_);
    for (const auto& column : columns_) column->stage_copy(from);
    for (const auto& column : columns_) column->commit(to);
}

void AttributeTable::erase(Slot slot) noexcept {
    for (const auto& column : columns_) column->erase(slot);
}

void AttributeTable::move(Slot from, Slot to) noexcept {
    for (const auto& column : columns_) column->move(from, to);
}

const Column& AttributeTable::column(std::string_view name) const {
    for (const auto& column : columns_) {
        if (column->spec().name == name) return *column;
    }
    std::vector<std::string> names;
    for (const auto& column : columns_) names.push_back(column->spec().name);
    throw Error(ErrorKind::kInvalidArgument,
                "there is no column " + quoted(name) +
                    (names.empty() ? "; this index has no attributes" : "; there are " + listed(names)) +
                    near_name_hint(name, names));
}

std::vector<OwnedColumn> AttributeTable::get(std::span<const Slot> slots, std::span<const std::string> names) const {
    std::vector<const Column*> wanted;
    for (const std::string& name : names) wanted.push_back(&column(name));
    if (names.empty()) {
        for (const auto& column : columns_) wanted.push_back(column.get());
    }
    std::vector<OwnedColumn> columns;
    for (const Column* const column : wanted) {
        OwnedColumn& out = columns.emplace_back();
        out.name = column->spec().name;
        out.type = column->spec().type;
        for (const Slot slot : slots) out.valid.push_back(column->present().test(slot) ? 1 : 0);
        column->get(slots, out);
    }
    return columns;
}

std::size_t AttributeTable::memory_bytes() const noexcept {
    std::size_t bytes = 0;
    for (const auto& column : columns_) bytes += column->memory_bytes();
    return bytes;
}

void AttributeTable::save(SectionWriter& writer, std::size_t slots) const {
    if (columns_.empty() && !fixed_) return;
    writer.begin(kSchemaSection);
    const std::uint32_t head[2] = {static_cast<std::uint32_t>(columns_.size()), fixed_ ? 1U : 0U};
    writer.write(head, sizeof head);
    for (const ColumnSpec& spec : schema_) {
        const std::uint32_t entry[2] = {static_cast<std::uint32_t>(spec.type),
                                        static_cast<std::uint32_t>(spec.name.size())};
        writer.write(entry, sizeof entry);
        writer.write(spec.name.data(), spec.name.size());
    }
    writer.end();
    for (std::size_t at = 0; at < columns_.size(); ++at) columns_[at]->save(writer, prefix_of(at), slots);
}

void AttributeTable::load(const SectionReader& reader, std::size_t slots) {
    slots_ = slots;
    if (!reader.has(kSchemaSection)) return;
    reader.verify(kSchemaSection);
    const std::span<std::byte> bytes = reader.section(kSchemaSection);
    std::size_t at = 0;
    const auto take = [&](void* to, std::size_t size) {
        if (size > bytes.size() - at) refuse_section(kSchemaSection, "it is too short");
        if (size > 0) std::memcpy(to, bytes.data() + at, size);
        at += size;
    };
    std::uint32_t head[2];
    take(head, sizeof head);
    if (head[0] > kMaxColumns || head[1] > 1) refuse_section(kSchemaSection, "its counts are out of range");
    Schema schema;
    for (std::uint32_t column = 0; column < head[0]; ++column) {
        std::uint32_t entry[2];
        take(entry, sizeof entry);
        if (entry[0] >= kColumnTypeCount) refuse_section(kSchemaSection, "a column's type is unknown");
        if (entry[1] > bytes.size() - at) refuse_section(kSchemaSection, "it is too short");
        std::string name(entry[1], '\0');
        take(name.data(), name.size());
        schema.push_back({std::move(name), static_cast<ColumnType>(entry[0])});
    }
    if (at != bytes.size()) refuse_section(kSchemaSection, "it is longer than its columns");
    try {
        check_schema(schema);
    } catch (const Error& error) {
        refuse_section(kSchemaSection, error.what());
    }
    for (const ColumnSpec& spec : schema) {
        std::unique_ptr<Column> column = make_column(spec);
        column->load(reader, prefix_of(columns_.size()), slots);
        columns_.push_back(std::move(column));
    }
    schema_ = std::move(schema);
    fixed_ = head[1] != 0;
    stored_ = slots > 0;
}

}  // namespace lanner
