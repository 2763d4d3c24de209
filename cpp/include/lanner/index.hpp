// lanner::Index: vectors under ids, found again by nearness. The one façade of the core.
// Threads: any number of searches and other const calls may run beside one another and beside one change; changes
// exclude each other. A search sees every change that had returned before the search began; of a bulk add still running
// it may already see some rows.
// Every call that fails throws lanner::Error (std::bad_alloc when memory runs out) and leaves the index as it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lanner/attributes.hpp"
#include "lanner/error.hpp"
#include "lanner/filter.hpp"
#include "lanner/ids.hpp"
#include "lanner/plan.hpp"
#include "lanner/types.hpp"
#include "lanner/vectors.hpp"

namespace lanner {

// Codes that searches look at first, in place of the vectors. The values are part of the file format.
enum class CodecKind : std::uint8_t {
    kNone = 0,
    kSQ8 = 1,     // 8 bits a feature
    kSQ4 = 2,     // 4 bits a feature
    kPQ = 3,      // product codes: `codec_parts` parts of `codec_bits` bits
    kOPQ = 4,     // the same, after a learnt rotation
    kBinary = 5,  // `codec_bits` bits a feature, after a random rotation
    kAuto = 255,  // chosen by dimension, element type, graph and what is kept when an index is made; never in a file
};

// What is kept of the vectors beside their codes. The values are part of the file format.
enum class Keep : std::uint8_t {
    kAsGiven = 0,  // all, in the index's element type
    kFloat16 = 1,  // rounded to float16; for float32 alone
    kNothing = 2,  // the codes are all there is: distances are estimates, and vectors come back decoded
};

struct IndexOptions {
    std::size_t dim = 0;  // features; bits for ElementType::kBits
    Metric metric = Metric::kCosine;
    ElementType type = ElementType::kFloat32;
    bool graph = true;                    // false: every search is an exact scan
    std::uint32_t M = 16;                 // neighbours a node, twice as many on the ground layer; 2 to 512
    std::uint32_t ef_construction = 128;  // candidates kept while a node's neighbours are sought
    std::uint64_t seed = 0;
    CodecKind codec = CodecKind::kAuto;
    Keep keep = Keep::kAsGiven;
    std::optional<Schema> schema = std::nullopt;  // columns of attributes; not given: those of the tables that come
    std::uint32_t codec_parts = 0;                // PQ, OPQ: what dim is cut into, and a divisor of it; else 0
    std::uint32_t codec_bits = 0;  // PQ, OPQ: 4 or 8 a part, 0 for 8; Binary: 1 to 4 a feature, 0 for 1; else 0
    bool measure_codec = false;    // see Index::codec_recall()
};

// Of a codec and its parameters: "SQ8", "SQ4", "PQ48x8", "OPQ48x4", "Binary1"; "none", "auto". The second reads what the first
// writes, and "PQ48" for 8 bits and "Binary" for 1; throws Error(kInvalidArgument) for others.
std::string codec_name(const IndexOptions& options);
void set_codec(IndexOptions& options, std::string_view name);
// A codec, and what is kept of the vectors beside it, that take at most so many bytes a vector; links of a graph, ids and
// attributes not counted. Where vectors fit, they are kept, as float16 if need be, beside the codec that such an index has by default if
// that fits; otherwise the largest codes that fit are all there is.
// Throws Error(kInvalidArgument) naming the least budget there is.
void fit_budget(IndexOptions& options, std::size_t bytes);
// What vectors and codes take.
std::size_t bytes_a_vector(const IndexOptions& options);

// Called on the calling thread, some 20 times a second and at the end. What it throws stops the work.
using Progress = std::function<void(std::size_t done, std::size_t total)>;

struct WriteOptions {
    std::size_t threads = 0;  // 0: default_threads()
    Progress progress = nullptr;
};

struct SearchOptions {
    std::size_t k = 10;
    std::size_t ef = 0;  // candidates kept during a walk; 0: as many as `recall` takes; never below k
    bool exact = false;  // scan every row even where there is a graph or a codec
    std::size_t threads = 0;
    // Called on the calling thread some 20 times a second while many queries are answered; what it throws stops them.
    std::function<void()> poll = nullptr;
    // Candidates of a search over codes that are looked at once more with the vectors kept: never fewer than k, save 0,
    // for none, when distances are estimates. Not given: a number with which recall loses next to nothing to the codes.
    std::optional<std::size_t> rerank = std::nullopt;
    // The share of the true neighbours that a search is to find, in (0, 1], 1 by comparing with every row; 0 for 0.95. By
    // what was measured on the index's own rows. Not with ef, rerank or exact, which say themselves how hard to try.
    double recall = 0;
    // Hits satisfy the filter at the time of their query: none, one for all queries, or one a query. Borrowed.
    std::span<const Filter> filters = {};
};

// The attributes of hits, read in the instant in which those of a query are found: they satisfy its filter.
struct HitColumns {
    std::vector<std::string> names;  // none: all columns
    // By query; a row a hit.
    std::vector<OwnedTable> queries;
};

// Where a search writes: count * k places each, counts one a query. Ids go to `ids` or, for string ids, to `strings`.
// Places beyond the number of hits hold id -1 or an untouched string, and distance infinity.
struct HitBuffers {
    std::int64_t* ids = nullptr;
    std::string* strings = nullptr;
    float* distances = nullptr;
    std::int64_t* counts = nullptr;
    HitColumns* columns = nullptr;  // where they are wanted
};

// Hits of query i stand at offsets[i] .. offsets[i + 1], nearest first.
struct RadiusHits {
    OwnedIds ids;
    std::vector<float> distances;
    std::vector<std::int64_t> offsets;
    std::vector<OwnedColumn> columns;  // where they are wanted; a row a hit
};

struct MemoryUse {
    std::size_t vectors = 0;
    std::size_t graph = 0;
    std::size_t ids = 0;
    std::size_t attributes = 0;
    std::size_t scratch = 0;
    std::size_t total() const noexcept { return vectors + graph + ids + attributes + scratch; }
};

// What validate() counted.
struct GraphFigures {
    std::size_t nodes = 0;
    std::size_t reachable = 0;  // from the entry point, on the ground layer
    std::size_t levels = 0;     // layers above the ground
    std::size_t edges = 0;      // on the ground layer
};

struct SearchStats {
    std::uint64_t queries = 0;
    std::uint64_t distances = 0;
    std::uint64_t hops = 0;
};

// When a change of a durable index is on the disk.
enum class Sync : std::uint8_t {
    kAlways,  // before its call returns: it outlives a failure of power
    kBatch,   // within 50 ms, many with one write: it outlives the process, and a failure of power if older than that
};

struct OpenOptions {
    bool writable = false;  // true: changes go to a private copy in memory and reach a file by save() alone
    bool verify = false;    // true: read everything, check every checksum and invariant
    bool preload = false;   // true: read the whole file into memory first, so that no search waits for the disk
    // Changes outlive the process: each is written to a journal beside the file before its call returns, and replayed when
    // the file is opened so again. Implies `writable`; refused where another process, or this one, has the file open so.
    bool durable = false;
    Sync sync = Sync::kAlways;
    std::uint64_t journal_bytes =
        0;                        // the file is written anew once the journal is longer; 0: 64 MiB, or as the file is
    Progress progress = nullptr;  // of the replay, in bytes
};

// Of the journal of a durable index.
struct DurableState {
    std::string path;
    std::uint64_t bytes = 0;
    std::uint64_t changes = 0;      // that are in no file yet
    std::uint64_t replayed = 0;     // when the index was opened
    std::uint64_t cut_bytes = 0;    // of a change that had not returned when its process ended
    std::uint64_t checkpoints = 0;  // since then: the file was written anew
    std::string failure;            // of the latest try to sync or to write the file anew; empty: none
};

class Index {
  public:
    explicit Index(const IndexOptions& options);
    ~Index();
    Index(Index&&) noexcept;
    Index& operator=(Index&&) noexcept;

