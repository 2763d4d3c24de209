// The C interface as a C program meets it: statuses, messages, and values checked by hand.
#include "lanner/lanner.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "c_api_handles.hpp"
#include "lanner/index.hpp"

namespace {

using namespace c_api_handles;

bool holds(const lanner_index* index, std::int64_t id) {
    int found = -1;
    REQUIRE(lanner_contains(index, id, &found) == LANNER_OK);
    REQUIRE((found == 0 || found == 1));
    return found == 1;
}

}  // namespace

TEST_CASE("version and instruction set have names") {
    CHECK(std::string_view(lanner_version()).find('.') != std::string_view::npos);
    REQUIRE(lanner_isa() != nullptr);
    CHECK(std::string_view(lanner_isa()) == lanner::active_isa());
}

TEST_CASE("search finds the nearest with exact distances, nearest first") {
    const IndexHandle index = make_line(5);
    const std::array<float, 4> queries = {0.9F, 0.0F, 4.0F, 1.0F};
    std::array<std::int64_t, 6> ids{};
    std::array<float, 6> distances{};
    std::array<std::int64_t, 2> counts{};
    for (const int exact : {0, 1}) {
        lanner_search_options options{};
        options.struct_size = sizeof(options);
        options.exact = exact;
        options.threads = 1;
        REQUIRE(lanner_search(index.get(), queries.data(), LANNER_FLOAT32, 2, 3, &options, ids.data(), distances.data(),
                              counts.data()) == LANNER_OK);
        CHECK(ids == std::array<std::int64_t, 6>{101, 100, 102, 104, 103, 102});
        CHECK(counts == std::array<std::int64_t, 2>{3, 3});
        CHECK(distances[0] == doctest::Approx(0.01).epsilon(1e-4));
        CHECK(distances[3] == 1.0F);
        CHECK(distances[4] == 2.0F);
        CHECK(distances[5] == 5.0F);
    }
}

TEST_CASE("places beyond the hits hold id -1 and infinity") {
    const IndexHandle index = make_line(1);
    const std::array<float, 2> query = {0.0F, 0.0F};
    std::array<std::int64_t, 3> ids{};
    std::array<float, 3> distances{};
    std::int64_t count = -1;
    REQUIRE(lanner_search(index.get(), query.data(), LANNER_FLOAT32, 1, 3, nullptr, ids.data(), distances.data(),
                          &count) == LANNER_OK);
    CHECK(count == 1);
    CHECK(ids == std::array<std::int64_t, 3>{100, -1, -1});
    CHECK(distances[0] == 0.0F);
    CHECK(std::isinf(distances[1]));
    CHECK(std::isinf(distances[2]));
}

TEST_CASE("ids that are not given are generated, returned and found") {
    const IndexHandle index = make_index(options_of(2));
    const std::array<float, 4> rows = {0.0F, 0.0F, 5.0F, 5.0F};
    std::array<std::int64_t, 2> ids = {-7, -7};
    REQUIRE(lanner_add(index.get(), rows.data(), LANNER_FLOAT32, 2, nullptr, 0, ids.data()) == LANNER_OK);
    CHECK(ids[0] != ids[1]);
    CHECK(size_of(index.get()) == 2);
    CHECK(nearest(index.get(), {5.0F, 5.0F}) == ids[1]);
}

TEST_CASE("upsert replaces, remove takes out, get copies what is stored") {
    const IndexHandle index = make_line(3);
    const std::array<std::int64_t, 2> moved_ids = {101, 500};
    const std::array<float, 4> moved = {-50.0F, 0.0F, 70.0F, 0.0F};
    REQUIRE(lanner_upsert(index.get(), moved.data(), LANNER_FLOAT32, 2, moved_ids.data(), 1) == LANNER_OK);
    CHECK(size_of(index.get()) == 4);
    CHECK(nearest(index.get(), {-49.0F, 0.0F}) == 101);
    CHECK(nearest(index.get(), {1.1F, 0.0F}) == 102);

    std::array<float, 4> stored{};
    REQUIRE(lanner_get(index.get(), moved_ids.data(), 2, stored.data(), sizeof(stored)) == LANNER_OK);
    CHECK(stored == moved);

    REQUIRE(lanner_remove(index.get(), moved_ids.data(), 2, 1) == LANNER_OK);
    CHECK(size_of(index.get()) == 2);
    CHECK_FALSE(holds(index.get(), 101));
    CHECK(holds(index.get(), 102));
    CHECK(nearest(index.get(), {-49.0F, 0.0F}) == 100);
}

