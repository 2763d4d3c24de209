// Sketches: estimates against true distances, and scans of a set of slots.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "codecs/plain_codec.hpp"
#include "codecs/sketch_codec.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"
#include "search/filtered_scan.hpp"

namespace {

using namespace lanner;

constexpr Metric kMetrics[] = {Metric::kL2, Metric::kCosine, Metric::kIp, Metric::kSnr, Metric::kSnrItem};

class Bytes final : public Sink {
  public:
    void write(const void* bytes, std::size_t size) override {
        const auto* from = static_cast<const std::byte*>(bytes);
        kept.insert(kept.end(), from, from + size);
    }
    void write_at(std::uint64_t offset, const void* bytes, std::size_t size) override {
        std::memcpy(kept.data() + offset, bytes, size);
    }
    std::vector<std::byte> kept;
};

struct Stored {
    Stored(Metric metric, std::size_t features_a_row, std::size_t rows, unsigned seed)
        : dim(features_a_row),
          count(rows),
          sketches(metric, dim, seed, active_kernels()),
          plain(ElementType::kFloat32, metric, dim, active_kernels()) {
        std::mt19937 random(seed);
        std::normal_distribution<float> normal;
        features.resize(rows * dim);
        query.resize(dim);
        for (float& each : features) each = normal(random) + 0.5F;
        for (float& each : query) each = normal(random) + 0.5F;
        std::vector<float> mean(dim, 0.0F);
        for (std::size_t i = 0; i < rows; ++i) {
            std::vector<float> row(features.begin() + static_cast<std::ptrdiff_t>(i * dim),
                                   features.begin() + static_cast<std::ptrdiff_t>((i + 1) * dim));
            sketches.to_space(row.data());
            for (std::size_t j = 0; j < dim; ++j) mean[j] += row[j] / static_cast<float>(rows);
        }
        sketches.set_mean(mean);
        sketches.grow(rows);
        plain.grow(rows);
        for (std::size_t i = 0; i < rows; ++i) {
            sketches.store(static_cast<Slot>(i), features.data() + i * dim);
            plain.store(static_cast<Slot>(i), {features.data(), rows, ElementType::kFloat32}, i);
        }
        sketches.prepare({query.data(), 1, ElementType::kFloat32}, sketched);
        plain.prepare({query.data(), 1, ElementType::kFloat32}, exact);
        scorer = plain.make_scorer();
        scorer->bind_query(exact, 0);
    }

    std::vector<float> distances(const std::vector<Slot>& slots) {
        std::vector<float> out(slots.size());
        scorer->score(slots.data(), slots.size(), out.data());
        return out;
    }

    std::size_t dim, count;
    std::vector<float> features, query;
    SketchCodec sketches;
    PlainCodec plain;
    QueryBlock sketched, exact;
    std::unique_ptr<Scorer> scorer;
};

std::vector<Slot> all_slots(std::size_t count) {
    std::vector<Slot> slots(count);
    for (std::size_t i = 0; i < count; ++i) slots[i] = static_cast<Slot>(i);
    return slots;
}

}  // namespace

TEST_CASE("sketches: estimates are without bias, and their errors as large as said") {
    for (const Metric metric : kMetrics) {
        for (const std::size_t dim : {64U, 130U, 384U}) {
            INFO("metric " << static_cast<int>(metric) << ", dim " << dim);
            Stored stored(metric, dim, 4000, 11);
            const std::vector<Slot> slots = all_slots(stored.count);
            const std::vector<float> expected = stored.distances(slots);
            std::vector<float> got(slots.size());
            stored.sketches.score(stored.sketched, 0, slots, got.data());
            double sum = 0;
            double squares = 0;
            std::size_t beyond = 0;
            for (std::size_t i = 0; i < slots.size(); ++i) {
                const float error = stored.sketches.error(stored.sketched, 0, slots[i]);
                const auto z = static_cast<double>((got[i] - expected[i]) / error);
                sum += z;
                squares += z * z;
                beyond += std::fabs(z) > 3 ? 1 : 0;
            }
            const auto count = static_cast<double>(slots.size());
            // 4000 errors of one query, which share what it lost when it was rounded.
            CHECK(std::fabs(sum / count) < 0.1);
            CHECK(squares / count > 0.8);
            CHECK(squares / count < 1.2);
            CHECK(static_cast<double>(beyond) / count < 0.01);
        }
    }
}

TEST_CASE("sketches: a row or a query of no length makes finite estimates") {
    for (const Metric metric : {Metric::kL2, Metric::kCosine, Metric::kIp}) {
        SketchCodec sketches(metric, 40, 3, active_kernels());
        sketches.grow(2);
        const std::vector<float> zero(40, 0.0F);
        const std::vector<float> ones(40, 1.0F);
        sketches.store(0, zero.data());
        sketches.store(1, ones.data());
        CHECK(sketches.sound(0));
        CHECK(sketches.is_sketch_of(0, zero.data()));
        CHECK_FALSE(sketches.is_sketch_of(0, ones.data()));
        QueryBlock block;
        sketches.prepare({zero.data(), 1, ElementType::kFloat32}, block);
        const Slot slots[] = {0, 1};
        float out[2];
        sketches.score(block, 0, slots, out);
        CHECK(out[0] == (metric == Metric::kCosine ? 1.0F : 0.0F));
        CHECK(std::isfinite(out[1]));
    }
}