    static Index open(const std::string& path, const OpenOptions& options = {});
    static Index from_bytes(std::span<const std::byte> bytes);
    // Of a durable index, to its own path: its journal begins anew.
    void save(const std::string& path) const;
    // Ends changes: those of a durable index are on the disk then, and another may open it. Searches go on.
    void close();
    std::optional<DurableState> durable() const;
    std::vector<std::byte> to_bytes() const;

    // Fits the codec to a sample of what is to come, of at least rows_to_fit().least. Without it, the first vectors that are
    // rows_to_fit().ample or more do; it comes before them.
    void fit(const Vectors& sample, const WriteOptions& options = {});
    // Zeros where there is nothing to fit, or no more.
    struct RowsToFit {
        std::size_t least = 0;
        std::size_t ample = 0;
    };
    RowsToFit rows_to_fit() const;
    // With `measure_codec`: the share of the 10 nearest that codes alone find among rows of the sample that they were fitted to,
    // once they are.
    std::optional<float> codec_recall() const;
    // Returns the ids of the rows, in order. With upsert, ids that exist get the new vector; without, they are refused.
    // Attributes are a row a vector; columns that a table lacks are null. With upsert and without a table, items keep the
    // attributes that they had.
    OwnedIds add(const Vectors& vectors, const Ids& ids = {}, const WriteOptions& options = {}, bool upsert = false,
                 const TableView* attributes = nullptr);
    void remove(const Ids& ids, const WriteOptions& options = {});
    // All items that satisfy the filter, which no other change comes in between to change; returns how many there were.
    std::size_t remove(const Filter& filter, const WriteOptions& options = {});
    // Columns of the table get new values in the items, a row an id; other columns stay, and so do vectors and graph.
    void update_attributes(const Ids& ids, const TableView& attributes);

