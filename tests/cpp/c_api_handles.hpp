// Handles of the C interface that give themselves back, for its tests.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "lanner/lanner.h"

struct Destroy {
    void operator()(lanner_index* index) const noexcept { lanner_destroy(index); }
    void operator()(lanner_hits* hits) const noexcept { lanner_hits_destroy(hits); }
    void operator()(lanner_filter* filter) const noexcept { lanner_filter_destroy(filter); }
    void operator()(lanner_table* table) const noexcept { lanner_table_destroy(table); }
};
using IndexHandle = std::unique_ptr<lanner_index, Destroy>;
using HitsHandle = std::unique_ptr<lanner_hits, Destroy>;
using FilterHandle = std::unique_ptr<lanner_filter, Destroy>;
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
