// What filtered searches scan in place of vectors: a sketch of each row, and cells of rows that lie near each other. An index has
// them as soon as it has attributes and is large enough for them to pay.
// Threads: const calls run beside one another; the others exclude every call, except that store() may write to slots that
// nobody can reach yet.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "codecs/cells.hpp"
#include "codecs/sketch_codec.hpp"
#include "index/vector_store.hpp"
#include "lanner/index.hpp"

namespace lanner {

class ScanAids {
  public:
    // Smaller indexes are scanned as quickly without.
    static constexpr std::size_t kLeastRows = 2048;
    // Whether they can be made for such an index.
    static bool serve(const IndexOptions& options) noexcept;

    explicit ScanAids(const IndexOptions& options);

    // Fits sketches and cells to the rows of `live` slots of the store and to `more`, and takes in the former; room for `slots`.
    void fit(const VectorStore& store, std::span<const Slot> live, const Vectors& more, std::size_t slots,
             std::size_t threads, const std::function<void()>& poll);
    // Whether so many rows want cells of their own.
    bool outgrown(std::size_t rows) const noexcept { return rows > kGrowth * rows_; }

    const SketchCodec& sketches() const noexcept { return sketches_; }
    const Cells& cells() const noexcept { return cells_; }

    // The cells that rows belong to.
    std::vector<Cell> cells_of(const Vectors& vectors, std::size_t threads, const std::function<void()>& poll) const;
    void grow(std::size_t slots);
    void truncate(std::size_t slots) noexcept { cells_.truncate(slots); }
    // The sketch of a stored row; put() then makes it part of a cell.
    void store(Slot slot, const VectorStore& store);
    void put(Slot slot, Cell cell) { cells_.put(slot, cell); }
    void erase(Slot slot) noexcept { sketches_.erase(slot); }

    std::size_t memory_bytes() const noexcept { return sketches_.memory_bytes() + cells_.memory_bytes(); }
    void save(SectionWriter& writer, std::size_t slots) const;
    static bool in_file(const SectionReader& reader) { return reader.has("cells.rows"); }
    // Throws Error(kFileFormat).
    void load(const SectionReader& reader, std::size_t slots);
    void check_slot(Slot slot, const VectorStore& store) const;

  private:
    static constexpr std::size_t kGrowth = 4;

    IndexOptions options_;
    const KernelTable& kernels_;
    MetricSpace space_;
    SketchCodec sketches_;
    Cells cells_;
    std::uint64_t rows_ = 0;  // that they were fitted for
};

}  // namespace lanner
