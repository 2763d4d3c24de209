// A column of attributes: a value or null for each slot. One class a way to store values, the table above them all.
// Threads: const calls run beside one another; the others exclude every call.
// Changes come in two steps, so that a row or a batch changes in all columns or in none: what can fail is staged, row by
// row, and then committed in the same order, which cannot fail. What filters need beside the values is made when the first
// one needs it. Should memory run out while it follows a change, it is dropped, to be made again.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "attributes/batch.hpp"
#include "attributes/bitmap.hpp"
#include "attributes/compiled_filter.hpp"
#include "attributes/selection.hpp"
#include "base/slot.hpp"
#include "lanner/attributes.hpp"
#include "lanner/filter.hpp"
#include "storage/sections.hpp"

namespace lanner {

class Column {
  public:
    explicit Column(ColumnSpec spec) : spec_(std::move(spec)) {}
    virtual ~Column() = default;
    Column(const Column&) = delete;
    Column& operator=(const Column&) = delete;

    const ColumnSpec& spec() const noexcept { return spec_; }
    const Bitmap& present() const noexcept { return present_; }

    virtual void grow(std::size_t slots) = 0;
    virtual void stage(const BatchColumn& column, std::size_t row) = 0;
    virtual void stage_copy(Slot from) = 0;
    // The next staged value takes the place of the slot's.
    virtual void commit(Slot slot) noexcept = 0;
    // Forgets what was staged and not committed, and where commit() is.
    virtual void unstage() noexcept = 0;
    virtual void erase(Slot slot) noexcept = 0;
    virtual void move(Slot from, Slot to) noexcept = 0;
    virtual void get(std::span<const Slot> slots, OwnedColumn& out) const = 0;

    // The condition that a filter's comparison means; throws Error where it means nothing.
    virtual Condition compile(const Filter& filter) const = 0;
    virtual Bounds estimate(const Condition& condition) const = 0;
    // The rows that match, without regard to `others`.
    virtual Selection select(const Condition& condition, std::size_t slots) const = 0;
    // Of a row with a value, without regard to `others`.
    virtual bool matches(const Condition& condition, Slot slot) const noexcept = 0;

    virtual std::size_t memory_bytes() const noexcept = 0;
    // `prefix` begins the names of the column's sections.
    virtual void save(SectionWriter& writer, const std::string& prefix, std::size_t slots) const = 0;
    virtual void load(const SectionReader& reader, const std::string& prefix, std::size_t slots) = 0;

  protected:
    [[noreturn]] void refuse_op(const Filter& filter) const;
    [[noreturn]] void refuse_value(const FilterValue& value) const;
    void save_present(SectionWriter& writer, const std::string& prefix, std::size_t slots) const;
    void load_present(const SectionReader& reader, const std::string& prefix, std::size_t slots);

    const ColumnSpec spec_;
    Bitmap present_;
};

std::unique_ptr<Column> make_column(const ColumnSpec& spec);

// Something that is made when it is first asked for, by one thread while others wait.
template <typename T>
class MadeLater {
  public:
    // Nothing while nobody has asked for it.
    T* made() noexcept { return value_.get(); }
    const T* made() const noexcept { return ready_.load(std::memory_order_acquire) ? value_.get() : nullptr; }
    void drop() noexcept {
        ready_.store(false, std::memory_order_relaxed);
        value_.reset();
    }
    template <typename Make>
    const T& get(const Make& make) const {
        if (!ready_.load(std::memory_order_acquire)) {
            const std::lock_guard lock(mutex_);
            if (!value_) {
                value_ = make();
                ready_.store(true, std::memory_order_release);
            }
        }
        return *value_;
    }

  private:
    mutable std::mutex mutex_;
    mutable std::atomic<bool> ready_{false};
    mutable std::unique_ptr<T> value_;
};

// "'year', 'tags'".
std::string listed(std::span<const std::string> names);
std::string type_name(ColumnType type);
std::string op_name(FilterOp op);
// "the string 'abc'", for messages.
std::string describe(const FilterValue& value);
std::string quoted(std::string_view name);

}  // namespace lanner
