// Columns of bools: a bit a row, which is all that filters need.
#pragma once

#include <vector>

#include "attributes/column.hpp"

namespace lanner {

class BoolColumn final : public Column {
  public:
    explicit BoolColumn(const ColumnSpec& spec) : Column(spec) {}

    void grow(std::size_t slots) override;
    void stage(const BatchColumn& column, std::size_t row) override;
    void stage_copy(Slot from) override { staged_.push_back({present_.test(from), truths_.test(from)}); }
    void commit(Slot slot) noexcept override { set(slot, staged_[committed_++]); }
    void unstage() noexcept override;
    void erase(Slot slot) noexcept override { set(slot, {false, false}); }
    void move(Slot from, Slot to) noexcept override;
    void get(std::span<const Slot> slots, OwnedColumn& out) const override;

    Condition compile(const Filter& filter) const override;
    Bounds estimate(const Condition& condition) const override;
    Selection select(const Condition& condition, std::size_t slots) const override;
    bool matches(const Condition& condition, Slot slot) const noexcept override;

    std::size_t memory_bytes() const noexcept override { return present_.memory_bytes() + truths_.memory_bytes(); }
    void save(SectionWriter& writer, const std::string& prefix, std::size_t slots) const override;
    void load(const SectionReader& reader, const std::string& prefix, std::size_t slots) override;

  private:
    struct Staged {
        bool has;
        bool truth;
    };
    void set(Slot slot, Staged value) noexcept;

    Bitmap truths_;
    std::vector<Staged> staged_;
    std::size_t committed_ = 0;
};

}  // namespace lanner