TEST_CASE("radius search returns everything within, inclusive") {
    const IndexHandle index = make_line(6);
    const std::array<float, 4> queries = {0.0F, 0.0F, 90.0F, 0.0F};
    lanner_search_options options{};
    options.struct_size = sizeof(options);
    options.exact = 1;
    lanner_hits* raw = nullptr;
    REQUIRE(lanner_search_radius(index.get(), queries.data(), LANNER_FLOAT32, 2, 4.0F, &options, &raw) == LANNER_OK);
    const HitsHandle hits(raw);
    const std::span offsets(lanner_hits_offsets(hits.get()), 3);
    CHECK(offsets[0] == 0);
    CHECK(offsets[1] == 3);
    CHECK(offsets[2] == 3);
    for (std::int64_t i = 0; i < 3; ++i) {
        CHECK(lanner_hits_ids(hits.get())[i] == 100 + i);
        CHECK(lanner_hits_distances(hits.get())[i] == static_cast<float>(i * i));
    }
}

TEST_CASE("a saved index opens with the same items and choices") {
    const ScratchFile file("roundtrip");
    {
        const IndexHandle index = make_line(20);
        REQUIRE_MESSAGE(lanner_save(index.get(), file.path()) == LANNER_OK, lanner_last_error());
    }
    CHECK(lanner_verify(file.path()) == LANNER_OK);
    for (const unsigned flags : {0U, LANNER_OPEN_VERIFY, LANNER_OPEN_WRITABLE | LANNER_OPEN_VERIFY}) {
        lanner_index* raw = nullptr;
        REQUIRE_MESSAGE(lanner_open(file.path(), flags, &raw) == LANNER_OK, lanner_last_error());
        const IndexHandle index(raw);
        CHECK(size_of(index.get()) == 20);
        CHECK(nearest(index.get(), {7.2F, 0.0F}) == 107);

        lanner_index_options options = options_of(0);
        REQUIRE(lanner_describe(index.get(), &options) == LANNER_OK);
        CHECK(options.dim == 2);
        CHECK(options.metric == LANNER_L2);
        CHECK(options.type == LANNER_FLOAT32);
        CHECK(options.exact == 0);
        CHECK(options.M == 16);
        CHECK(options.ef_construction == 128);

        const std::int64_t id = 107;
        const lanner_status removed = lanner_remove(index.get(), &id, 1, 1);
        if ((flags & LANNER_OPEN_WRITABLE) != 0) {
            CHECK(removed == LANNER_OK);
            CHECK(size_of(index.get()) == 19);
        } else {
            CHECK(removed == LANNER_READ_ONLY);
            CHECK(size_of(index.get()) == 20);
        }
    }
}

TEST_CASE("an altered file is a format error that verify and open report") {
    const ScratchFile file("altered");
    REQUIRE(lanner_save(make_line(20).get(), file.path()) == LANNER_OK);
    const auto half = static_cast<std::streamoff>(std::filesystem::file_size(file.path()) / 2);
    std::filesystem::resize_file(file.path(), static_cast<std::uintmax_t>(half));
    CHECK(lanner_verify(file.path()) == LANNER_FILE_FORMAT);
    CHECK(std::strlen(lanner_last_error()) > 0);
    lanner_index* index = nullptr;
    CHECK(lanner_open(file.path(), 0, &index) == LANNER_FILE_FORMAT);
    CHECK(index == nullptr);
}

TEST_CASE("a file that is not there is a storage error") {
    lanner_index* index = nullptr;
    CHECK(lanner_open("no_such_folder/no_such_file.lanner", 0, &index) == LANNER_STORAGE);
    CHECK(index == nullptr);
    CHECK(last_error_says("no_such_file"));
}

