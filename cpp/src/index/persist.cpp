// An index as sections of a file, and back; see cpp/FORMAT.md.
#include <algorithm>
#include <cstring>
#include <limits>

#include "graph/repair.hpp"
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
    std::uint8_t zero[61];
};
static_assert(sizeof(Config) == 128);

Config read_config(const SectionReader& reader) {
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
    require(config.codec <= static_cast<std::uint8_t>(CodecKind::kSQ4), "its codec is unknown");
    require(config.keep <= static_cast<std::uint8_t>(Keep::kNothing), "what it keeps is unknown");
    require(config.fitted <= (config.codec == 0 ? 0 : 1), "its codec is fitted and is none");
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
    return options;
}

[[noreturn]] void refuse_graph(unsigned layer, Slot slot, const std::string& why) {
    refuse_section(layer == 0 ? "graph.ground" : "graph.upper",
                   "node " + std::to_string(slot) + " on layer " + std::to_string(layer) + " " + why);
}

}  // namespace

void Index::Impl::save(Sink& sink) const {
    const WriterGuard guard(*this);
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
    config.fitted = store_.has_codes() && !store_.wants_fit() ? 1 : 0;
    SectionWriter writer(sink);
    writer.write_section("config", &config, sizeof config);
    writer.write_section("live", live_.data(), slots_);
    store_.save(writer, slots_);
    if (layers_) layers_->save(writer);
    ids_.save(writer, slots_, live_);
    attributes_.save(writer, slots_);
    if (aids_) aids_->save(writer, slots_);
    save_calibration(writer);
    writer.finish();
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
    if (index->layers_) {
        if (count > 0 && config.entry >= slots) refuse_section("config", "the graph's entry point is no slot");
        if (count == 0 && config.entry != kNoSlot) refuse_section("config", "an empty graph has an entry point");
        index->layers_->load(reader, slots, config.entry);
    }
    index->ids_.load(reader, static_cast<IdKind>(config.id_kind), slots, count, index->live_, options.writable);
    index->ids_.set_next_generated(config.next_id);
    index->attributes_.load(reader, slots);
    index->load_aids(reader);
    index->load_calibration(reader);
    index->read_only_ = !options.writable;
    if (options.verify) index->check_contents();
    // Searches check every slot they meet; changes to a graph rely on its being sound.
    if (options.verify || options.writable) {
        index->check_next_id();
        index->validate();
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

// What checksums cannot tell: that the values make sense.
void Index::Impl::check_contents() const {
    for (std::size_t at = 0; at < slots_; ++at) {
        if (live_[at] == 0) continue;
        const auto slot = static_cast<Slot>(at);
        store_.check_slot(slot);
        if (aids_) aids_->check_slot(slot, store_);
        const Slot found = ids_.kind() == IdKind::kString ? ids_.find(std::string_view(ids_.text(slot)))
                                                          : ids_.find(ids_.integer(slot));
        if (found != slot)
            refuse_section(ids_.kind() == IdKind::kString ? "ids.text" : "ids.table",
                           "the id of slot " + std::to_string(at) + " is not found");
    }
}

// How many twins hang from a node.
std::size_t Index::Impl::check_ring(Slot node) const {
    std::size_t twins = 0;
    for (Slot each = layers_->next_twin(node); each != node; each = layers_->next_twin(each), ++twins) {
        const bool sound = layers_->is_twin(each) && live_[each] != 0 && layers_->neighbours(0, each).empty() &&
                           store_.same(node, each);
        if (!sound || twins == slots_)
            refuse_section("graph.twins", "the ring of node " + std::to_string(node) + " is broken");
    }
    return twins;
}

// Generated ids must be new.
void Index::Impl::check_next_id() const {
    if (ids_.kind() != IdKind::kInt || ids_.next_generated() == std::numeric_limits<std::int64_t>::max()) return;
    for (std::size_t at = 0; at < slots_; ++at) {
        if (live_[at] != 0 && ids_.integer(static_cast<Slot>(at)) >= ids_.next_generated()) {
            refuse_section("config", "its next id is not above every id");
        }
    }
}

GraphFigures Index::Impl::validate() const {
    const WriterGuard guard(*this);
    GraphFigures figures;
    figures.nodes = ids_.size();
    if (!layers_) return figures;
    figures.levels = layers_->top();
    if (layers_->empty() != (ids_.size() == 0)) refuse_section("config", "the graph has no entry point");
    if (!layers_->empty() && live_[layers_->entry()] == 0)
        refuse_section("config", "the graph's entry point is not live");
    if (!layers_->blocks_in_order())
        refuse_section("graph.upper_first", "it does not give every slot the blocks of its own");
    std::vector<Slot> sorted;
    for (std::size_t at = 0; at < slots_; ++at) {
        const auto slot = static_cast<Slot>(at);
        if (live_[slot] == 0 && layers_->twin_entry(slot) != 0)
            refuse_section("graph.twins", "slot " + std::to_string(at) + " is in a ring and not live");
        for (unsigned layer = 0; layer <= layers_->level(slot); ++layer) {
            if (layers_->places(layer, slot).empty()) refuse_graph(layer, slot, "has no block");
            const std::span<const Slot> neighbours = layers_->neighbours(layer, slot);
            if (live_[slot] == 0 && !neighbours.empty()) refuse_graph(layer, slot, "has neighbours and is not live");
            for (const Slot place : layers_->places(layer, slot).subspan(neighbours.size())) {
                if (place != slot) refuse_graph(layer, slot, "has a neighbour behind its end");
            }
            for (const Slot next : neighbours) {
                if (next >= slots_ || live_[next] == 0) refuse_graph(layer, slot, "points at no live node");
                if (layers_->level(next) < layer) refuse_graph(layer, slot, "points at a node of a lower level");
            }
            sorted.assign(neighbours.begin(), neighbours.end());
            std::sort(sorted.begin(), sorted.end());
            if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
                refuse_graph(layer, slot, "has a neighbour twice");
            if (layer == 0) figures.edges += neighbours.size();
        }
    }
    const std::vector<std::uint8_t> reached = reachable(*layers_);
    std::size_t twins = 0;
    for (std::size_t at = 0; at < slots_; ++at) {
        const auto node = static_cast<Slot>(at);
        if (layers_->is_twin(node)) ++twins;
        if (live_[node] != 0 && reached[node] != 0) figures.reachable += 1 + check_ring(node);
    }
    for (std::size_t at = 0; at < slots_; ++at) {
        const auto node = static_cast<Slot>(at);
        if (!layers_->is_twin(node) && layers_->next_twin(node) != node) twins -= std::min(twins, check_ring(node));
    }
    if (twins != 0) refuse_section("graph.twins", "a twin hangs from no node");
    return figures;
}

namespace {

FileInfo info_of(const SectionReader& reader, std::uint64_t bytes) {
    const Config config = read_config(reader);
    FileInfo info;
    info.version = std::to_string(kFormatMajor) + "." + std::to_string(reader.minor_version());
    info.options = options_of(config);
    info.size = static_cast<std::size_t>(config.live);
    info.id_kind = static_cast<IdKind>(config.id_kind);
    info.bytes = bytes;
    for (const Section& section : reader.sections())
        info.sections.push_back({section.name, section.offset, section.length, section.crc});
    return info;
}

}  // namespace

Index Index::open(const std::string& path, const OpenOptions& options) {
    const MappedFile file = map_file(path, options.writable);
    return Index(Impl::load(SectionReader(file.bytes, file.owner), options));
}

Index Index::from_bytes(std::span<const std::byte> bytes) {
    // Sections are aligned within a file, so the copy must be too.
    const std::shared_ptr<PageMemory> copy =
        std::make_shared<PageMemory>(allocate_page(std::max<std::size_t>(bytes.size(), 1)));
    std::memcpy(copy->get(), bytes.data(), bytes.size());
    return Index(Impl::load(SectionReader({copy->get(), bytes.size()}, copy), {.writable = true, .verify = true}));
}

void Index::save(const std::string& path) const {
    AtomicFile file(path);
    impl_->save(file);
    file.commit();
}

std::vector<std::byte> Index::to_bytes() const {
    MemorySink sink;
    impl_->save(sink);
    return sink.take();
}

FileInfo file_info(const std::string& path) {
    const MappedFile file = map_file(path, false);
    return info_of(SectionReader(file.bytes, file.owner), file.bytes.size());
}

FileInfo verify_file(const std::string& path) {
    Index::open(path, {.writable = false, .verify = true});
    return file_info(path);
}

}  // namespace lanner
