// What columns of strings and of lists share: values under codes of a dictionary, and posting lists for filters.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "attributes/column.hpp"
#include "attributes/dictionary.hpp"
#include "attributes/postings.hpp"

namespace lanner {

class CodedColumn : public Column {
  public:
    using Column::Column;

  protected:
    // The postings, and with them the dictionary's table.
    const Postings& postings() const;
    virtual std::unique_ptr<Postings> make_postings() const = 0;
    Code acquire(std::string_view text);
    Code find(std::string_view text) const;
    // Each once, ascending; kNoCode is left out.
    static void normalise(std::vector<Code>& codes);
    Selection any_of(std::span<const Code> codes, std::size_t slots) const;

    // Beside a value's slot; what filters need is dropped when memory runs out.
    void link(Code code, Slot slot) noexcept;
    void unlink(Code code, Slot slot) noexcept;

    // Codes are numbered anew in the order in which the rows first name them: what is written says nothing of the past.
    class Numbering {
      public:
        explicit Numbering(const Dictionary& dictionary) : numbers_(dictionary.code_end(), kNoCode) {}
        Code number(Code code);
        std::span<const Code> order() const noexcept { return order_; }

      private:
        std::vector<Code> numbers_;
        std::vector<Code> order_;
    };
    void save_values(SectionWriter& writer, const std::string& prefix, const Numbering& numbering) const;
    void load_values(const SectionReader& reader, const std::string& prefix);
    // Counts one reference from a file; codes come in the order of their first use.
    void load_code(Code code, const std::string& section);
    void finish_load(const std::string& section) const;

    std::size_t coded_bytes() const noexcept;

    mutable Dictionary dictionary_;  // its table may be made by the first filter
    MadeLater<Postings> postings_;

  private:
    Code loaded_ = kNoCode;  // the greatest code met by load_code()
};

}  // namespace lanner