TEST_CASE("every kind of failure has its status, says why, and changes nothing") {
    const IndexHandle index = make_line(3);
    const std::array<float, 2> row = {9.0F, 9.0F};
    std::int64_t id = 101;

    SUBCASE("an id that exists") {
        CHECK(lanner_add(index.get(), row.data(), LANNER_FLOAT32, 1, &id, 1, nullptr) == LANNER_INVALID_ARGUMENT);
        CHECK(last_error_says("101"));
    }
    SUBCASE("an id that is not there") {
        id = 999;
        CHECK(lanner_remove(index.get(), &id, 1, 1) == LANNER_NOT_FOUND);
        CHECK(last_error_says("999"));
        std::array<float, 2> out = {1.0F, 2.0F};
        CHECK(lanner_get(index.get(), &id, 1, out.data(), sizeof(out)) == LANNER_NOT_FOUND);
        CHECK(out == std::array<float, 2>{1.0F, 2.0F});
    }
    SUBCASE("NaN") {
        std::array<float, 16> bad{};
        bad[15] = std::numeric_limits<float>::quiet_NaN();
        CHECK(lanner_add(index.get(), bad.data(), LANNER_FLOAT32, 8, nullptr, 1, nullptr) == LANNER_INVALID_ARGUMENT);
        CHECK(last_error_says("7"));  // the row
    }
    SUBCASE("another element type") {
        CHECK(lanner_add(index.get(), row.data(), LANNER_INT8, 1, nullptr, 1, nullptr) == LANNER_WRONG_TYPE);
    }
    SUBCASE("no such element type") {
        CHECK(lanner_add(index.get(), row.data(), 6, 1, nullptr, 1, nullptr) == LANNER_INVALID_ARGUMENT);
        CHECK(lanner_add(index.get(), row.data(), -1, 1, nullptr, 1, nullptr) == LANNER_INVALID_ARGUMENT);
    }
    SUBCASE("null pointers") {
        CHECK(lanner_add(nullptr, row.data(), LANNER_FLOAT32, 1, &id, 1, nullptr) == LANNER_INVALID_ARGUMENT);
        CHECK(last_error_says("index"));
        CHECK(lanner_add(index.get(), nullptr, LANNER_FLOAT32, 1, nullptr, 1, nullptr) == LANNER_INVALID_ARGUMENT);
        CHECK(last_error_says("vectors"));
        CHECK(lanner_upsert(index.get(), row.data(), LANNER_FLOAT32, 1, nullptr, 1) == LANNER_INVALID_ARGUMENT);
        CHECK(last_error_says("ids"));
        CHECK(lanner_save(index.get(), nullptr) == LANNER_INVALID_ARGUMENT);
        CHECK(lanner_size(index.get(), nullptr) == LANNER_INVALID_ARGUMENT);
    }
    SUBCASE("k of 0") {
        float distance = 0.0F;
        CHECK(lanner_search(index.get(), row.data(), LANNER_FLOAT32, 1, 0, nullptr, &id, &distance, nullptr) ==
              LANNER_INVALID_ARGUMENT);
    }
    SUBCASE("room for less than a row") {
        std::array<float, 2> out{};
        CHECK(lanner_get(index.get(), &id, 1, out.data(), sizeof(float)) == LANNER_INVALID_ARGUMENT);
        CHECK(last_error_says("4 bytes"));
    }
    CHECK(size_of(index.get()) == 3);
}

TEST_CASE("choices that make no sense are refused and give no handle") {
    lanner_index_options options = options_of(4);
    SUBCASE("no dimension") { options.dim = 0; }
    SUBCASE("unknown metric") { options.metric = 7; }
    SUBCASE("unknown type") { options.type = -1; }
    SUBCASE("bits under l2") { options.type = LANNER_BITS; }
    SUBCASE("a flag that is neither 0 nor 1") { options.exact = 2; }
    SUBCASE("no size") { options.struct_size = 0; }
    auto* index = reinterpret_cast<lanner_index*>(std::uintptr_t{1});
    CHECK(lanner_create(&options, &index) == LANNER_INVALID_ARGUMENT);
    CHECK(index == nullptr);
    CHECK(std::strlen(lanner_last_error()) > 0);
    CHECK(lanner_create(&options, nullptr) == LANNER_INVALID_ARGUMENT);
}

