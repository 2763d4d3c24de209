// The distinct values of a column of strings, or of lists, each under a code; values nobody refers to are forgotten.
// Integers are kept as their eight bytes.
// Threads: const calls run beside one another, after build_table(); the others exclude every call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace lanner {

using Code = std::uint32_t;
inline constexpr Code kNoCode = 0;

class Dictionary {
  public:
    // Codes there are or were are below this; 0 is none.
    Code code_end() const noexcept { return static_cast<Code>(entries_.size()); }
    bool used(Code code) const noexcept { return entries_[code].references != 0; }
    std::string_view text(Code code) const noexcept {
        return {text_.data() + entries_[code].begin, entries_[code].length};
    }
    // kNoCode where there is none. Needs the table.
    Code find(std::string_view text) const noexcept;

    // The value's code with one reference more. Needs the table. Strong guarantee.
    Code acquire(std::string_view text);
    void acquire(Code code) noexcept { ++entries_[code].references; }
    // True when that was the last reference: the code may come to mean something else.
    bool release(Code code) noexcept;

    // For values read from a file: appended under the next code, without a reference, the table left for later.
    void append(std::string_view text);
    bool has_table() const noexcept { return !table_.empty(); }
    // False when a value stands twice; there is no table then.
    bool build_table();

    std::size_t memory_bytes() const noexcept;

  private:
    struct Entry {
        std::uint64_t begin;  // of a forgotten one: the next forgotten one
        std::uint32_t length;
        std::uint32_t references;
    };

    void compact();
    void link(Code code) noexcept;
    void unlink(Code code) noexcept;

    std::vector<char> text_;
    std::size_t wasted_ = 0;  // bytes of text_ nobody refers to
    std::vector<Entry> entries_{Entry{0, 0, 0}};
    Code forgotten_ = kNoCode;
    std::size_t used_ = 0;
    std::vector<Code> table_;  // open addressing, kNoCode where empty
};

}  // namespace lanner
