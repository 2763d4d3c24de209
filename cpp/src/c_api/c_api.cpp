// The C interface over lanner::Index: checks pointers, turns exceptions into a status and a message of the thread.
#include "lanner/lanner.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "c_api/handles.hpp"

struct lanner_hits {
    std::vector<std::int64_t> ids;
    std::vector<float> distances;
    std::vector<std::int64_t> offsets;
};

namespace {

using lanner::ElementType;
using lanner::Metric;
using namespace lanner::c_api;

static_assert(static_cast<int>(Metric::kL2) == LANNER_L2 && static_cast<int>(Metric::kCosine) == LANNER_COSINE &&
              static_cast<int>(Metric::kIp) == LANNER_IP && static_cast<int>(Metric::kSnr) == LANNER_SNR &&
              static_cast<int>(Metric::kSnrItem) == LANNER_SNR_ITEM &&
              static_cast<int>(Metric::kHamming) == LANNER_HAMMING &&
              static_cast<int>(Metric::kJaccard) == LANNER_JACCARD && lanner::kMetricCount == LANNER_JACCARD + 1);
static_assert(static_cast<int>(ElementType::kFloat32) == LANNER_FLOAT32 &&
              static_cast<int>(ElementType::kFloat16) == LANNER_FLOAT16 &&
              static_cast<int>(ElementType::kBFloat16) == LANNER_BFLOAT16 &&
              static_cast<int>(ElementType::kInt8) == LANNER_INT8 &&
              static_cast<int>(ElementType::kUInt8) == LANNER_UINT8 &&
              static_cast<int>(ElementType::kBits) == LANNER_BITS && lanner::kElementTypeCount == LANNER_BITS + 1);

static_assert(static_cast<int>(lanner::Keep::kAsGiven) == LANNER_KEEP_AS_GIVEN &&
              static_cast<int>(lanner::Keep::kFloat16) == LANNER_KEEP_FLOAT16 &&
              static_cast<int>(lanner::Keep::kNothing) == LANNER_KEEP_NOTHING);

thread_local std::string last_error;

struct CodecNumber {
    std::int32_t number;
    lanner::CodecKind codec;
};
constexpr CodecNumber kCodecs[] = {
    {LANNER_CODEC_AUTO, lanner::CodecKind::kAuto},     {LANNER_CODEC_NONE, lanner::CodecKind::kNone},
    {LANNER_CODEC_SQ8, lanner::CodecKind::kSQ8},       {LANNER_CODEC_SQ4, lanner::CodecKind::kSQ4},
    {LANNER_CODEC_PQ, lanner::CodecKind::kPQ},         {LANNER_CODEC_OPQ, lanner::CodecKind::kOPQ},
    {LANNER_CODEC_BINARY, lanner::CodecKind::kBinary},
};

lanner::CodecKind read_codec(std::int32_t number) {
    for (const CodecNumber& each : kCodecs) {
        if (each.number == number) return each.codec;
    }
    refuse("codec must be a lanner_codec, got " + std::to_string(number));
}

std::int32_t codec_of(lanner::CodecKind codec) noexcept {
    for (const CodecNumber& each : kCodecs) {
        if (each.codec == codec) return each.number;
    }
    return LANNER_CODEC_AUTO;
}

lanner::Keep read_keep(std::int32_t keep) {
    if (keep < LANNER_KEEP_AS_GIVEN || keep > LANNER_KEEP_NOTHING)
        refuse("keep must be a lanner_keep, got " + std::to_string(keep));
    return static_cast<lanner::Keep>(keep);
}

Metric read_metric(std::int32_t metric) {
    if (metric < 0 || metric >= lanner::kMetricCount) {
        refuse("metric must be a lanner_metric, got " + std::to_string(metric));
    }
    return static_cast<Metric>(metric);
}

ElementType read_type(std::int32_t type) {
    if (type < 0 || type >= lanner::kElementTypeCount) {
        refuse("type must be a lanner_type, got " + std::to_string(type));
    }
    return static_cast<ElementType>(type);
}

bool read_flag(std::int32_t flag, const char* name) {
    if (flag != 0 && flag != 1) {
        refuse(std::string(name) + " must be 0 or 1, got " + std::to_string(flag));
    }
    return flag == 1;
}

// Filters of several handles, side by side; one alone stays where it is.
struct SearchRequest {
    lanner::SearchOptions options;
    std::vector<lanner::Filter> filters;
};

SearchRequest read_search_options(const lanner_search_options* given) {
    const lanner_search_options options = read_options(given);
    SearchRequest read;
    read.options.ef = options.ef;
    read.options.exact = read_flag(options.exact, "options.exact");
    read.options.threads = options.threads;
    read.options.recall = options.recall;
    require_array(options.filters, options.filter_count, "options.filters");
    for (std::size_t i = 0; i < options.filter_count; ++i) {
        require(options.filters[i], "options.filters[i]");
        if (options.filter_count == 1) {
            read.options.filters = std::span(&options.filters[0]->filter, 1);
        } else {
            read.filters.push_back(options.filters[i]->filter);
        }
    }
    if (options.filter_count > 1) {
        read.options.filters = read.filters;
    }
    return read;
}

}  // namespace