TEST_CASE("a codec is chosen or named, and a recall asked for") {
    lanner_index_options options = options_of(128);
    lanner_index_options made = options_of(0);
    const IndexHandle chosen = make_index(options);
    REQUIRE(lanner_describe(chosen.get(), &made) == LANNER_OK);
    CHECK(made.codec == LANNER_CODEC_SQ4);
    for (const std::int32_t codec : {LANNER_CODEC_NONE, LANNER_CODEC_SQ8, LANNER_CODEC_SQ4}) {
        options.codec = codec;
        const IndexHandle named = make_index(options);
        REQUIRE(lanner_describe(named.get(), &made) == LANNER_OK);
        CHECK(made.codec == codec);
    }
    options.codec = 7;
    lanner_index* none = nullptr;
    CHECK(lanner_create(&options, &none) == LANNER_INVALID_ARGUMENT);
    CHECK(none == nullptr);

    const IndexHandle index = make_line(5);
    const std::array<float, 2> query = {0.9F, 0.0F};
    std::int64_t id = -2;
    float distance = -1.0F;
    lanner_search_options search{};
    search.struct_size = sizeof search;
    const auto ask = [&] {
        return lanner_search(index.get(), query.data(), LANNER_FLOAT32, 1, 1, &search, &id, &distance, nullptr);
    };
    search.recall = 0.9;
    REQUIRE(ask() == LANNER_OK);
    CHECK(id == nearest(index.get(), query));
    search.recall = 1.5;
    CHECK(ask() == LANNER_INVALID_ARGUMENT);
    search.recall = 0.9;
    search.ef = 20;
    CHECK(ask() == LANNER_INVALID_ARGUMENT);
}

TEST_CASE("small codes take their parameters, and nothing need be kept beside them") {
    constexpr std::size_t kRows = 700;
    constexpr std::size_t kDim = 16;
    std::vector<float> rows(kRows * kDim);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>((i * 2654435761U) % 1009) / 1009.0F;
    struct Case {
        std::int32_t codec;
        std::uint32_t parts, bits, bits_made;
    };
    for (const Case& each : {Case{LANNER_CODEC_PQ, 8, 4, 4}, Case{LANNER_CODEC_OPQ, 4, 0, 8},
                             Case{LANNER_CODEC_BINARY, 0, 0, 1}, Case{LANNER_CODEC_BINARY, 0, 3, 3}}) {
        CAPTURE(each.codec);
        lanner_index_options options = options_of(kDim);
        options.codec = each.codec;
        options.codec_parts = each.parts;
        options.codec_bits = each.bits;
        options.keep = LANNER_KEEP_NOTHING;
        const IndexHandle index = make_index(options);
        REQUIRE(lanner_add(index.get(), rows.data(), LANNER_FLOAT32, kRows, nullptr, 1, nullptr) == LANNER_OK);
        lanner_index_options made = options_of(0);
        REQUIRE(lanner_describe(index.get(), &made) == LANNER_OK);
        CHECK(made.codec == each.codec);
        CHECK(made.codec_parts == each.parts);
        CHECK(made.codec_bits == each.bits_made);
        CHECK(made.keep == LANNER_KEEP_NOTHING);
        std::int64_t id = -1;
        float distance = -1.0F;
        REQUIRE(lanner_search(index.get(), rows.data(), LANNER_FLOAT32, 1, 1, nullptr, &id, &distance, nullptr) ==
                LANNER_OK);
        CHECK(id >= 0);
    }
    lanner_index* none = nullptr;
    lanner_index_options wrong = options_of(kDim);
    wrong.codec = LANNER_CODEC_PQ;
    wrong.codec_parts = 5;
    CHECK(lanner_create(&wrong, &none) == LANNER_INVALID_ARGUMENT);
    CHECK(last_error_says("divides the dimension, 16, got 5"));
    wrong.codec_parts = 4;
    wrong.keep = 3;
    CHECK(lanner_create(&wrong, &none) == LANNER_INVALID_ARGUMENT);
    CHECK(last_error_says("keep must be a lanner_keep, got 3"));
    wrong.codec = LANNER_CODEC_NONE;
    wrong.codec_parts = 0;
    wrong.keep = LANNER_KEEP_NOTHING;
    CHECK(lanner_create(&wrong, &none) == LANNER_INVALID_ARGUMENT);
}

