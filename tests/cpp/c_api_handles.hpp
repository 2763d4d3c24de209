// What the tests of the C interface share: handles that give themselves back, and a small index.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "lanner/lanner.h"

namespace c_api_handles {

struct Destroy {
    void operator()(lanner_index* index) const noexcept { lanner_destroy(index); }
    void operator()(lanner_hits* hits) const noexcept { lanner_hits_destroy(hits); }
    void operator()(lanner_filter* filter) const noexcept { lanner_filter_destroy(filter); }
    void operator()(lanner_ids* ids) const noexcept { lanner_ids_destroy(ids); }
    void operator()(lanner_table* table) const noexcept { lanner_table_destroy(table); }
};
using IndexHandle = std::unique_ptr<lanner_index, Destroy>;
using HitsHandle = std::unique_ptr<lanner_hits, Destroy>;
using FilterHandle = std::unique_ptr<lanner_filter, Destroy>;
using IdsHandle = std::unique_ptr<lanner_ids, Destroy>;
using TableHandle = std::unique_ptr<lanner_table, Destroy>;

inline bool last_error_says(const char* words) { return std::strstr(lanner_last_error(), words) != nullptr; }

inline lanner_index_options options_of(std::size_t dim) {
    lanner_index_options options{};
    options.struct_size = sizeof(options);
    options.dim = dim;
    return options;
}

inline IndexHandle make_index(const lanner_index_options& options) {
    lanner_index* index = nullptr;
    REQUIRE_MESSAGE(lanner_create(&options, &index) == LANNER_OK, lanner_last_error());
    return IndexHandle(index);
}

// The points 0, 1, 2, ... on the first axis of a plane, under ids 100, 101, 102, ...
inline IndexHandle make_line(std::size_t count) {
    IndexHandle index = make_index(options_of(2));
    std::vector<float> rows;
    std::vector<std::int64_t> ids;
    for (std::size_t i = 0; i < count; ++i) {
        rows.insert(rows.end(), {static_cast<float>(i), 0.0F});
        ids.push_back(100 + static_cast<std::int64_t>(i));
    }
    REQUIRE_MESSAGE(lanner_add(index.get(), rows.data(), LANNER_FLOAT32, count, ids.data(), 1, nullptr) == LANNER_OK,
                    lanner_last_error());
    return index;
}

inline std::size_t size_of(const lanner_index* index) {
    std::size_t size = 0;
    REQUIRE(lanner_size(index, &size) == LANNER_OK);
    return size;
}

inline std::int64_t nearest(const lanner_index* index, std::array<float, 2> query) {
    std::int64_t id = -2;
    float distance = -1.0F;
    REQUIRE(lanner_search(index, query.data(), LANNER_FLOAT32, 1, 1, nullptr, &id, &distance, nullptr) == LANNER_OK);
    return id;
}

// A file name of this test's own, gone at the end.
class ScratchFile {
  public:
    explicit ScratchFile(const char* name)
        : path_((std::filesystem::temp_directory_path() /
                 (std::string("lanner_c_api_") + name + "_" + std::to_string(reinterpret_cast<std::uintptr_t>(this))))
                    .string()) {}
    ~ScratchFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;

    const char* path() const noexcept { return path_.c_str(); }

  private:
    std::string path_;
};

}  // namespace c_api_handles
