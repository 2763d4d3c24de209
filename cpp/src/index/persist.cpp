// An index as sections of a file, and back; see cpp/FORMAT.md.
#include <algorithm>
#include <cstring>

#include "index/other_files.hpp"
#include "index/write_guard.hpp"
#include "storage/mapped_file.hpp"

namespace lanner {
namespace {

struct Config {
    std::uint64_t dim;
    std::uint64_t seed;
    std::uint64_t slots;
    std::uint64_t live;
    std::int64_t next_id;
    std::uint64_t changes;
    std::uint32_t M;
    std::uint32_t ef_construction;
    std::uint32_t entry;
    std::uint8_t metric;
    std::uint8_t type;
    std::uint8_t graph;
    std::uint8_t id_kind;
    std::uint8_t codec;
    std::uint8_t keep;
    std::uint8_t fitted;
    std::uint8_t codec_bits;
    std::uint32_t codec_parts;
    float codec_recall;
    std::uint8_t measure_codec;
    std::uint8_t zero[51];
};
static_assert(sizeof(Config) == 128);

bool is_index(const SectionReader& reader) { return reader.has("config"); }

Config read_config(const SectionReader& reader) {
    if (!is_index(reader)) {
        throw Error(
            ErrorKind::kFileFormat,
            "the file holds no index; hashes, codes and tables of hashes are for lanner.hashing.load, quantizers for "
            "lanner.quantization.load");
    }
    reader.verify("config");
    Config config{};
    std::memcpy(&config, reader.section("config", sizeof config).data(), sizeof config);
    const auto require = [](bool sound, const char* why) {
        if (!sound) refuse_section("config", why);
    };
    require(config.metric < kMetricCount, "its metric is unknown");
    require(config.type < kElementTypeCount, "its element type is unknown");
    require(config.graph <= 1, "its kind of graph is unknown");
    require(config.id_kind <= static_cast<std::uint8_t>(IdKind::kString), "its kind of ids is unknown");
    require(config.slots <= kMaxSlots && config.live <= config.slots, "its counts are out of range");
    require(config.codec <= static_cast<std::uint8_t>(CodecKind::kBinary), "its codec is unknown");
    require(config.keep <= static_cast<std::uint8_t>(Keep::kNothing), "what it keeps is unknown");
    require(config.fitted <= (config.codec == 0 ? 0 : 1), "its codec is fitted and is none");
    require(config.codec_recall >= 0 && config.codec_recall <= 1 && (config.fitted == 1 || config.codec_recall == 0),
            "its codes' recall is no share");
    require(config.measure_codec <= (config.codec == 0 ? 0 : 1), "it measures a codec and has none");
    require(config.next_id >= 0, "its next id is negative");
    require(config.id_kind != 0 || config.slots == 0, "it has vectors and no ids");
    require(std::all_of(std::begin(config.zero), std::end(config.zero), [](std::uint8_t byte) { return byte == 0; }),
            "its reserve is not zero");
    return config;
}

IndexOptions options_of(const Config& config) {
    IndexOptions options;
    options.dim = static_cast<std::size_t>(config.dim);
    options.metric = static_cast<Metric>(config.metric);
    options.type = static_cast<ElementType>(config.type);
    options.graph = config.graph != 0;
    options.M = config.M;
    options.ef_construction = config.ef_construction;
    options.seed = config.seed;
    options.codec = static_cast<CodecKind>(config.codec);
    options.keep = static_cast<Keep>(config.keep);
    options.codec_parts = config.codec_parts;
    options.codec_bits = config.codec_bits;
    options.measure_codec = config.measure_codec != 0;
    return options;
}

}  // namespace

FileIdentity Index::Impl::save(Sink& sink) {
    const WriterGuard guard(*this);
    settle_all();
    return write_sections(sink);
}

FileIdentity Index::Impl::write_sections(Sink& sink) const {
    Config config{};
    config.dim = options_.dim;
    config.seed = options_.seed;
    config.slots = slots_;
    config.live = ids_.size();
    config.next_id = ids_.next_generated();
    config.changes = changes_;
    config.M = options_.M;
    config.ef_construction = options_.ef_construction;
    config.entry = layers_ ? layers_->entry() : kNoSlot;
    config.metric = static_cast<std::uint8_t>(options_.metric);
    config.type = static_cast<std::uint8_t>(options_.type);
    config.graph = options_.graph ? 1 : 0;
    config.id_kind = static_cast<std::uint8_t>(ids_.kind());
    config.codec = static_cast<std::uint8_t>(options_.codec);
    config.keep = static_cast<std::uint8_t>(options_.keep);
    config.codec_parts = options_.codec_parts;
    config.codec_bits = static_cast<std::uint8_t>(options_.codec_bits);
    config.codec_recall = store_.codec_recall();
    config.measure_codec = options_.measure_codec && options_.codec != CodecKind::kNone ? 1 : 0;
    config.fitted = store_.has_codes() && !store_.wants_fit() ? 1 : 0;
    SectionWriter writer(sink);
    writer.write_section("config", &config, sizeof config);
    writer.write_section("live", live_.data(), slots_);
    store_.save(writer, slots_);
    if (layers_) layers_->save(writer);
    ids_.save(writer, slots_, live_);
    attributes_.save(writer, slots_);
    if (aids_) aids_->save(writer, slots_);
    order_.save(writer);
    save_calibration(writer);
    return writer.finish();
}

std::unique_ptr<Index::Impl> Index::Impl::load(const SectionReader& reader, const OpenOptions& options) {
    if (options.verify) reader.verify_all();
    const Config config = read_config(reader);
    std::unique_ptr<Impl> index;
    try {
        index = std::make_unique<Impl>(options_of(config));
    } catch (const Error& error) {
        refuse_section("config", error.what());
    }
    const auto slots = static_cast<std::size_t>(config.slots);
    const std::span<std::byte> live = reader.section("live", slots);
    index->slots_ = slots;
    index->changes_ = static_cast<std::size_t>(config.changes);
    index->live_.resize(slots);
    index->live_words_.resize(SlotSet::word_count(slots));
    std::size_t count = 0;
    for (std::size_t slot = 0; slot < slots; ++slot) {
        if (live[slot] > std::byte{1}) refuse_section("live", "it holds other than 0 and 1");
        index->set_live(static_cast<Slot>(slot), live[slot] != std::byte{0});
        count += index->live_[slot];
    }
    if (count != config.live) refuse_section("live", "it does not mark as many slots as there are ids");
    for (std::size_t slot = 0; slot < slots; ++slot) {
        if (index->live_[slot] == 0) index->free_.push_back(static_cast<Slot>(slot));  // ascending, hence a heap
    }
    index->store_.load(reader, slots, config.fitted != 0);
    index->store_.set_codec_recall(config.codec_recall);
    if (index->layers_) {
        if (count > 0 && config.entry >= slots) refuse_section("config", "the graph's entry point is no slot");
        if (count == 0 && config.entry != kNoSlot) refuse_section("config", "an empty graph has an entry point");
        index->layers_->load(reader, slots, config.entry);
    }
    index->ids_.load(reader, static_cast<IdKind>(config.id_kind), slots, count, index->live_, options.writable,
                     options.verify);
    index->ids_.set_next_generated(config.next_id);
    index->attributes_.load(reader, slots);
    index->load_aids(reader);
    index->order_.load(reader, slots);
    index->load_calibration(reader);
    index->read_only_ = !options.writable;
    if (options.verify) index->check_contents();
    // Searches check every slot they meet; changes to a graph rely on its being sound.
    if (options.verify || options.writable) {
        index->check_next_id();
        index->check_graph();
    }
    return index;
}

void Index::Impl::load_aids(const SectionReader& reader) {
    if (!ScanAids::in_file(reader)) return;
    if (!ScanAids::serve(options_)) refuse_section("cells.rows", "an index of this kind has no cells");
    auto aids = std::make_unique<ScanAids>(options_);
    aids->load(reader, slots_);
    // A slot without a cell would be found by no scan of cells.
    for (std::size_t slot = 0; slot < slots_; ++slot) {
        if (live_[slot] != 0 && aids->cells().of(static_cast<Slot>(slot)) == kNoCell)
            refuse_section("cells.of", "slot " + std::to_string(slot) + " is live and in no cell");
    }
    swap_aids(aids);
}

namespace {

FileInfo info_of(const SectionReader& reader, std::uint64_t bytes) {
    const Config config = read_config(reader);
    FileInfo info = layout_of(reader, bytes);
    info.options = options_of(config);
    info.size = static_cast<std::size_t>(config.live);
    info.id_kind = static_cast<IdKind>(config.id_kind);
    return info;
}

}  // namespace

Index Index::open(const std::string& path, const OpenOptions& options) {
    if (options.durable) return Index(Impl::open_durable(path, options));
    const MappedFile file = map_file(path, options.writable);
    if (options.preload) preload(file.bytes);
    if (options.verify) expect_all(file.bytes);
    return Index(Impl::load(SectionReader(file.bytes, file.owner), options));
}

Index Index::from_bytes(std::span<const std::byte> bytes) {
    // Sections are aligned within a file, so the copy must be too.
    const std::shared_ptr<PageMemory> copy =
        std::make_shared<PageMemory>(allocate_page(std::max<std::size_t>(bytes.size(), 1)));
    std::memcpy(copy->get(), bytes.data(), bytes.size());
    return Index(Impl::load(SectionReader({copy->get(), bytes.size()}, copy), {.writable = true, .verify = true}));
}

void Index::save(const std::string& path) const { impl_->save_to(path); }

std::vector<std::byte> Index::to_bytes() const {
    MemorySink sink;
    impl_->save(sink);
    return sink.take();
}

FileInfo file_info(const std::string& path) {
    const MappedFile file = map_file(path, false);
    const SectionReader reader(file.bytes, file.owner);
    if (!is_index(reader)) return other_file_info(reader, file.bytes.size(), false);
    return info_of(reader, file.bytes.size());
}

FileInfo verify_file(const std::string& path) {
    const MappedFile file = map_file(path, false);
    const SectionReader reader(file.bytes, file.owner);
    if (!is_index(reader)) return other_file_info(reader, file.bytes.size(), true);
    Index::open(path, {.writable = false, .verify = true});
    return info_of(reader, file.bytes.size());
}

}  // namespace lanner
