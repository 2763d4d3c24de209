#include "lanner/index.hpp"

#include "base/thread_pool.hpp"
#include "index/codec_choice.hpp"
#include "index/impl.hpp"
#include "kernels/dispatch.hpp"

namespace lanner {
namespace {

constexpr std::uint32_t kMinM = 2;
constexpr std::uint32_t kMaxM = 512;
constexpr std::uint32_t kMaxEfConstruction = 1U << 20;

IndexOptions checked(IndexOptions options) {
    const auto refuse = [](const std::string& message) { throw Error(ErrorKind::kInvalidArgument, message); };
    const std::string type(element_name(options.type));
    check_space(options);
    if (options.M < kMinM || options.M > kMaxM) {
        refuse("M must be between " + std::to_string(kMinM) + " and " + std::to_string(kMaxM) + ", got " +
               std::to_string(options.M));
    }
    if (options.ef_construction < 1 || options.ef_construction > kMaxEfConstruction) {
        refuse("ef_construction must be between 1 and " + std::to_string(kMaxEfConstruction) + ", got " +
               std::to_string(options.ef_construction));
    }
    settle_codec(options);
    if (options.keep != Keep::kAsGiven && options.codec == CodecKind::kNone)
        refuse("keep goes with a codec: without one the vectors are all there is");
    if (options.keep == Keep::kFloat16 && options.type != ElementType::kFloat32)
        refuse("keep must be '" + type + "' or nothing for dtype '" + type + "', got 'float16'");
    return options;
}

}  // namespace

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
std::vector<OwnedColumn> Index::attributes(const Ids& ids, std::span<const std::string> names) const {
    return impl_->attributes(ids, names);
}
void Index::fit(const Vectors& sample, const WriteOptions& options) { impl_->fit(sample, options); }
std::optional<float> Index::codec_recall() const { return impl_->codec_recall(); }
Index::RowsToFit Index::rows_to_fit() const { return impl_->rows_to_fit(); }
void Index::remove(const Ids& ids, const WriteOptions& options) { impl_->remove(ids, options); }
std::size_t Index::remove(const Filter& filter, const WriteOptions& options) { return impl_->remove(filter, options); }
void Index::get(const Ids& ids, void* out) const { impl_->get(ids, out); }
bool Index::contains(std::int64_t id) const { return impl_->contains(id); }
bool Index::contains(std::string_view id) const { return impl_->contains(id); }
OwnedIds Index::ids() const { return impl_->ids(); }
OwnedIds Index::ids(const Filter& filter) const { return impl_->ids(filter); }

void Index::search(const Vectors& queries, const SearchOptions& options, const HitBuffers& out) const {
    impl_->search(queries, options, out);
}
void Index::search_by_id(const Ids& ids, const SearchOptions& options, const HitBuffers& out) const {
    impl_->search_by_id(ids, options, out);
}
RadiusHits Index::search_radius(const Vectors& queries, float radius, const SearchOptions& options,
                                const std::vector<std::string>* names) const {
    return impl_->search_radius(queries, radius, options, names);
}

std::size_t Index::count(const Filter& filter) const { return impl_->count(filter); }
Explanation Index::explain(const Vectors& query, const Filter& filter, const SearchOptions& options) const {
    return impl_->explain(query, filter, options);
}
Explanation Index::explain(const Vectors& query, const SearchOptions& options) const {
    return impl_->explain(query, options);
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
