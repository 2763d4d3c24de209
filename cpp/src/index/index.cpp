#include "lanner/index.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/thread_pool.hpp"
#include "index/impl.hpp"
#include "kernels/dispatch.hpp"

namespace lanner {
namespace {

constexpr std::uint32_t kMinM = 2;
constexpr std::uint32_t kMaxM = 512;
constexpr std::uint32_t kMaxEfConstruction = 1U << 20;

// Rates at equal recall, codes over vectors (bench/README.md): of float32, 0.9 with 8 bits on 32 features, 1.1 on 64, 1.7
// with 4 bits on 128 and 2.4 on 384. Vectors of bytes are no slower than codes of 4 bits save in many dimensions, and
// those codes take half as much again. Exact indexes stay so.
CodecKind chosen_codec(const IndexOptions& options) noexcept {
    constexpr std::size_t kLeastDim = 64;
    constexpr std::size_t kShortCodeDim = 128;
    if (options.keep != Keep::kAsGiven) return CodecKind::kNone;  // which is refused: who keeps less names a codec
    if (!options.graph || !is_float(options.type) || options.dim < kLeastDim) return CodecKind::kNone;
    return options.dim < kShortCodeDim ? CodecKind::kSQ8 : CodecKind::kSQ4;
}

// OPQ learns a rotation of dim x dim, in time of dim^3.
constexpr std::size_t kMostRotated = 4096;

// What everything else is measured by.
void check_space(const IndexOptions& options) {
    const auto refuse = [](const std::string& message) { throw Error(ErrorKind::kInvalidArgument, message); };
    const std::string type(element_name(options.type));
    const MetricTraits& metric = traits(options.metric);
    const bool bits = options.type == ElementType::kBits;
    if (bits != metric.on_bits) {
        refuse("metric '" + std::string(metric.name) + "' does not work on dtype '" + type + "'; " +
               (bits ? "bits take hamming and jaccard" : "hamming and jaccard work on bits"));
    }
    const std::size_t most = bits ? kMaxBits : kMaxDim;
    if (options.dim < 1 || options.dim > most) {
        refuse("dim must be between 1 and " + std::to_string(most) + " for dtype '" + type + "', got " +
               std::to_string(options.dim));
    }
}

// The parameters of a codec.
void check_codec(const IndexOptions& options) {
    const auto refuse = [](const std::string& message) { throw Error(ErrorKind::kInvalidArgument, message); };
    const std::uint32_t parts = options.codec_parts;
    const std::uint32_t bits = options.codec_bits;
    switch (options.codec) {
        case CodecKind::kPQ:
        case CodecKind::kOPQ:
            if (bits != 4 && bits != 8) refuse("codec PQ and OPQ take 4 or 8 bits a part, got " + std::to_string(bits));
            if (options.codec == CodecKind::kOPQ && options.dim > kMostRotated) {
                refuse("codec OPQ takes at most " + std::to_string(kMostRotated) + " dimensions, got " +
                       std::to_string(options.dim) + "; PQ takes more");
            }
            if (parts == 0 || options.dim % parts != 0) {
                refuse("codec PQ and OPQ take a number of parts that divides the dimension, " +
                       std::to_string(options.dim) + ", got " + std::to_string(parts));
            }
            return;
        case CodecKind::kBinary:
            if (bits < 1 || bits > 4) refuse("codec Binary takes 1 to 4 bits a feature, got " + std::to_string(bits));
            if (parts != 0) refuse("codec Binary has no parts, got " + std::to_string(parts));
            return;
        default:
            if (parts != 0 || bits != 0)
                refuse("codec " + codec_name(options) + " has neither parts nor bits to choose");
    }
}

IndexOptions checked(IndexOptions options) {
    const auto refuse = [](const std::string& message) { throw Error(ErrorKind::kInvalidArgument, message); };
    const std::string type(element_name(options.type));
    check_space(options);
    const bool bits = options.type == ElementType::kBits;
    if (options.M < kMinM || options.M > kMaxM) {
        refuse("M must be between " + std::to_string(kMinM) + " and " + std::to_string(kMaxM) + ", got " +
               std::to_string(options.M));
    }
    if (options.ef_construction < 1 || options.ef_construction > kMaxEfConstruction) {
        refuse("ef_construction must be between 1 and " + std::to_string(kMaxEfConstruction) + ", got " +
               std::to_string(options.ef_construction));
    }
    if (options.codec == CodecKind::kAuto) options.codec = chosen_codec(options);
    if (options.codec != CodecKind::kNone && bits)
        refuse("codec must be none for dtype 'bits', which are codes already");
    check_codec(options);
    if (options.keep != Keep::kAsGiven && options.codec == CodecKind::kNone)
        refuse("keep goes with a codec: without one the vectors are all there is");
    if (options.keep == Keep::kFloat16 && options.type != ElementType::kFloat32)
        refuse("keep must be '" + type + "' or nothing for dtype '" + type + "', got 'float16'");
    return options;
}

}  // namespace

std::string codec_name(const IndexOptions& options) {
    const std::string bits = std::to_string(options.codec_bits);
    switch (options.codec) {
        case CodecKind::kNone:
            return "none";
        case CodecKind::kSQ8:
            return "SQ8";
        case CodecKind::kSQ4:
            return "SQ4";
        case CodecKind::kPQ:
            return "PQ" + std::to_string(options.codec_parts) + "x" + bits;
        case CodecKind::kOPQ:
            return "OPQ" + std::to_string(options.codec_parts) + "x" + bits;
        case CodecKind::kBinary:
            return "Binary" + bits;
        default:
            return "auto";
    }
}

void set_codec(IndexOptions& given_options, std::string_view name) {
    IndexOptions options = given_options;
    const auto take = [&](std::string_view word) {
        if (!name.starts_with(word)) return false;
        name.remove_prefix(word.size());
        return true;
    };
    const std::string given(name);
    const auto number = [&](std::uint32_t& out) {
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), out);
        const bool read = error == std::errc() && out > 0;
        if (read) name.remove_prefix(static_cast<std::size_t>(end - name.data()));
        return read;
    };
    options.codec_parts = options.codec_bits = 0;
    bool known = true;
    if (take("none")) {
        options.codec = CodecKind::kNone;
    } else if (take("auto")) {
        options.codec = CodecKind::kAuto;
    } else if (take("SQ8")) {
        options.codec = CodecKind::kSQ8;
    } else if (take("SQ4")) {
        options.codec = CodecKind::kSQ4;
    } else if (take("Binary")) {
        options.codec = CodecKind::kBinary;
        options.codec_bits = 1;
        known = name.empty() || number(options.codec_bits);
    } else if (const bool rotated = take("OPQ"); rotated || take("PQ")) {
        options.codec = rotated ? CodecKind::kOPQ : CodecKind::kPQ;
        options.codec_bits = 8;
        known = number(options.codec_parts) && (name.empty() || (take("x") && number(options.codec_bits)));
    } else {
        known = false;
    }
    if (!known || !name.empty()) {
        throw Error(
            ErrorKind::kInvalidArgument,
            "codec must be auto, SQ8, SQ4, PQ<parts>x<bits>, OPQ<parts>x<bits> or Binary<bits>, got '" + given + "'");
    }
    given_options = std::move(options);
}

