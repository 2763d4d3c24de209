// Columns of strings: a code a row.
#pragma once

#include <string>
#include <vector>

#include "attributes/coded_column.hpp"
#include "base/paged_rows.hpp"

namespace lanner {

class StringColumn final : public CodedColumn {
  public:
    explicit StringColumn(const ColumnSpec& spec) : CodedColumn(spec), codes_(sizeof(Code)) {}

    void grow(std::size_t slots) override;
    void stage(const BatchColumn& column, std::size_t row) override;
    void stage_copy(Slot from) override;
    void commit(Slot slot) noexcept override { replace(slot, staged_[committed_++]); }
    void unstage() noexcept override;
    void erase(Slot slot) noexcept override { replace(slot, kNoCode); }
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
    Code at(Slot slot) const noexcept { return *codes_.as<Code>(slot); }
    void place(Slot slot, Code code) noexcept;
    // With `code` goes the reference of whoever calls.
    void replace(Slot slot, Code code) noexcept;
    std::unique_ptr<Postings> make_postings() const override;
    template <typename Test>
    std::vector<Code> codes_where(const Test& test) const;

    PagedRows codes_;
    std::vector<Code> staged_;
    std::size_t committed_ = 0;
};

}  // namespace lanner