    // Copies the stored rows, of row_bytes() each, in the index's own element type.
    void get(const Ids& ids, void* out) const;
    bool contains(std::int64_t id) const;
    bool contains(std::string_view id) const;
    // In the order in which they were added. An upsert keeps an item's place; a new one may take that of one that was removed.
    OwnedIds ids() const;
    // Of the items that satisfy the filter, in the same order.
    OwnedIds ids(const Filter& filter) const;

    // The columns of attributes, of a given schema or of the tables that came.
    Schema schema() const;
    // Whether the schema was given: tables with other columns are refused then.
    bool schema_given() const;
    // Columns by name, all of them for no names, a row an id.
    std::vector<OwnedColumn> attributes(const Ids& ids, std::span<const std::string> names = {}) const;

    void search(const Vectors& queries, const SearchOptions& options, const HitBuffers& out) const;
    // The neighbours of stored items, each without itself.
    void search_by_id(const Ids& ids, const SearchOptions& options, const HitBuffers& out) const;
    // Everything within `radius`, inclusive. With a graph, approximate like any search: `ef` widens the start.
    // With `names`, even none, which are all: columns of the hits' attributes too.
    RadiusHits search_radius(const Vectors& queries, float radius, const SearchOptions& options,
                             const std::vector<std::string>* names = nullptr) const;

    // How many items satisfy the filter.
    std::size_t count(const Filter& filter) const;
    // Answers one query, and tells how. `options.filters` is not looked at.
    Explanation explain(const Vectors& query, const Filter& filter, const SearchOptions& options) const;
    // Without a filter: whether the graph is walked or all rows are looked at.
    Explanation explain(const Vectors& query, const SearchOptions& options) const;

    // Proves every invariant: that marks, ids, free slots and attributes agree, that each row is what its codes and lengths
    // say, that the graph is sound, and that each item is reached from its entry point. Reads everything; keeps changes
    // out meanwhile. Throws Error(kFileFormat) naming the part that is not sound.
    GraphFigures validate() const;
    // Builds the index anew of the items it has, in the order of ids(): graph, codes, memory and file are then those
    // of an index that never held anything else. Takes the time of a build and, meanwhile, the memory of a second index
    // and its rows; searches go on. Without originals kept, codes are made of what the codes stand for.
    void compact(const WriteOptions& options = {});
    MemoryUse memory() const;
    SearchStats search_stats(bool reset) const;

    std::size_t size() const;
    const IndexOptions& options() const noexcept;
    IdKind id_kind() const;
    bool read_only() const noexcept;
    std::size_t row_bytes() const noexcept;

  private:
    class Impl;
    explicit Index(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

struct SectionInfo {
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint32_t crc32 = 0;
};

// What a file holds: an index, or what lanner's Python package saves beside: hashes, codes and tables of hashes, views of
// items, quantizers.
enum class FileKind : std::uint8_t { kIndex, kHash, kCodes, kHashTables, kViews, kQuantizer };

struct FileInfo {
    std::string version;
    FileKind kind = FileKind::kIndex;
    IndexOptions options;            // of an index
    std::size_t size = 0;            // of an index, of codes and of tables: items
    IdKind id_kind = IdKind::kNone;  // of an index
    std::uint64_t bytes = 0;
    std::vector<SectionInfo> sections;
};

// Reads the header and the table of contents, and checks both.
FileInfo file_info(const std::string& path);
// Reads the whole file, of whatever kind; throws Error(kFileFormat) naming the section that is not sound.
FileInfo verify_file(const std::string& path);

// The instruction set in use and all that this machine can run, best first.
std::string active_isa();
std::vector<std::string> available_isas();

// Threads used where a call names none: the processors this process may use, unless set.
std::size_t default_threads() noexcept;
void set_default_threads(std::size_t threads);

}  // namespace lanner