std::size_t bytes_a_vector(const IndexOptions& options) {
    check_space(options);
    return VectorStore(options, active_kernels()).bytes_a_row();
}

void fit_budget(IndexOptions& options, std::size_t bytes) {
    if (options.type == ElementType::kBits)
        throw Error(ErrorKind::kInvalidArgument, "memory_budget is for vectors of numbers, and dtype 'bits' has none");
    check_space(options);
    std::size_t least = std::numeric_limits<std::size_t>::max();
    std::size_t most = 0;
    IndexOptions best = options;
    const auto look = [&](Keep keep, CodecKind codec, std::size_t parts = 0, std::uint32_t bits = 0) {
        IndexOptions choice = options;
        choice.keep = keep;
        choice.codec = codec;
        choice.codec_parts = static_cast<std::uint32_t>(parts);
        choice.codec_bits = bits;
        choice.measure_codec = codec != CodecKind::kNone;
        const std::size_t taken = bytes_a_vector(choice);
        least = std::min(least, taken);
        if (taken > bytes || taken <= most) return;
        most = taken;
        best = choice;
    };
    // With vectors kept: the codec that such an index has by default, the vectors alone, and float16 beside codes; the first that
    // fits.
    IndexOptions plain = options;
    plain.codec = CodecKind::kAuto;
    plain.keep = Keep::kAsGiven;
    const CodecKind usual = chosen_codec(plain);
    const bool halves = options.type == ElementType::kFloat32;
    const struct {
        Keep keep;
        CodecKind codec;
        bool serves;
    } kept[] = {
        {Keep::kAsGiven, usual, true},
        {Keep::kAsGiven, CodecKind::kSQ4, usual != CodecKind::kNone},
        {Keep::kAsGiven, CodecKind::kNone, true},
        {Keep::kFloat16, CodecKind::kSQ4, halves && usual != CodecKind::kNone},
        {Keep::kFloat16, CodecKind::kSQ8, halves && usual == CodecKind::kNone},
    };
    for (const auto& each : kept) {
        if (each.serves && most == 0) look(each.keep, each.codec);
    }
    // Codes alone: the largest that fit. Of equal size, scalar codes find more than product codes, and those more than binary
    // ones (bench/README.md); and the larger of any two finds more.
    if (most == 0) {
        look(Keep::kNothing, CodecKind::kSQ8);
        look(Keep::kNothing, CodecKind::kSQ4);
        const CodecKind product = options.dim <= kMostRotated ? CodecKind::kOPQ : CodecKind::kPQ;
        for (std::size_t parts = options.dim / 2; parts > 0; --parts) {
            if (options.dim % parts == 0) look(Keep::kNothing, product, parts, 4);
        }
        for (std::uint32_t bits = 4; bits > 0; --bits) look(Keep::kNothing, CodecKind::kBinary, 0, bits);
    }
    if (most > 0) {
        options = best;
        return;
    }
    throw Error(ErrorKind::kInvalidArgument, "memory_budget must be at least " + std::to_string(least) +
                                                 " bytes a vector for dim=" + std::to_string(options.dim) + ", got " +
                                                 std::to_string(bytes));
}

