// Columns of lists, of strings or int64: a span of codes a row.
#pragma once

#include <vector>

#include "attributes/coded_column.hpp"
#include "base/paged_rows.hpp"

namespace lanner {

class ListColumn final : public CodedColumn {
  public:
    explicit ListColumn(const ColumnSpec& spec) : CodedColumn(spec), spans_(sizeof(Span)) {}

    void grow(std::size_t slots) override;
    void stage(const BatchColumn& column, std::size_t row) override;
    void stage_copy(Slot from) override;
    void commit(Slot slot) noexcept override;
    void unstage() noexcept override;
    void erase(Slot slot) noexcept override;
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
    struct Span {
        std::uint32_t begin;  // in items_
        std::uint32_t count;
    };
    struct Staged {
        bool has;
        std::uint32_t count;
    };

    std::span<const Code> codes(Slot slot) const noexcept {
        const Span& span = *spans_.as<Span>(slot);
        return {items_.data() + span.begin, span.count};
    }
    void link_all(Slot slot) noexcept;
    void unlink_all(Slot slot) noexcept;
    // Room for what is staged; called when it is.
    void reserve();
    void compact();
    Code code_of(const FilterValue& value) const;
    std::unique_ptr<Postings> make_postings() const override;

    PagedRows spans_;
    std::vector<Code> items_;
    std::size_t wasted_ = 0;  // items that no span covers
    std::vector<Staged> staged_;
    std::vector<Code> staged_codes_;
    std::size_t committed_ = 0;
    std::size_t committed_codes_ = 0;
};

}  // namespace lanner