TEST_CASE("who keeps less than the vectors and names no codec gets one") {
    for (const std::int32_t keep : {LANNER_KEEP_FLOAT16, LANNER_KEEP_NOTHING}) {
        lanner_index_options options = options_of(3);
        options.keep = keep;
        const IndexHandle index = make_index(options);
        lanner_index_options made{};
        made.struct_size = sizeof(made);
        REQUIRE(lanner_describe(index.get(), &made) == LANNER_OK);
        CHECK(made.codec == LANNER_CODEC_SQ8);
        CHECK(made.keep == keep);
    }
}

TEST_CASE("the structure of an older caller ends early and its missing fields mean their defaults") {
    // As if M were the last field that the caller's header knew; what lies behind must be neither read nor written.
    lanner_index_options options = options_of(3);
    options.struct_size = offsetof(lanner_index_options, ef_construction);
    options.M = 8;
    options.ef_construction = 0xDEADBEEF;
    options.seed = 77;
    const IndexHandle index = make_index(options);

    lanner_index_options whole = options_of(0);
    REQUIRE(lanner_describe(index.get(), &whole) == LANNER_OK);
    CHECK(whole.M == 8);
    CHECK(whole.ef_construction == 128);
    CHECK(whole.seed == 0);

    options.M = 0;
    REQUIRE(lanner_describe(index.get(), &options) == LANNER_OK);
    CHECK(options.M == 8);
    CHECK(options.ef_construction == 0xDEADBEEF);
    CHECK(options.seed == 77);
}

TEST_CASE("an index with string ids opens, and what names an id says that it cannot") {
    const ScratchFile file("strings");
    {
        lanner::IndexOptions options;
        options.dim = 2;
        options.metric = lanner::Metric::kL2;
        lanner::Index index(options);
        const std::array<float, 2> row = {1.0F, 2.0F};
        const std::array<std::string_view, 1> ids = {"one"};
        index.add({row.data(), 1, lanner::ElementType::kFloat32}, std::span<const std::string_view>(ids));
        index.save(file.path());
    }
    lanner_index* raw = nullptr;
    REQUIRE(lanner_open(file.path(), 0, &raw) == LANNER_OK);
    const IndexHandle index(raw);
    CHECK(size_of(index.get()) == 1);
    const std::array<float, 2> query = {1.0F, 2.0F};
    std::int64_t id = 0;
    float distance = 0.0F;
    CHECK(lanner_search(index.get(), query.data(), LANNER_FLOAT32, 1, 1, nullptr, &id, &distance, nullptr) ==
          LANNER_WRONG_TYPE);
    CHECK(last_error_says("string ids"));
    lanner_hits* hits = nullptr;
    CHECK(lanner_search_radius(index.get(), query.data(), LANNER_FLOAT32, 1, 1.0F, nullptr, &hits) ==
          LANNER_WRONG_TYPE);
    CHECK(hits == nullptr);
    int found = 0;
    CHECK(lanner_contains(index.get(), 0, &found) == LANNER_WRONG_TYPE);
}

TEST_CASE("a failure in one thread leaves another thread's message alone") {
    CHECK(lanner_verify(nullptr) == LANNER_INVALID_ARGUMENT);
    const std::string mine = lanner_last_error();
    CHECK(mine.find("path") != std::string::npos);
    std::string theirs_before = "unset";
    std::string theirs_after;
    std::thread other([&] {
        theirs_before = lanner_last_error();
        lanner_size(nullptr, nullptr);
        theirs_after = lanner_last_error();
    });
    other.join();
    CHECK(theirs_before.empty());
    CHECK(theirs_after.find("index") != std::string::npos);
    CHECK(lanner_last_error() == mine);
}

TEST_CASE("destroying nothing is allowed") {
    lanner_destroy(nullptr);
    lanner_hits_destroy(nullptr);
}
