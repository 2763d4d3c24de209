#include "bindings/arrow_reader.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "attributes/column_view.hpp"
#include "base/utf8.hpp"
#include "lanner/error.hpp"

namespace lanner::bindings {
namespace {

constexpr std::int64_t kMaxLength = std::int64_t{1} << 40;
constexpr std::int64_t kMicrosecondsPerDay = 86'400'000'000;

// Takes a structure over from its producer, as the interface wants it moved, and releases it.
template <typename T>
class Taken {
  public:
    Taken() = default;
    explicit Taken(T& given) : value_(given) { given.release = nullptr; }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    ~Taken() {
        if (value_.release != nullptr) value_.release(&value_);
    }

    T* operator->() noexcept { return &value_; }
    T& operator*() noexcept { return value_; }
    bool released() const noexcept { return value_.release == nullptr; }

  private:
    T value_{};
};

[[noreturn]] void refuse(const std::string& column, const std::string& what) {
    throw Error(ErrorKind::kInvalidArgument, "column '" + column + "' " + what);
}

// What an array's values are read as, whatever their width.
enum class Kind { kNull, kBool, kSigned, kUnsigned, kFloat, kText, kTextView, kTime };

struct Format {
    Kind kind = Kind::kNull;
    int bytes = 0;                // of a value; of an offset, of text
    std::int64_t multiplier = 1;  // to microseconds, of times
    std::int64_t divisor = 1;
};

struct NamedFormat {
    std::string_view text;
    Format format;
};

// Formats that end in ':' go on with a time zone; what is stored is UTC either way.
constexpr NamedFormat kFormats[] = {{"n", {Kind::kNull}},
                                    {"b", {Kind::kBool}},
                                    {"c", {Kind::kSigned, 1}},
                                    {"C", {Kind::kUnsigned, 1}},
                                    {"s", {Kind::kSigned, 2}},
                                    {"S", {Kind::kUnsigned, 2}},
                                    {"i", {Kind::kSigned, 4}},
                                    {"I", {Kind::kUnsigned, 4}},
                                    {"l", {Kind::kSigned, 8}},
                                    {"L", {Kind::kUnsigned, 8}},
                                    {"e", {Kind::kFloat, 2}},
                                    {"f", {Kind::kFloat, 4}},
                                    {"g", {Kind::kFloat, 8}},
                                    {"u", {Kind::kText, 4}},
                                    {"U", {Kind::kText, 8}},
                                    {"vu", {Kind::kTextView, 16}},
                                    {"tdD", {Kind::kTime, 4, kMicrosecondsPerDay, 1}},
                                    {"tdm", {Kind::kTime, 8, 1000, 1}},
                                    {"tss:", {Kind::kTime, 8, 1'000'000, 1}},
                                    {"tsm:", {Kind::kTime, 8, 1000, 1}},
                                    {"tsu:", {Kind::kTime, 8, 1, 1}},
                                    {"tsn:", {Kind::kTime, 8, 1, 1000}}};

constexpr std::pair<std::string_view, const char*> kUnsupported[] = {{"z", "binary"},
                                                                     {"Z", "large_binary"},
                                                                     {"vz", "binary_view"},
                                                                     {"d:", "decimal"},
                                                                     {"w:", "fixed_size_binary"},
                                                                     {"tt", "time of day"},
                                                                     {"tD", "duration"},
                                                                     {"ti", "interval"},
                                                                     {"+s", "struct"},
                                                                     {"+m", "map"},
                                                                     {"+u", "union"},
                                                                     {"+r", "run-end encoded"},
                                                                     {"+vl", "list_view"},
                                                                     {"+vL", "large_list_view"},
                                                                     {"+w", "fixed_size_list"}};

std::string_view format_of(const ArrowSchema& schema, const std::string& column) {
    if (schema.format == nullptr) refuse(column, "comes from Arrow without a format");
    // A zone's name may be long, nothing else is.
    return {schema.format, strnlen(schema.format, 256)};
}

[[noreturn]] void refuse_format(std::string_view text, const std::string& column) {
    const std::string shown(text.substr(0, 40));
    for (const auto& [prefix, name] : kUnsupported) {
        if (text.starts_with(prefix))
            throw Error(ErrorKind::kWrongType, "column '" + column + "' has the Arrow type " + name + " ('" + shown +
                                                   "'), which is not supported");
    }
    throw Error(ErrorKind::kWrongType,
                "column '" + column + "' has the Arrow format '" + shown + "', which is not supported");
}

Format leaf_format(std::string_view text, const std::string& column) {
    for (const NamedFormat& each : kFormats) {
        if (text == each.text || (each.text.back() == ':' && text.starts_with(each.text))) return each.format;
    }
    refuse_format(text, column);
}

ColumnType column_type(Kind kind) {
    switch (kind) {
        case Kind::kBool:
            return ColumnType::kBool;
        case Kind::kFloat:
            return ColumnType::kFloat64;
        case Kind::kText:
        case Kind::kTextView:
            return ColumnType::kString;
        case Kind::kTime:
            return ColumnType::kTimestamp;
        default:
            return ColumnType::kInt64;
    }
}

template <typename T>
T load(const void* data, std::int64_t index) {
    T value;
    std::memcpy(&value, static_cast<const char*>(data) + index * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
    return value;
}

bool bit_at(const void* bits, std::int64_t index) {
    return ((load<std::uint8_t>(bits, index / 8) >> (index % 8)) & 1) != 0;
}

float half_to_float(std::uint16_t half) {
    const int exponent = (half >> 10) & 31;
    const auto mantissa = static_cast<float>(half & 1023);
    float magnitude = 0;
    if (exponent == 31)
        magnitude = mantissa == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
    else
        magnitude = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

void check_array(const ArrowArray& array, std::int64_t buffers, std::int64_t children, const std::string& column) {
    if (array.length < 0 || array.offset < 0 || array.length > kMaxLength || array.offset > kMaxLength)
        refuse(column, "comes from Arrow with an impossible length or offset");
    if (array.n_buffers < buffers || (buffers > 0 && array.buffers == nullptr))
        refuse(column, "comes from Arrow with too few buffers");
    if (array.n_children != children) refuse(column, "comes from Arrow with a wrong number of children");
    for (std::int64_t i = 0; i < children; ++i) {
        if (array.children == nullptr || array.children[i] == nullptr)
            refuse(column, "comes from Arrow without one of its children");
    }
}

const void* null_bits(const ArrowArray& array) {
    return array.null_count == 0 || array.n_buffers < 1 ? nullptr : array.buffers[0];
}

// Reads values of one array that is no list. Rows and places count from the array's own offset.
class LeafReader {
  public:
    LeafReader(const ArrowSchema& schema, const ArrowArray& array, const std::string& column, int depth = 0)
        : array_(array), column_(column) {
        format_ = leaf_format(format_of(schema, column), column);
        kind_ = format_.kind;
        const std::int64_t buffers = format_.kind == Kind::kNull       ? 0
                                     : format_.kind == Kind::kText     ? 3
                                     : format_.kind == Kind::kTextView ? 3
                                                                       : 2;
        check_array(array, buffers, 0, column);
        if (array.length > 0) {
            for (std::int64_t i = 1; i < std::min<std::int64_t>(buffers, 2); ++i) {
                if (array.buffers[i] == nullptr) refuse(column, "comes from Arrow without its values");
            }
        }
        nulls_ = format_.kind == Kind::kNull ? nullptr : null_bits(array);
        if (schema.dictionary != nullptr) read_dictionary(schema, depth);
    }

    Kind kind() const noexcept { return kind_; }
    std::int64_t length() const noexcept { return array_.length; }

    bool is_null(std::int64_t place) const {
        if (format_.kind == Kind::kNull) return true;
        if (nulls_ != nullptr && !bit_at(nulls_, array_.offset + place)) return true;
        if (has_dictionary_) {
            const std::size_t entry = dictionary_place(place);
            return !dictionary_.valid.empty() && dictionary_.valid[entry] == 0;
        }
        return format_.kind == Kind::kFloat && std::isnan(float_at(place));
    }

    // Adds the value at a place, or, for a null, one that means nothing.
    void append(std::int64_t place, bool null, OwnedColumn& out) const {
        switch (kind()) {
            case Kind::kBool:
                out.bools.push_back(!null && bool_at(place) ? 1 : 0);
                break;
            case Kind::kFloat:
                out.floats.push_back(null ? 0.0 : float_at(place));
                break;
            case Kind::kText:
            case Kind::kTextView:
                if (!null) out.text.append(text_at(place));
                out.text_offsets.push_back(static_cast<std::int64_t>(out.text.size()));
                break;
            case Kind::kNull:
                break;
            default:
                out.integers.push_back(null ? 0 : integer_at(place));
        }
    }

  private:
    void read_dictionary(const ArrowSchema& schema, int depth) {
        if (format_.kind != Kind::kSigned && format_.kind != Kind::kUnsigned)
            refuse(column_, "comes from Arrow with a dictionary whose indices are no integers");
        if (array_.dictionary == nullptr) refuse(column_, "comes from Arrow without its dictionary");
        if (depth > 0) refuse(column_, "comes from Arrow with a dictionary of dictionaries, which is not supported");
        const LeafReader values(*schema.dictionary, *array_.dictionary, column_, depth + 1);
        kind_ = values.kind();
        has_dictionary_ = true;
        dictionary_.text_offsets.push_back(0);
        for (std::int64_t i = 0; i < values.length(); ++i) {
            const bool null = values.is_null(i);
            dictionary_.valid.push_back(null ? 0 : 1);
            values.append(i, null, dictionary_);
        }
    }

    std::size_t dictionary_place(std::int64_t place) const {
        const std::int64_t entry = raw_integer(place);
        if (entry < 0 || entry >= static_cast<std::int64_t>(dictionary_.valid.size()))
            refuse(column_, "comes from Arrow with an index outside its dictionary in row " + std::to_string(place));
        return static_cast<std::size_t>(entry);
    }

    bool bool_at(std::int64_t place) const {
        if (has_dictionary_) return dictionary_.bools[dictionary_place(place)] != 0;
        return bit_at(array_.buffers[1], array_.offset + place);
    }

    std::int64_t raw_integer(std::int64_t place) const {
        const void* const data = array_.buffers[1];
        const std::int64_t at = array_.offset + place;
        if (format_.kind == Kind::kUnsigned) {
            switch (format_.bytes) {
                case 1:
                    return load<std::uint8_t>(data, at);
                case 2:
                    return load<std::uint16_t>(data, at);
                case 4:
                    return load<std::uint32_t>(data, at);
                default: {
                    const auto value = load<std::uint64_t>(data, at);
                    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
                        refuse(column_,
                               "must fit int64, got " + std::to_string(value) + " in row " + std::to_string(place));
                    return static_cast<std::int64_t>(value);
                }
            }
        }
        switch (format_.bytes) {
            case 1:
                return load<std::int8_t>(data, at);
            case 2:
                return load<std::int16_t>(data, at);
            case 4:
                return load<std::int32_t>(data, at);
            default:
                return load<std::int64_t>(data, at);
        }
    }

    std::int64_t integer_at(std::int64_t place) const {
        if (has_dictionary_) return dictionary_.integers[dictionary_place(place)];
        const std::int64_t value = raw_integer(place);
        if (format_.kind != Kind::kTime) return value;
        constexpr std::int64_t kLimit = std::numeric_limits<std::int64_t>::max();
        if (value > kLimit / format_.multiplier || value < -kLimit / format_.multiplier)
            refuse(column_,
                   "must be times that fit microseconds in 64 bits, got another in row " + std::to_string(place));
        const std::int64_t scaled = value * format_.multiplier;
        return scaled / format_.divisor - (scaled % format_.divisor < 0 ? 1 : 0);
    }

    double float_at(std::int64_t place) const {
        if (has_dictionary_) return dictionary_.floats[dictionary_place(place)];
        const void* const data = array_.buffers[1];
        const std::int64_t at = array_.offset + place;
        if (format_.bytes == 2) return half_to_float(load<std::uint16_t>(data, at));
        return format_.bytes == 4 ? load<float>(data, at) : load<double>(data, at);
    }

    std::string_view text_at(std::int64_t place) const {
        if (has_dictionary_) {
            const std::size_t entry = dictionary_place(place);
            const auto begin = static_cast<std::size_t>(dictionary_.text_offsets[entry]);
            return std::string_view(dictionary_.text)
                .substr(begin, static_cast<std::size_t>(dictionary_.text_offsets[entry + 1]) - begin);
        }
        const std::string_view text = format_.kind == Kind::kTextView ? viewed_text(place) : offset_text(place);
        if (!is_utf8(text)) refuse(column_, "must be text of UTF-8, got other bytes in row " + std::to_string(place));
        return text;
    }

    std::string_view offset_text(std::int64_t place) const {
        const void* const offsets = array_.buffers[1];
        const std::int64_t at = array_.offset + place;
        const std::int64_t begin =
            format_.bytes == 4 ? load<std::int32_t>(offsets, at) : load<std::int64_t>(offsets, at);
        const std::int64_t end =
            format_.bytes == 4 ? load<std::int32_t>(offsets, at + 1) : load<std::int64_t>(offsets, at + 1);
        if (begin < 0 || end < begin || end > kMaxLength)
            refuse(column_, "comes from Arrow with offsets that fall in row " + std::to_string(place));
        if (end == begin) return {};
        if (array_.buffers[2] == nullptr) refuse(column_, "comes from Arrow without its text");
        return {static_cast<const char*>(array_.buffers[2]) + begin, static_cast<std::size_t>(end - begin)};
    }

    // A length, then up to 12 bytes of text, or 4 of them, the number of a buffer and a place in it. The buffers' sizes
    // are in a last one.
    std::string_view viewed_text(std::int64_t place) const {
        const char* const view = static_cast<const char*>(array_.buffers[1]) + (array_.offset + place) * 16;
        const auto size = load<std::int32_t>(view, 0);
        if (size < 0) refuse(column_, "comes from Arrow with text of negative length in row " + std::to_string(place));
        if (size <= 12) return {view + 4, static_cast<std::size_t>(size)};
        const auto buffer = load<std::int32_t>(view, 2);
        const auto begin = load<std::int32_t>(view, 3);
        const std::int64_t buffers = array_.n_buffers - 3;
        const void* const sizes = array_.buffers[array_.n_buffers - 1];
        if (buffer < 0 || buffer >= buffers || sizes == nullptr || begin < 0 ||
            std::int64_t{begin} + size > load<std::int64_t>(sizes, buffer) || array_.buffers[2 + buffer] == nullptr)
            refuse(column_, "comes from Arrow with text outside its buffers in row " + std::to_string(place));
        return {static_cast<const char*>(array_.buffers[2 + buffer]) + begin, static_cast<std::size_t>(size)};
    }

    const ArrowArray& array_;
    const std::string& column_;
    Format format_;
    const void* nulls_ = nullptr;
    bool has_dictionary_ = false;
    OwnedColumn dictionary_;
    Kind kind_ = Kind::kNull;
};

// One column, to which batches are added.
class ColumnBuilder {
  public:
    explicit ColumnBuilder(std::string name) { column_.name = std::move(name); }

    // Adds `count` rows of an array from `first` on; `parent_valid` says which of them their struct has.
    template <typename ParentValid>
    void append(const ArrowSchema& schema, const ArrowArray& array, std::int64_t first, std::int64_t count,
                const ParentValid& parent_valid) {
        const std::string_view format = format_of(schema, column_.name);
        if (schema.dictionary == nullptr && (format == "+l" || format == "+L")) {
            append_lists(schema, array, format == "+L", first, count, parent_valid);
            return;
        }
        const LeafReader reader(schema, array, column_.name);
        begin(column_type(reader.kind()), reader.kind() == Kind::kNull);
        check_rows(array, first, count);
        for (std::int64_t row = first; row < first + count; ++row) {
            const bool null = !parent_valid(row - first) || reader.is_null(row);
            column_.valid.push_back(null ? 0 : 1);
            reader.append(row, null, column_);
        }
    }

    void finish(ArrowTable& table) {
        if (!begun_) return;
        if (untyped_) table.untyped.push_back(column_.name);
        if (untyped_ && !is_list(column_.type)) return;
        if (std::find(column_.valid.begin(), column_.valid.end(), std::uint8_t{0}) == column_.valid.end())
            column_.valid.clear();
        table.columns.add(std::move(column_));
    }

  private:
    void begin(ColumnType type, bool untyped) {
        if (begun_ && (column_.type != type || untyped_ != untyped))
            refuse(column_.name, "comes from Arrow with batches of several types");
        if (begun_) return;
        begun_ = true;
        untyped_ = untyped;
        column_.type = type;
        if (is_text(type)) column_.text_offsets.push_back(0);
        if (is_list(type)) column_.row_offsets.push_back(0);
    }

    void check_rows(const ArrowArray& array, std::int64_t first, std::int64_t count) const {
        if (first + count > array.length) refuse(column_.name, "comes from Arrow shorter than its table");
    }

    template <typename ParentValid>
    void append_lists(const ArrowSchema& schema, const ArrowArray& array, bool large, std::int64_t first,
                      std::int64_t count, const ParentValid& parent_valid) {
        if (schema.n_children != 1 || schema.children == nullptr || schema.children[0] == nullptr)
            refuse(column_.name, "comes from Arrow as a list of nothing");
        check_array(array, 2, 1, column_.name);
        const std::string_view inner = format_of(*schema.children[0], column_.name);
        if (inner.starts_with('+')) refuse_format(inner, column_.name);
        const LeafReader elements(*schema.children[0], *array.children[0], column_.name);
        const Kind kind = elements.kind();
        if (kind == Kind::kBool || kind == Kind::kFloat || kind == Kind::kTime)
            throw Error(ErrorKind::kWrongType, "column '" + column_.name +
                                                   "' must have lists of strings or integers, got the Arrow format '" +
                                                   std::string(inner.substr(0, 40)) + "' in them");
        const bool text = column_type(kind) == ColumnType::kString || kind == Kind::kNull;
        begin(text ? ColumnType::kStringList : ColumnType::kInt64List, kind == Kind::kNull);
        check_rows(array, first, count);
        if (count > 0 && array.buffers[1] == nullptr) refuse(column_.name, "comes from Arrow without its offsets");
        const void* const nulls = null_bits(array);
        for (std::int64_t row = first; row < first + count; ++row) {
            const bool null = !parent_valid(row - first) || (nulls != nullptr && !bit_at(nulls, array.offset + row));
            column_.valid.push_back(null ? 0 : 1);
            if (!null) append_list(elements, array, large, row);
            column_.row_offsets.push_back(
                static_cast<std::int64_t>(text ? column_.text_offsets.size() - 1 : column_.integers.size()));
        }
    }

    void append_list(const LeafReader& elements, const ArrowArray& array, bool large, std::int64_t row) {
        const void* const offsets = array.buffers[1];
        const std::int64_t at = array.offset + row;
        const std::int64_t begin = large ? load<std::int64_t>(offsets, at) : load<std::int32_t>(offsets, at);
        const std::int64_t end = large ? load<std::int64_t>(offsets, at + 1) : load<std::int32_t>(offsets, at + 1);
        if (begin < 0 || end < begin || end > elements.length())
            refuse(column_.name, "comes from Arrow with a list outside its elements in row " + std::to_string(row));
        for (std::int64_t place = begin; place < end; ++place) {
            if (elements.is_null(place))
                refuse(column_.name, "must have no null inside a list, got one in row " + std::to_string(row));
            elements.append(place, false, column_);
        }
    }

    OwnedColumn column_;
    bool begun_ = false;
    bool untyped_ = false;
};

// The columns of a schema, and what is appended to them batch by batch.
class TableBuilder {
  public:
    TableBuilder(const ArrowSchema& schema, const std::string& name) : schema_(schema) {
        table_ = schema.dictionary == nullptr && format_of(schema, name) == "+s";
        if (!table_) {
            builders_.emplace_back(name);
            return;
        }
        if (schema.n_children < 0 || (schema.n_children > 0 && schema.children == nullptr))
            refuse(name, "comes from Arrow without its columns");
        for (std::int64_t i = 0; i < schema.n_children; ++i) {
            if (schema.children[i] == nullptr) refuse(name, "comes from Arrow without one of its columns");
            const char* const column = schema.children[i]->name;
            builders_.emplace_back(column == nullptr ? "" : column);
        }
    }

    void append(const ArrowArray& array) {
        if (!table_) {
            builders_[0].append(schema_, array, 0, array.length, [](std::int64_t) { return true; });
            rows_ += array.length;
            return;
        }
        check_array(array, 0, schema_.n_children, "attributes");
        const void* const nulls = array.buffers == nullptr ? nullptr : null_bits(array);
        const auto valid = [&](std::int64_t row) { return nulls == nullptr || bit_at(nulls, array.offset + row); };
        for (std::size_t i = 0; i < builders_.size(); ++i)
            builders_[i].append(*schema_.children[i], *array.children[i], array.offset, array.length, valid);
        rows_ += array.length;
    }

    ArrowTable finish() {
        ArrowTable table{Columns(static_cast<std::size_t>(rows_)), {}};
        for (ColumnBuilder& builder : builders_) builder.finish(table);
        return table;
    }

  private:
    const ArrowSchema& schema_;
    bool table_ = false;
    std::int64_t rows_ = 0;
    std::vector<ColumnBuilder> builders_;
};

}  // namespace

ArrowTable read_arrow_array(ArrowSchema& schema, ArrowArray& array, const std::string& name) {
    Taken<ArrowSchema> taken_schema(schema);
    Taken<ArrowArray> taken_array(array);
    if (taken_schema.released() || taken_array.released())
        throw Error(ErrorKind::kInvalidArgument, name + " must be a live Arrow array, got one that was released");
    TableBuilder builder(*taken_schema, name);
    builder.append(*taken_array);
    return builder.finish();
}

ArrowTable read_arrow_stream(ArrowArrayStream& stream, const std::string& name) {
    Taken<ArrowArrayStream> taken(stream);
    if (taken.released())
        throw Error(ErrorKind::kInvalidArgument, name + " must be a live Arrow stream, got one that was released");
    const auto check = [&](int code) {
        if (code == 0) return;
        const char* const said = taken->get_last_error(&*taken);
        throw Error(ErrorKind::kInvalidArgument,
                    name + " could not be read from Arrow: " + (said == nullptr ? "no reason given" : said));
    };
    Taken<ArrowSchema> schema;
    check(taken->get_schema(&*taken, &*schema));
    TableBuilder builder(*schema, name);
    while (true) {
        Taken<ArrowArray> batch;
        check(taken->get_next(&*taken, &*batch));
        if (batch.released()) return builder.finish();
        builder.append(*batch);
    }
}

}  // namespace lanner::bindings