TEST_CASE("a filtered scan finds the nearest of its set, as a list and as a bitmap") {
    for (const Metric metric : kMetrics) {
        Stored stored(metric, 96, 5000, 21);
        std::mt19937 random(4);
        for (const unsigned share : {1U, 3U, 20U, 1000U}) {
            std::vector<Slot> slots;
            std::vector<std::uint64_t> words(SlotSet::word_count(stored.count), 0);
            for (std::size_t i = 0; i < stored.count; ++i) {
                if (random() % share != 0) continue;
                slots.push_back(static_cast<Slot>(i));
                words[i / 64] |= std::uint64_t{1} << (i % 64);
            }
            const std::vector<float> distances = stored.distances(slots);
            std::vector<Candidate> expected;
            for (std::size_t i = 0; i < slots.size(); ++i) expected.push_back({distances[i], slots[i]});
            std::sort(expected.begin(), expected.end(), nearer);
            expected.resize(std::min<std::size_t>(expected.size(), 10));
            for (const SlotSet& set : {SlotSet(slots, stored.count), SlotSet(words, stored.count)}) {
                INFO("metric " << static_cast<int>(metric) << ", one of " << share);
                FilteredScanScratch scratch;
                std::vector<Candidate> found;
                // All of them are looked at: the answer is that of an exact search.
                filtered_scan(stored.sketches, stored.sketched, 0, set, {10, 1e6F}, scratch, found);
                CHECK(found.size() == slots.size());
                CHECK(narrow(10, *stored.scorer, scratch, found) == slots.size());
                REQUIRE(found.size() == expected.size());
                for (std::size_t i = 0; i < found.size(); ++i) {
                    CHECK(found[i].slot == expected[i].slot);
                    CHECK(found[i].distance == expected[i].distance);
                }
                // What is found are all with the least lower bounds.
                std::vector<float> estimates(slots.size());
                stored.sketches.score(stored.sketched, 0, slots, estimates.data());
                std::vector<Candidate> lower;
                for (std::size_t i = 0; i < slots.size(); ++i) {
                    const float error = stored.sketches.error(stored.sketched, 0, slots[i]);
                    lower.push_back({estimates[i] - 2 * error, slots[i]});
                }
                std::sort(lower.begin(), lower.end(), nearer);
                filtered_scan(stored.sketches, stored.sketched, 0, set, {10, 2.0F}, scratch, found);
                if (slots.size() > 100) {
                    CHECK(found.size() >= 10);
                    CHECK(found.size() < slots.size());
                    std::sort(found.begin(), found.end(), nearer);
                    for (std::size_t i = 0; i < found.size(); ++i) {
                        const float width = std::fabs(lower[i].distance) * 1e-5F;
                        CHECK(std::fabs(found[i].distance - lower[i].distance) <= width);
                    }
                }
            }
        }
    }
}

TEST_CASE("sketches come back from a file as they were, and damaged ones are noticed") {
    Stored stored(Metric::kSnrItem, 70, 300, 31);
    Bytes sink;
    SectionWriter writer(sink);
    stored.sketches.save(writer, stored.count);
    writer.finish();
    const auto reader = [&] { return SectionReader(sink.kept, nullptr); };
    SketchCodec loaded = stored.sketches.empty_copy();
    loaded.load(reader(), stored.count, true);
    for (std::size_t i = 0; i < stored.count; ++i) {
        CHECK(loaded.sound(static_cast<Slot>(i)));
        CHECK(loaded.is_sketch_of(static_cast<Slot>(i), stored.features.data() + i * stored.dim));
    }
    CHECK_THROWS_AS(loaded.load(reader(), stored.count + 1, true), Error);
    SketchCodec wider(Metric::kSnrItem, 71, 0, active_kernels());
    CHECK_THROWS_AS(wider.load(reader(), stored.count, true), Error);

    const std::span<std::byte> rows = reader().section("sketches");
    const std::size_t stride = sketch_stride(stored.dim);
    const std::size_t factors_at = stride - sizeof(SketchFactors);
    const auto put = [&](std::size_t row, std::size_t at, float value) {
        std::memcpy(rows.data() + row * stride + factors_at + at, &value, sizeof value);
    };
    const float nan = std::nanf("");
    put(0, offsetof(SketchFactors, step), -1.0F);
    put(1, offsetof(SketchFactors, add), nan);
    put(2, offsetof(SketchFactors, spread), nan);
    put(3, offsetof(SketchFactors, size), 0.0F);
    rows[4 * stride + 8] = std::byte{0x80};  // a bit beyond the last feature
    rows[5 * stride + 10] = std::byte{1};    // a byte between
    loaded.load(reader(), stored.count, true);
    for (Slot slot = 0; slot < 6; ++slot) CHECK_FALSE(loaded.sound(slot));
    CHECK(loaded.sound(6));
    // A scan survives them, and finds none whose estimate is no number.
    std::vector<Candidate> found;
    FilteredScanScratch scratch;
    filtered_scan(loaded, stored.sketched, 0, SlotSet(all_slots(stored.count), stored.count), {10, 2.0F}, scratch,
                  found);
    CHECK(std::none_of(found.begin(), found.end(), [](const Candidate& each) { return each.slot == 1; }));

    const std::span<std::byte> mean = reader().section("sketches.mean");
    std::memcpy(mean.data(), &nan, sizeof nan);
    CHECK_THROWS_AS(loaded.load(reader(), stored.count, true), Error);
}
