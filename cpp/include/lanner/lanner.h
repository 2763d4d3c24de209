/*
 * The C interface of lanner: vectors under int64 ids, found again by nearness.
 *
 * Handles are opaque. Every call that can fail returns a lanner_status; lanner_last_error() has the message. A call that
 * fails leaves the index, and what it would have written, as they were, and no exception ever crosses this boundary.
 *
 * Threads: any number of searches and other calls that take a const lanner_index may run beside one another and beside
 * one change; changes exclude each other. Destroying excludes everything.
 *
 * Structures of options begin with their own size, and zero in any other field asks for the default, so a program
 * compiled against an older header goes on working:
 *
 *     lanner_index_options options = {sizeof options};
 *     options.dim = 384;
 *
 * Indexes with string ids can be opened, saved, counted and described here; what names an id refuses them.
 */
#ifndef LANNER_LANNER_H
#define LANNER_LANNER_H

#include <stddef.h>
#include <stdint.h>

#if defined(LANNER_C_STATIC)
#define LANNER_API
#elif defined(_WIN32) && defined(LANNER_C_BUILD)
#define LANNER_API __declspec(dllexport)
#elif defined(_WIN32)
#define LANNER_API __declspec(dllimport)
#else
#define LANNER_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
#define LANNER_NOEXCEPT noexcept
extern "C" {
#else
#define LANNER_NOEXCEPT
#endif

typedef struct lanner_index lanner_index;
typedef struct lanner_hits lanner_hits;
typedef struct lanner_filter lanner_filter;
typedef struct lanner_table lanner_table;
typedef struct lanner_ids lanner_ids;

typedef enum lanner_status {
    LANNER_OK = 0,
    LANNER_INVALID_ARGUMENT = 1, /* a value out of range, a null pointer, NaN, an id that exists already */
    LANNER_WRONG_TYPE = 2,       /* the wrong kind of data altogether */
    LANNER_NOT_FOUND = 3,        /* an id that is not in the index */
    LANNER_READ_ONLY = 4,        /* a change asked of an index opened read-only */
    LANNER_STORAGE = 5,          /* the operating system refused to read or write */
    LANNER_FILE_FORMAT = 6,      /* bytes that are not a sound lanner file */
    LANNER_OUT_OF_MEMORY = 7,
    LANNER_INTERNAL = 8 /* anything else: a defect of the library */
} lanner_status;

/* Smaller is always nearer. q is the query, x the stored item. */
typedef enum lanner_metric {
    LANNER_L2 = 0,       /* sum (q-x)^2 */
    LANNER_COSINE = 1,   /* 1 - <q,x> / (|q| |x|) */
    LANNER_IP = 2,       /* -<q,x> */
    LANNER_SNR = 3,      /* var(q-x) / var(q) */
    LANNER_SNR_ITEM = 4, /* var(q-x) / var(x) */
    LANNER_HAMMING = 5,  /* differing bits */
    LANNER_JACCARD = 6   /* 1 - |q & x| / |q | x| */
} lanner_metric;

typedef enum lanner_type {
    LANNER_FLOAT32 = 0,
    LANNER_FLOAT16 = 1,
    LANNER_BFLOAT16 = 2,
    LANNER_INT8 = 3,
    LANNER_UINT8 = 4,
    LANNER_BITS = 5 /* packed, least significant bit first; dim counts bits */
} lanner_type;

/* What searches look at first, in place of the vectors. */
typedef enum lanner_codec {
    LANNER_CODEC_AUTO = 0,  /* chosen by dimension and type; none where there is no graph, if vectors are kept */
    LANNER_CODEC_NONE = 1,  /* the vectors themselves */
    LANNER_CODEC_SQ8 = 2,   /* codes of 8 bits a feature */
    LANNER_CODEC_SQ4 = 3,   /* codes of 4 bits a feature */
    LANNER_CODEC_PQ = 4,    /* product codes: codec_parts parts of codec_bits bits */
    LANNER_CODEC_OPQ = 5,   /* the same after a learnt rotation */
    LANNER_CODEC_BINARY = 6 /* codec_bits bits a feature */
} lanner_codec;

/* What is kept of the vectors beside the codes of a codec. */
typedef enum lanner_keep {
    LANNER_KEEP_AS_GIVEN = 0,
    LANNER_KEEP_FLOAT16 = 1, /* rounded; for LANNER_FLOAT32 alone */
    LANNER_KEEP_NOTHING = 2  /* distances are estimates, and vectors come back decoded */
} lanner_keep;

typedef struct lanner_index_options {
    size_t struct_size;       /* sizeof(lanner_index_options) */
    size_t dim;               /* features of a vector; required */
    int32_t metric;           /* a lanner_metric; 0 is LANNER_L2 */
    int32_t type;             /* a lanner_type; 0 is LANNER_FLOAT32 */
    int32_t exact;            /* 1: no graph, every search scans all rows */
    uint32_t M;               /* neighbours a node of the graph; default 16 */
    uint32_t ef_construction; /* candidates kept while a node's neighbours are sought; default 128 */
    uint64_t seed;
    int32_t codec;        /* a lanner_codec; 0 is LANNER_CODEC_AUTO, and lanner_describe tells which was chosen */
    uint32_t codec_parts; /* PQ and OPQ: a divisor of dim */
    uint32_t codec_bits;  /* PQ and OPQ: 4 or 8, default 8; binary: 1 to 4, default 1 */
    int32_t keep;         /* a lanner_keep; 0 is LANNER_KEEP_AS_GIVEN. Not with LANNER_CODEC_NONE, nor with bits */
} lanner_index_options;

typedef struct lanner_search_options {
    size_t struct_size; /* sizeof(lanner_search_options) */
    size_t ef;          /* candidates kept during the walk; default: as many as `recall` takes */
    size_t threads;     /* default: every processor that this process may use */
    int32_t exact;      /* 1: scan every row even where there is a graph */
    double recall;      /* the share of true neighbours to find, at most 1; default 0.95. Not with ef or exact */
    const lanner_filter* const* filters; /* every hit satisfies the filter of its query */
    size_t filter_count;                 /* 0, 1 for all queries, or one a query */
} lanner_search_options;

typedef enum lanner_column_type {
    LANNER_COLUMN_INT64 = 0,
    LANNER_COLUMN_FLOAT64 = 1,
    LANNER_COLUMN_BOOL = 2,
    LANNER_COLUMN_TIMESTAMP = 3, /* microseconds since 1970-01-01 UTC */
    LANNER_COLUMN_STRING = 4,
    LANNER_COLUMN_STRING_LIST = 5,
    LANNER_COLUMN_INT64_LIST = 6
} lanner_column_type;

/*
 * A column of attributes, a value a row. Its layout stays as it is. An element is a value of a row or, of a list column,
 * of a row's list.
 */
typedef struct lanner_column {
    const char* name;            /* UTF-8, ended by a zero */
    int32_t type;                /* a lanner_column_type */
    const uint8_t* valid;        /* a byte a row, 0 where there is no value; null: every row has one */
    const void* values;          /* elements that are no strings: int64, double, or a byte a bool */
    const int64_t* row_offsets;  /* lists: row i has the elements row_offsets[i] .. row_offsets[i + 1] */
    const char* text;            /* strings, UTF-8: element i is text[text_offsets[i] .. text_offsets[i + 1]] */
    const int64_t* text_offsets; /* one more than there are elements */
} lanner_column;

typedef enum lanner_value_kind {
    LANNER_VALUE_INT64 = 0,
    LANNER_VALUE_FLOAT64 = 1,
    LANNER_VALUE_BOOL = 2,      /* in `integer`, 0 or 1 */
    LANNER_VALUE_TIMESTAMP = 3, /* in `integer`, microseconds since 1970-01-01 UTC */
    LANNER_VALUE_STRING = 4
} lanner_value_kind;

/* What a column is compared with. Integers and floats compare by value with columns of either. Its layout stays as it is. */
typedef struct lanner_value {
    int32_t kind; /* a lanner_value_kind, which says what below counts */
    int64_t integer;
    double real;
    const char* text; /* UTF-8, need not end with a zero */
    size_t text_bytes;
} lanner_value;

/* A null satisfies no comparison; LANNER_NOT holds for every item that its operand does not hold for. */
typedef enum lanner_filter_op {
    LANNER_AND = 0,   /* all operands; of none: every item */
    LANNER_OR = 1,    /* any operand; of none: no item */
    LANNER_NOT = 2,   /* not the one operand */
    LANNER_EQUAL = 3, /* a column and one value, as for the five below */
    LANNER_NOT_EQUAL = 4,
    LANNER_LESS = 5,
    LANNER_LESS_EQUAL = 6,
    LANNER_GREATER = 7,
    LANNER_GREATER_EQUAL = 8,
    LANNER_BETWEEN = 9,       /* two values, both inside */
    LANNER_IN = 10,           /* any number of values */
    LANNER_CONTAINS = 11,     /* a list column has the one value among its elements */
    LANNER_CONTAINS_ANY = 12, /* any of the values */
    LANNER_CONTAINS_ALL = 13, /* all of the values */
    LANNER_STARTS_WITH = 14,  /* a string column, one string */
    LANNER_IS_NULL = 15       /* no value */
} lanner_filter_op;

/* For lanner_open, to be or-ed together. */
#define LANNER_OPEN_WRITABLE 1u /* changes go to a private copy in memory and reach a file by lanner_save alone */
#define LANNER_OPEN_VERIFY 2u   /* read the whole file and check every checksum and invariant */

/* "0.1.0". */
LANNER_API const char* lanner_version(void) LANNER_NOEXCEPT;

/* The instruction set in use, "avx2" say; null when LANNER_ISA asks for one that this machine lacks. */
LANNER_API const char* lanner_isa(void) LANNER_NOEXCEPT;

/* What the last call of this thread that failed said; "" before any did. Valid until the next failure in this thread. */
LANNER_API const char* lanner_last_error(void) LANNER_NOEXCEPT;

/* Both set *out to a new handle, which lanner_destroy gives back; on failure *out is null. */
LANNER_API lanner_status lanner_create(const lanner_index_options* options, lanner_index** out) LANNER_NOEXCEPT;
LANNER_API lanner_status lanner_open(const char* path, unsigned flags, lanner_index** out) LANNER_NOEXCEPT;

/* Null is allowed. */
LANNER_API void lanner_destroy(lanner_index* index) LANNER_NOEXCEPT;

/* Writes beside the target, then renames: a crash leaves the old file or the new one. */
LANNER_API lanner_status lanner_save(const lanner_index* index, const char* path) LANNER_NOEXCEPT;

/* Reads a whole file, of an index or of anything else that lanner saves, and checks every checksum and invariant. */
LANNER_API lanner_status lanner_verify(const char* path) LANNER_NOEXCEPT;

/*
 * Adds `count` rows, contiguous and of the given lanner_type: all of them or, on failure, none. `ids` holds an id a
 * row, none of them in the index yet; null asks for generated ones. `out_ids` receives the ids unless it is null.
 * `threads` 0: every processor that this process may use.
 */
LANNER_API lanner_status lanner_add(lanner_index* index, const void* vectors, int32_t type, size_t count,
                                    const int64_t* ids, size_t threads, int64_t* out_ids) LANNER_NOEXCEPT;

/* Likewise, but an id that exists gets the new vector. */
LANNER_API lanner_status lanner_upsert(lanner_index* index, const void* vectors, int32_t type, size_t count,
                                       const int64_t* ids, size_t threads) LANNER_NOEXCEPT;

/*
 * The same with attributes, `column_count` columns of a value for each of the rows: a column's first values make it, and
 * what a column lacks is null. An upsert without columns leaves an item's attributes as they were.
 */
LANNER_API lanner_status lanner_add_items(lanner_index* index, const void* vectors, int32_t type, size_t count,
                                          const int64_t* ids, const lanner_column* columns, size_t column_count,
                                          size_t threads, int64_t* out_ids) LANNER_NOEXCEPT;
LANNER_API lanner_status lanner_upsert_items(lanner_index* index, const void* vectors, int32_t type, size_t count,
                                             const int64_t* ids, const lanner_column* columns, size_t column_count,
                                             size_t threads) LANNER_NOEXCEPT;

/* Items get new values in the columns given; other columns and the vectors stay. All of the items or none. */
LANNER_API lanner_status lanner_update_attributes(lanner_index* index, const int64_t* ids, size_t count,
                                                  const lanner_column* columns, size_t column_count) LANNER_NOEXCEPT;

/*
 * Attributes of items, a row an id: the columns of these names, or all for no names. *out is given back with
 * lanner_table_destroy; on failure it is null.
 */
LANNER_API lanner_status lanner_attributes(const lanner_index* index, const int64_t* ids, size_t count,
                                           const char* const* names, size_t name_count,
                                           lanner_table** out) LANNER_NOEXCEPT;
/* The table must not be null. */
LANNER_API size_t lanner_table_columns(const lanner_table* table) LANNER_NOEXCEPT;
/* What *out points at lives as long as the table. */
LANNER_API lanner_status lanner_table_column(const lanner_table* table, size_t column,
                                             lanner_column* out) LANNER_NOEXCEPT;
/* Null is allowed. */
LANNER_API void lanner_table_destroy(lanner_table* table) LANNER_NOEXCEPT;

/*
 * A condition, to be given back with lanner_filter_destroy; on failure *out is null. Column, values and operands are
 * copied: which of them an operation wants is said at lanner_filter_op, the rest are null and 0. Columns are looked up
 * by what the filter is used for.
 *
 *     lanner_value year = {.kind = LANNER_VALUE_INT64, .integer = 2020};
 *     lanner_filter* recent = NULL;
 *     lanner_filter_create(LANNER_GREATER_EQUAL, "year", &year, 1, NULL, 0, &recent);
 */
LANNER_API lanner_status lanner_filter_create(int32_t op, const char* column, const lanner_value* values,
                                              size_t value_count, const lanner_filter* const* operands,
                                              size_t operand_count, lanner_filter** out) LANNER_NOEXCEPT;
/* Items of these ids; unknown ones match nothing. */
LANNER_API lanner_status lanner_filter_create_ids(const int64_t* ids, size_t count,
                                                  lanner_filter** out) LANNER_NOEXCEPT;
/* Items whose byte is not 0, in the order in which they were added; a byte for each item of the index. */
LANNER_API lanner_status lanner_filter_create_mask(const uint8_t* admitted, size_t items,
                                                   lanner_filter** out) LANNER_NOEXCEPT;
/* Null is allowed. */
LANNER_API void lanner_filter_destroy(lanner_filter* filter) LANNER_NOEXCEPT;

/* How many items satisfy the filter. */
LANNER_API lanner_status lanner_count(const lanner_index* index, const lanner_filter* filter,
                                      size_t* out) LANNER_NOEXCEPT;

/*
 * The ids of all items that satisfy the filter, in the order in which they were added; LANNER_AND of nothing lists every
 * item. *out is given back with lanner_ids_destroy; on failure it is null.
 */
LANNER_API lanner_status lanner_ids_where(const lanner_index* index, const lanner_filter* filter,
                                          lanner_ids** out) LANNER_NOEXCEPT;
/* The array lives as long as the handle, which must not be null; of no ids it may be null. */
LANNER_API size_t lanner_ids_count(const lanner_ids* ids) LANNER_NOEXCEPT;
LANNER_API const int64_t* lanner_ids_data(const lanner_ids* ids) LANNER_NOEXCEPT;
/* Null is allowed. */
LANNER_API void lanner_ids_destroy(lanner_ids* ids) LANNER_NOEXCEPT;

/* All of the ids or, when one is not there, none. */
LANNER_API lanner_status lanner_remove(lanner_index* index, const int64_t* ids, size_t count,
                                       size_t threads) LANNER_NOEXCEPT;

/*
 * All items that satisfy the filter, in one step: no other change comes in between. `removed`, unless null, receives
 * how many there were. Ids may be strings.
 */
LANNER_API lanner_status lanner_remove_where(lanner_index* index, const lanner_filter* filter, size_t threads,
                                             size_t* removed) LANNER_NOEXCEPT;

/* Copies the stored rows, lanner_row_bytes each, in the element type of the index. `out_bytes` is the room in `out`. */
LANNER_API lanner_status lanner_get(const lanner_index* index, const int64_t* ids, size_t count, void* out,
                                    size_t out_bytes) LANNER_NOEXCEPT;

/* *out becomes 1 or 0. */
LANNER_API lanner_status lanner_contains(const lanner_index* index, int64_t id, int* out) LANNER_NOEXCEPT;

LANNER_API lanner_status lanner_size(const lanner_index* index, size_t* out) LANNER_NOEXCEPT;
LANNER_API lanner_status lanner_row_bytes(const lanner_index* index, size_t* out) LANNER_NOEXCEPT;

/* Fills what options->struct_size covers with the choices the index was made with. */
LANNER_API lanner_status lanner_describe(const lanner_index* index, lanner_index_options* options) LANNER_NOEXCEPT;

/*
 * The k nearest of each of `count` queries, nearest first, ties by id. `ids` and `distances` have room for count * k;
 * places beyond the hits there are hold id -1 and distance infinity. `counts`, unless null, receives the number of hits
 * of each query. `options` may be null.
 */
LANNER_API lanner_status lanner_search(const lanner_index* index, const void* queries, int32_t type, size_t count,
                                       size_t k, const lanner_search_options* options, int64_t* ids, float* distances,
                                       int64_t* counts) LANNER_NOEXCEPT;

/* Everything within `radius`, inclusive. *out is given back with lanner_hits_destroy; on failure it is null. */
LANNER_API lanner_status lanner_search_radius(const lanner_index* index, const void* queries, int32_t type,
                                              size_t count, float radius, const lanner_search_options* options,
                                              lanner_hits** out) LANNER_NOEXCEPT;

/*
 * The hits of query i stand at offsets[i] .. offsets[i + 1] of the other two, nearest first; there are count + 1
 * offsets. The arrays live as long as the handle, which must not be null.
 */
LANNER_API const int64_t* lanner_hits_offsets(const lanner_hits* hits) LANNER_NOEXCEPT;
LANNER_API const int64_t* lanner_hits_ids(const lanner_hits* hits) LANNER_NOEXCEPT;
LANNER_API const float* lanner_hits_distances(const lanner_hits* hits) LANNER_NOEXCEPT;

/* Null is allowed. */
LANNER_API void lanner_hits_destroy(lanner_hits* hits) LANNER_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