Index::Impl::Impl(const IndexOptions& options) : options_(checked(options)), store_(options_, active_kernels()) {
    if (options_.schema) attributes_.set_schema(*options_.schema);
    if (options_.graph) layers_.emplace(options_.M, options_.seed);
    scratch_.reserve(256);
}

void Index::Impl::swap_contents(Impl& other) noexcept {
    store_.swap(other.store_);
    layers_.swap(other.layers_);
    ids_.swap(other.ids_);
    attributes_.swap(other.attributes_);
    swap_aids(other.aids_);
    order_.swap(other.order_);
    live_.swap(other.live_);
    live_words_.swap(other.live_words_);
    free_.swap(other.free_);
    std::swap(slots_, other.slots_);
    std::swap(changes_, other.changes_);
    std::swap(calibration_, other.calibration_);
    std::swap(effort_model_, other.effort_model_);
    ++version_;
}

Index::Index(const IndexOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Index::Index(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Index::~Index() = default;
Index::Index(Index&&) noexcept = default;
Index& Index::operator=(Index&&) noexcept = default;

OwnedIds Index::add(const Vectors& vectors, const Ids& ids, const WriteOptions& options, bool upsert,
                    const TableView* attributes) {
    return impl_->add(vectors, ids, options, upsert, attributes);
}
void Index::update_attributes(const Ids& ids, const TableView& attributes) {
    impl_->update_attributes(ids, attributes);
}
Schema Index::schema() const { return impl_->schema(); }
bool Index::schema_given() const { return impl_->schema_given(); }
std::vector<OwnedColumn> Index::attributes(const Ids& ids, std::span<const std::string> names, bool lenient) const {
    return impl_->attributes(ids, names, lenient);
}
void Index::fit(const Vectors& sample, const WriteOptions& options) { impl_->fit(sample, options); }
std::optional<float> Index::codec_recall() const { return impl_->codec_recall(); }
Index::RowsToFit Index::rows_to_fit() const { return impl_->rows_to_fit(); }
void Index::remove(const Ids& ids, const WriteOptions& options) { impl_->remove(ids, options); }
void Index::get(const Ids& ids, void* out) const { impl_->get(ids, out); }
bool Index::contains(std::int64_t id) const { return impl_->contains(id); }
bool Index::contains(std::string_view id) const { return impl_->contains(id); }
OwnedIds Index::ids() const { return impl_->ids(); }

void Index::search(const Vectors& queries, const SearchOptions& options, const HitBuffers& out) const {
    impl_->search(queries, options, out);
}
void Index::search_by_id(const Ids& ids, const SearchOptions& options, const HitBuffers& out) const {
    impl_->search_by_id(ids, options, out);
}
RadiusHits Index::search_radius(const Vectors& queries, float radius, const SearchOptions& options) const {
    return impl_->search_radius(queries, radius, options);
}

std::size_t Index::count(const Filter& filter) const { return impl_->count(filter); }
Explanation Index::explain(const Vectors& query, const Filter& filter, const SearchOptions& options) const {
    return impl_->explain(query, filter, options);
}

GraphFigures Index::validate() const { return impl_->validate(); }
void Index::close() { impl_->close(); }
std::optional<DurableState> Index::durable() const { return impl_->durable(); }
void Index::compact(const WriteOptions& options) { impl_->compact(options); }
MemoryUse Index::memory() const { return impl_->memory(); }
SearchStats Index::search_stats(bool reset) const { return impl_->search_stats(reset); }
std::size_t Index::size() const { return impl_->size(); }
const IndexOptions& Index::options() const noexcept { return impl_->options(); }
IdKind Index::id_kind() const { return impl_->id_kind(); }
bool Index::read_only() const noexcept { return impl_->read_only(); }
std::size_t Index::row_bytes() const noexcept { return impl_->row_bytes(); }

std::string active_isa() { return active_kernels().name; }

std::vector<std::string> available_isas() {
    const KernelLevels levels = available_kernels();
    std::vector<std::string> names;
    for (std::size_t i = 0; i < levels.count; ++i) names.emplace_back(levels.first[i]->name);
    return names;
}

std::size_t default_threads() noexcept { return default_thread_count(); }

void set_default_threads(std::size_t threads) {
    if (threads == 0) throw Error(ErrorKind::kInvalidArgument, "threads must be at least 1, got 0");
    set_default_thread_count(threads);
}

}  // namespace lanner
