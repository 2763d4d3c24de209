// Tables of hashes in a file and back.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <span>
#include <string_view>

#include "codecs/quantizer.hpp"
#include "hashing/load_hash.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"
#include "search/lsh_index.hpp"

namespace lanner {
namespace {

struct LshConfig {
    std::uint64_t rows;
    std::uint64_t dim;
    std::uint64_t metric;
    std::uint64_t tables;
    std::uint64_t hashes;
    double width;
};
static_assert(sizeof(LshConfig) == 48);

}  // namespace

void LshIndex::save(SectionWriter& writer) const {
    const LshShape& shape = tables_->shape();
    const LshConfig config{rows_.count, dim_, static_cast<std::uint64_t>(metric_), shape.tables, shape.hashes, width_};
    writer.write_section("lsh.config", &config, sizeof config);
    if (codec_) {
        writer.write_section("lsh.vectors", rows_.vectors, rows_.count * dim_ * sizeof(float));
    } else {
        writer.write_section("lsh.offsets", offsets_.data(), offsets_.size() * sizeof(std::int64_t));
        writer.write_section("lsh.items", items_.data(), items_.size() * sizeof(std::uint64_t));
    }
    tables_->family().save(writer);
    tables_->save(writer);
    std::uint64_t counts[kRanks][2];
    for (std::size_t i = 0; i < kRanks; ++i) {
        counts[i][0] = reached_[i].neighbours;
        counts[i][1] = reached_[i].found_at.size();
    }
    writer.write_section("lsh.reached", counts, sizeof counts);
    writer.begin("lsh.found_at");
    for (const Reached& each : reached_)
        writer.write(each.found_at.data(), each.found_at.size() * sizeof(std::uint32_t));
    writer.end();
}

void LshIndex::load_rows(const SectionReader& reader, std::size_t count) {
    rows_.count = count;
    if (metric_ != Metric::kJaccard) {
        const std::vector<float> vectors = read_floats(reader, "lsh.vectors", count * dim_);
        try {
            PlainCodec(ElementType::kFloat32, metric_, dim_, active_kernels())
                .check_rows({vectors.data(), count, ElementType::kFloat32}, "vectors", nullptr);
        } catch (const Error& error) {
            refuse_section("lsh.vectors", error.what());
        }
        keep_vectors(vectors.data(), count);
        return;
    }
    const std::span<std::byte> offsets = reader.section("lsh.offsets", (count + 1) * sizeof(std::int64_t));
    offsets_.resize(count + 1);
    std::memcpy(offsets_.data(), offsets.data(), offsets.size());
    if (offsets_.front() != 0 || !std::is_sorted(offsets_.begin(), offsets_.end()))
        refuse_section("lsh.offsets", "its sets do not follow one another");
    // The section's length says that so many fit.
    const std::span<std::byte> items = reader.section("lsh.items");
    if (items.size() % sizeof(std::uint64_t) != 0 ||
        static_cast<std::uint64_t>(offsets_.back()) != items.size() / sizeof(std::uint64_t))
        refuse_section("lsh.items", "it does not hold as many items as the sets have");
    items_.resize(items.size() / sizeof(std::uint64_t));
    if (!items.empty()) std::memcpy(items_.data(), items.data(), items.size());
    for (std::size_t i = 0; i < count; ++i) {
        const auto begin = items_.begin() + offsets_[i];
        const auto end = items_.begin() + offsets_[i + 1];
        if (std::adjacent_find(begin, end, std::greater_equal<>()) != end)
            refuse_section("lsh.items", "a set's items do not ascend");
    }
    rows_.offsets = offsets_.data();
    rows_.items = items_.data();
}

void LshIndex::load_reached(const SectionReader& reader) {
    std::uint64_t counts[kRanks][2];
    std::memcpy(counts, reader.section("lsh.reached", sizeof counts).data(), sizeof counts);
    std::uint64_t all = 0;
    for (const auto& each : counts) {
        if (each[0] > kSampleRows * kRankEnds[kRanks - 1] || each[1] > each[0])
            refuse_section("lsh.reached", "its counts are out of range");
        all += each[1];
    }
    const std::byte* from = reader.section("lsh.found_at", all * sizeof(std::uint32_t)).data();
    for (std::size_t i = 0; i < kRanks; ++i) {
        Reached& reached = reached_[i];
        reached.neighbours = counts[i][0];
        reached.found_at.resize(static_cast<std::size_t>(counts[i][1]));
        const std::size_t bytes = reached.found_at.size() * sizeof(std::uint32_t);
        if (bytes > 0) std::memcpy(reached.found_at.data(), from, bytes);
        from += bytes;
        if (!std::is_sorted(reached.found_at.begin(), reached.found_at.end()))
            refuse_section("lsh.found_at", "its numbers do not ascend");
    }
}

std::unique_ptr<LshIndex> LshIndex::load(const SectionReader& reader) {
    if (!reader.has("lsh.config")) return nullptr;
    LshConfig config{};
    std::memcpy(&config, reader.section("lsh.config", sizeof config).data(), sizeof config);
    const auto metric = static_cast<Metric>(config.metric);
    const bool known = config.metric == static_cast<std::uint64_t>(Metric::kL2) ||
                       config.metric == static_cast<std::uint64_t>(Metric::kCosine) ||
                       config.metric == static_cast<std::uint64_t>(Metric::kJaccard);
    const bool sets = known && metric == Metric::kJaccard;
    const std::uint64_t symbols = kMaxHashBits;
    if (!known || config.rows > kMaxSlots || (sets ? config.dim != 0 : config.dim < 1 || config.dim > kMaxDim) ||
        config.tables < 1 || config.tables > symbols || config.hashes < 1 || config.hashes > symbols / config.tables ||
        !std::isfinite(config.width))
        refuse_section("lsh.config", "it describes no tables");
    std::unique_ptr<LshIndex> made(new LshIndex(metric, static_cast<std::size_t>(config.dim)));
    const LshShape shape{static_cast<std::size_t>(config.tables), static_cast<std::size_t>(config.hashes)};
    made->width_ = config.width;
    made->load_rows(reader, static_cast<std::size_t>(config.rows));
    std::shared_ptr<const HashFamily> family = load_hash(reader);
    const std::string_view kind = metric == Metric::kL2 ? "e2lsh" : sets ? "minhash" : "cross_polytope";
    if (family->kind() != kind || family->dim() != made->dim_ ||
        family->bits() != bits_for(shape.tables * shape.hashes))
        refuse_section("lsh.config", "its hash is another");
    made->tables_ = LshTables::load(reader, std::move(family), made->rows_.count, shape);
    made->load_reached(reader);
    return made;
}

}  // namespace lanner
