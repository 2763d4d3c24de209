// Columns of int64, timestamps and float64: eight bytes a row, and an order of the values for filters.
#pragma once

#include <vector>

#include "attributes/column.hpp"
#include "attributes/number_order.hpp"
#include "base/paged_rows.hpp"

namespace lanner {

template <typename T>
class NumberColumn final : public Column {
  public:
    explicit NumberColumn(const ColumnSpec& spec) : Column(spec), values_(sizeof(T)) {}

    void grow(std::size_t slots) override;
    void stage(const BatchColumn& column, std::size_t row) override;
    void stage_copy(Slot from) override { staged_.push_back({present_.test(from), at(from)}); }
    void commit(Slot slot) noexcept override;
    void unstage() noexcept override;
    void erase(Slot slot) noexcept override { set(slot, {false, T{}}); }
    void move(Slot from, Slot to) noexcept override;
    void get(std::span<const Slot> slots, OwnedColumn& out) const override;

    Condition compile(const Filter& filter) const override;
    Bounds estimate(const Condition& condition) const override;
    Selection select(const Condition& condition, std::size_t slots) const override;
    bool matches(const Condition& condition, Slot slot) const noexcept override;

    std::size_t memory_bytes() const noexcept override;
    void save(SectionWriter& writer, const std::string& prefix, std::size_t slots) const override;
    void load(const SectionReader& reader, const std::string& prefix, std::size_t slots) override;

  private:
    struct Staged {
        bool has;
        T value;
    };

    T at(Slot slot) const noexcept { return *values_.template as<T>(slot); }
    void set(Slot slot, Staged value) noexcept;
    const NumberOrder<T>& order() const;
    static const std::vector<Interval<T>>& intervals(const Condition& condition) noexcept;
    std::vector<Interval<T>> compare(FilterOp op, const FilterValue& value) const;

    PagedRows values_;  // 0 where null
    std::vector<Staged> staged_;
    std::size_t committed_ = 0;
    MadeLater<NumberOrder<T>> order_;
};

extern template class NumberColumn<std::int64_t>;
extern template class NumberColumn<double>;

}  // namespace lanner
