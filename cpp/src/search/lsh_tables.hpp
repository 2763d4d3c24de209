// Tables of hash symbols: rows that share all symbols of a table with a query are its candidates. Beside its own bucket in
// each table a query looks into others, those of least cost over all tables first (multi-probe: Lv, Josephson, Wang,
// Charikar, Li, VLDB 2007, algorithm of section 4.4). Keys of buckets are folded to as many bits as rows need: rows of
// another bucket may be among the candidates, and cost a look.
// Threads: constant once made; a Probing is of one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/slot.hpp"
#include "hashing/hash_family.hpp"
#include "storage/sections.hpp"

namespace lanner {

struct LshShape {
    std::size_t tables = 1;
    std::size_t hashes = 1;  // symbols that make a key; tables * hashes is at most the family's bits
};

class LshTables {
  public:
    LshTables(std::shared_ptr<const HashFamily> family, const HashRows& rows, const LshShape& shape, const Work& work);

    // Sections named `lsh.starts` and `lsh.rows`, beside those of the family.
    void save(SectionWriter& writer) const;
    // Throws Error(kFileFormat).
    static std::unique_ptr<LshTables> load(const SectionReader& reader, std::shared_ptr<const HashFamily> family,
                                           std::size_t count, const LshShape& shape);

    const HashFamily& family() const noexcept { return *family_; }
    const LshShape& shape() const noexcept { return shape_; }
    std::size_t count() const noexcept { return count_; }
    std::size_t bytes() const noexcept;

    // The buckets that a query looks into, one by one.
    class Probing {
      public:
        explicit Probing(const LshTables& tables);
        // Begins anew, for a row of queries.
        void restart(const HashRows& queries, std::size_t row);
        // The rows of the next bucket; false when there is none left. Rows come again in other buckets.
        bool next(const Slot*& rows, std::size_t& count);

      private:
        static constexpr std::size_t kMostChanged = 6;
        // Symbols to be changed, as places in the table's list of changes, ascending.
        struct Set {
            float cost;
            std::uint32_t table;
            std::uint32_t size;
            std::uint16_t members[kMostChanged];
        };
        struct Change {
            float cost;
            std::uint32_t hash;
            std::uint64_t key;  // what it makes of the key
        };

        void push(Set set, std::size_t last, float cost);
        bool sound(const Set& set) const noexcept;

        const LshTables* tables_;
        std::size_t symbols_;  // that are tried for one hash
        std::vector<HashProbe> probes_;
        std::vector<std::uint64_t> keys_;           // a table each
        std::vector<std::vector<Change>> changes_;  // a table each, of least cost first
        std::vector<Set> waiting_;                  // a heap
        std::size_t own_ = 0;                       // tables whose own bucket was looked into
    };

  private:
    struct Table {
        std::vector<std::uint32_t> starts;
        std::vector<Slot> rows;
    };

    LshTables(std::shared_ptr<const HashFamily> family, std::size_t count, const LshShape& shape);

    std::size_t buckets() const noexcept { return std::size_t{1} << (64 - shift_); }
    std::uint64_t bucket(std::uint64_t key) const noexcept { return key >> shift_; }

    std::shared_ptr<const HashFamily> family_;
    LshShape shape_;
    std::size_t count_;
    unsigned shift_ = 0;
    std::vector<Table> tables_;
};

}  // namespace lanner