namespace lanner::c_api {

void remember(const char* message) noexcept {
    try {
        last_error = message;
    } catch (...) {
        last_error.clear();  // no room for the words; the status still tells
    }
}

lanner_status status_of(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::kInvalidArgument:
            return LANNER_INVALID_ARGUMENT;
        case ErrorKind::kWrongType:
            return LANNER_WRONG_TYPE;
        case ErrorKind::kNotFound:
            return LANNER_NOT_FOUND;
        case ErrorKind::kReadOnly:
            return LANNER_READ_ONLY;
        case ErrorKind::kStorage:
            return LANNER_STORAGE;
        case ErrorKind::kFileFormat:
            return LANNER_FILE_FORMAT;
    }
    return LANNER_INTERNAL;
}

Vectors read_vectors(const void* data, std::int32_t type, std::size_t count, const char* name) {
    require_array(data, count, name);
    return {data, count, read_type(type)};
}

void require_int_ids(const Index& index) {
    if (index.id_kind() == IdKind::kString) {
        throw Error(ErrorKind::kWrongType, "the index has string ids, the C interface takes int64 ids");
    }
}

}  // namespace lanner::c_api

const char* lanner_version(void) noexcept { return LANNER_VERSION; }

const char* lanner_isa(void) noexcept {
    const char* name = nullptr;
    guarded([&] {
        static const std::string active = lanner::active_isa();
        name = active.c_str();
    });
    return name;
}

const char* lanner_last_error(void) noexcept { return last_error.c_str(); }

lanner_status lanner_create(const lanner_index_options* options, lanner_index** out) noexcept {
    return guarded([&] {
        require(out, "out");
        *out = nullptr;
        require(options, "options");
        const lanner_index_options given = read_options(options);
        lanner::IndexOptions wanted;
        wanted.dim = given.dim;
        wanted.metric = read_metric(given.metric);
        wanted.type = read_type(given.type);
        wanted.graph = !read_flag(given.exact, "options.exact");
        wanted.M = given.M != 0 ? given.M : wanted.M;
        wanted.ef_construction = given.ef_construction != 0 ? given.ef_construction : wanted.ef_construction;
        wanted.seed = given.seed;
        wanted.codec = read_codec(given.codec);
        wanted.keep = read_keep(given.keep);
        wanted.codec_parts = given.codec_parts;
        wanted.codec_bits = given.codec_bits;
        *out = new lanner_index{lanner::Index(wanted)};
    });
}

lanner_status lanner_open(const char* path, unsigned flags, lanner_index** out) noexcept {
    return guarded([&] {
        require(out, "out");
        *out = nullptr;
        require(path, "path");
        if ((flags & ~(LANNER_OPEN_WRITABLE | LANNER_OPEN_VERIFY)) != 0) {
            refuse("flags has unknown bits, got " + std::to_string(flags));
        }
        lanner::OpenOptions options;
        options.writable = (flags & LANNER_OPEN_WRITABLE) != 0;
        options.verify = (flags & LANNER_OPEN_VERIFY) != 0;
        *out = new lanner_index{lanner::Index::open(path, options)};
    });
}

void lanner_destroy(lanner_index* index) noexcept { delete index; }

lanner_status lanner_save(const lanner_index* index, const char* path) noexcept {
    return guarded([&] {
        require(index, "index");
        require(path, "path");
        index->index.save(path);
    });
}

lanner_status lanner_verify(const char* path) noexcept {
    return guarded([&] {
        require(path, "path");
        lanner::verify_file(path);
    });
}

lanner_status lanner_add(lanner_index* index, const void* vectors, int32_t type, size_t count, const int64_t* ids,
                         size_t threads, int64_t* out_ids) noexcept {
    return lanner_add_items(index, vectors, type, count, ids, nullptr, 0, threads, out_ids);
}

lanner_status lanner_upsert(lanner_index* index, const void* vectors, int32_t type, size_t count, const int64_t* ids,
                            size_t threads) noexcept {
    return lanner_upsert_items(index, vectors, type, count, ids, nullptr, 0, threads);
}

lanner_status lanner_remove(lanner_index* index, const int64_t* ids, size_t count, size_t threads) noexcept {
    return guarded([&] {
        require(index, "index");
        require_array(ids, count, "ids");
        require_int_ids(index->index);
        lanner::WriteOptions options;
        options.threads = threads;
        index->index.remove(std::span(ids, count), options);
    });
}

