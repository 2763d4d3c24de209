// The vectors of an index: originals, codes that stand in for them in a search, or both.
// Threads: as Codec says; swap_codes() excludes every other call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "codecs/coded_rows.hpp"
#include "codecs/plain_codec.hpp"
#include "lanner/index.hpp"

namespace lanner {

// Queries as the codecs want them.
struct PreparedQueries {
    QueryBlock exact;
    QueryBlock codes;
    QueryBlock sketches;  // these two of an index with ScanAids, once a filtered search needs them
    QueryBlock cells;
    std::uint64_t fit = 0;          // what they were made ready for; see VectorStore::is_outdated()
    std::uint64_t sketches_of = 0;  // likewise the version of the aids; 0: not made ready
    std::uint64_t cells_of = 0;
    Vectors source{};  // the queries themselves

    std::size_t bytes() const noexcept { return exact.bytes() + codes.bytes() + sketches.bytes() + cells.bytes(); }
};

class VectorStore {
  public:
    VectorStore(const IndexOptions& options, const KernelTable& kernels);

    std::size_t dim() const noexcept { return options_.dim; }
    bool has_codes() const noexcept { return codes_ != nullptr; }
    bool keeps_originals() const noexcept { return keeps_; }
    // What distances are had from: true ones, or estimates where no originals are kept.
    const Codec& finest() const noexcept { return keeps_ ? static_cast<const Codec&>(plain_) : *codes_; }
    // What a search walks or scans first: the codes, where there are any.
    const Codec& quickest() const noexcept { return codes_ ? static_cast<const Codec&>(*codes_) : plain_; }
    // What rows are compared with one another by when lists are mended: by codes of a number a feature recall after
    // turnovers is the same, and most rows, asked about once, come four to eight times as fast. Smaller codes are too coarse.
    const Codec& mending() const noexcept {
        return options_.codec == CodecKind::kSQ8 || options_.codec == CodecKind::kSQ4 ? quickest() : finest();
    }
    // Whether quickest() differs from finest(), so that what was found may be looked at once more.
    bool is_layered() const noexcept { return codes_ && keeps_; }
    // Whether codes that were fitted are all there is.
    bool is_codes_alone() const noexcept { return !keeps_ && codes_->fitted(); }
    // Without rows: 8-bit codes about the mean of those codes.
    std::unique_ptr<CodedRows> fine_codes() const;

    void check_rows(const Vectors& vectors, std::string_view argument,
                    const std::function<void()>& poll = nullptr) const;
    void check_queries(const Vectors& queries, std::string_view argument) const;
    void prepare(const Vectors& queries, PreparedQueries& prepared) const;
    const QueryBlock& queries_of(const Codec& codec, const PreparedQueries& prepared) const noexcept {
        return codes_ && &codec == &*codes_ ? prepared.codes : prepared.exact;
    }

    void grow(std::size_t rows);
    void store(Slot slot, const Vectors& vectors, std::size_t row);
    void erase(Slot slot) noexcept;
    // In the index's element type.
    void fetch(Slot slot, void* out) const;
    // As float32.
    void features_of(Slot slot, float* out) const;
    void features_of(const Vectors& vectors, std::size_t row, float* out) const;
    bool same(Slot left, Slot right) const noexcept { return finest().same(left, right); }

    // Codes are taken about a mean, which is zero until it has been fitted, and some need codebooks. Fitting makes new codes of
    // all rows.
    bool wants_fit() const noexcept { return codes_ && !codes_->fitted() && copied_ == nullptr; }
    // See Index::codec_recall(); 0 where it was not measured.
    float codec_recall() const noexcept { return recall_; }
    void set_codec_recall(float recall) noexcept { recall_ = recall; }
    // Of codes that were fitted, among rows of the sample that they were fitted to.
    float measured_recall(const CodedRows& codes, std::span<const Slot> live, const Vectors& more,
                          const Work& work) const;
    FitNeeds fit_needs() const noexcept { return codes_ ? codes_->fit_needs() : FitNeeds{}; }
    bool is_outdated(const PreparedQueries& prepared) const noexcept { return prepared.fit != fits_; }
    // Codes fitted to a sample of rows, those stored in `live` slots first and then `more`; room for `slots`.
    std::unique_ptr<CodedRows> fitted(std::span<const Slot> live, const Vectors& more, std::size_t slots,
                                      const Work& work) const;
    // Puts codes in place of those there, which it returns in them.
    void swap_codes(CodedRows& codes) noexcept;

    // Codes are made as another store makes them. Before anything is stored.
    void take_fit(const VectorStore& other);
    // Of an index without originals: rows to come are those of another store, in these slots, and get the codes that they have
    // there. Before anything is stored; the slots and the other store stay until end_copy().
    void begin_copy(const VectorStore& other, std::span<const Slot> slots);
    void end_copy() noexcept;
    // Of the same options; queries made ready before are outdated.
    void swap(VectorStore& other) noexcept;

    // Once codes are fitted.
    std::size_t bytes_a_row() const noexcept;
    std::size_t memory_bytes() const noexcept;
    void save(SectionWriter& writer, std::size_t rows) const;
    void load(const SectionReader& reader, std::size_t rows, bool fitted);
    // Throws Error(kFileFormat) where a live slot holds what no vector makes.
    void check_slot(Slot slot) const;

  private:
    // Row i of `sample`, of those stored in `live` slots and then of `more`, spread evenly over all; as float32.
    void fetch_sample(std::span<const Slot> live, const Vectors& more, std::size_t i, std::size_t sample,
                      float* out) const;

    IndexOptions options_;
    const KernelTable& kernels_;
    bool keeps_;
    PlainCodec plain_;  // without rows where originals are not kept: it checks what comes in all the same
    std::unique_ptr<CodedRows> codes_;
    std::uint64_t fits_ = 0;
    float recall_ = 0;
    const CodedRows* copied_ = nullptr;
    std::span<const Slot> copied_slots_;  // by row
};

}  // namespace lanner