lanner_status lanner_get(const lanner_index* index, const int64_t* ids, size_t count, void* out,
                         size_t out_bytes) noexcept {
    return guarded([&] {
        require(index, "index");
        require_array(ids, count, "ids");
        require_array(out, count, "out");
        require_int_ids(index->index);
        if (out_bytes / index->index.row_bytes() < count) {
            refuse("out has room for " + std::to_string(out_bytes) + " bytes, " + std::to_string(count) +
                   " rows take " + std::to_string(index->index.row_bytes()) + " each");
        }
        index->index.get(std::span(ids, count), out);
    });
}

lanner_status lanner_contains(const lanner_index* index, int64_t id, int* out) noexcept {
    return guarded([&] {
        require(index, "index");
        require(out, "out");
        require_int_ids(index->index);
        *out = index->index.contains(id) ? 1 : 0;
    });
}

lanner_status lanner_size(const lanner_index* index, size_t* out) noexcept {
    return guarded([&] {
        require(index, "index");
        require(out, "out");
        *out = index->index.size();
    });
}

lanner_status lanner_row_bytes(const lanner_index* index, size_t* out) noexcept {
    return guarded([&] {
        require(index, "index");
        require(out, "out");
        *out = index->index.row_bytes();
    });
}

lanner_status lanner_describe(const lanner_index* index, lanner_index_options* options) noexcept {
    return guarded([&] {
        require(index, "index");
        require(options, "options");
        const std::size_t room = read_options(options).struct_size;
        const lanner::IndexOptions& made = index->index.options();
        lanner_index_options answer{};
        answer.struct_size = room;
        answer.dim = made.dim;
        answer.metric = static_cast<std::int32_t>(made.metric);
        answer.type = static_cast<std::int32_t>(made.type);
        answer.exact = made.graph ? 0 : 1;
        answer.M = made.M;
        answer.ef_construction = made.ef_construction;
        answer.seed = made.seed;
        answer.codec = codec_of(made.codec);
        answer.codec_parts = made.codec_parts;
        answer.codec_bits = made.codec_bits;
        answer.keep = static_cast<std::int32_t>(made.keep);
        std::memcpy(options, &answer, std::min(room, sizeof(answer)));
    });
}

lanner_status lanner_search(const lanner_index* index, const void* queries, int32_t type, size_t count, size_t k,
                            const lanner_search_options* options, int64_t* ids, float* distances,
                            int64_t* counts) noexcept {
    return guarded([&] {
        require(index, "index");
        const lanner::Vectors rows = read_vectors(queries, type, count, "queries");
        require_array(ids, count, "ids");
        require_array(distances, count, "distances");
        require_int_ids(index->index);
        SearchRequest wanted = read_search_options(options);
        wanted.options.k = k;
        std::vector<std::int64_t> unasked;
        if (counts == nullptr) {
            unasked.resize(count);
        }
        lanner::HitBuffers out;
        out.ids = ids;
        out.distances = distances;
        out.counts = counts != nullptr ? counts : unasked.data();
        if (wanted.options.filters.size() <= 1 || count == 0) {
            index->index.search(rows, wanted.options, out);
            return;
        }
        // A filter may turn out to be malformed when queries before it have their hits.
        if (k > std::numeric_limits<std::size_t>::max() / 2 / sizeof(std::int64_t) / count) {
            throw std::bad_alloc();
        }
        std::vector<std::int64_t> found(count * k);
        std::vector<float> away(count * k);
        std::vector<std::int64_t> numbers(count);
        index->index.search(rows, wanted.options, {found.data(), nullptr, away.data(), numbers.data()});
        std::ranges::copy(found, ids);
        std::ranges::copy(away, distances);
        std::ranges::copy(numbers, out.counts);
    });
}

lanner_status lanner_search_radius(const lanner_index* index, const void* queries, int32_t type, size_t count,
                                   float radius, const lanner_search_options* options, lanner_hits** out) noexcept {
    return guarded([&] {
        require(out, "out");
        *out = nullptr;
        require(index, "index");
        const lanner::Vectors rows = read_vectors(queries, type, count, "queries");
        require_int_ids(index->index);
        const SearchRequest wanted = read_search_options(options);
        lanner::RadiusHits found = index->index.search_radius(rows, radius, wanted.options);
        *out = new lanner_hits{std::get<std::vector<std::int64_t>>(std::move(found.ids)), std::move(found.distances),
                               std::move(found.offsets)};
    });
}

const int64_t* lanner_hits_offsets(const lanner_hits* hits) noexcept { return hits->offsets.data(); }
const int64_t* lanner_hits_ids(const lanner_hits* hits) noexcept { return hits->ids.data(); }
const float* lanner_hits_distances(const lanner_hits* hits) noexcept { return hits->distances.data(); }
void lanner_hits_destroy(lanner_hits* hits) noexcept { delete hits; }
