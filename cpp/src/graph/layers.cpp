#include "graph/layers.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "base/random.hpp"

namespace lanner {
namespace {

constexpr unsigned kMaxLevel = 15;
constexpr std::size_t kPollEvery = 4096;

}  // namespace

Layers::Layers(std::uint32_t M, std::uint64_t seed)
    : M_(M),
      seed_(seed),
      ground_(2 * std::size_t{M} * sizeof(Slot)),
      upper_first_(sizeof(Slot)),
      upper_(M * sizeof(Slot)),
      twins_(sizeof(Slot)) {}

Layers::Layers(Layers&&) noexcept = default;
Layers& Layers::operator=(Layers&&) noexcept = default;
Layers::~Layers() = default;

unsigned Layers::level(Slot slot) const noexcept {
    const std::uint64_t draw = random_at(seed_, slot);
    unsigned level = 0;
    for (std::uint64_t bound = std::numeric_limits<std::uint64_t>::max() / M_; draw < bound && level < kMaxLevel;
         bound /= M_) {
        ++level;
    }
    return level;
}

std::span<const Slot> Layers::upper_places(unsigned layer, Slot slot) const noexcept {
    const std::uint64_t block = std::uint64_t{*upper_first_.as<Slot>(slot)} + layer - 2;
    if (*upper_first_.as<Slot>(slot) == 0 || layer > level(slot) || block >= upper_blocks_) return {};
    return {upper_.as<Slot>(static_cast<std::size_t>(block)), width(layer)};
}

std::span<const Slot> Layers::neighbours(unsigned layer, Slot slot) const noexcept {
    const std::span<const Slot> all = places(layer, slot);
    return all.first(static_cast<std::size_t>(std::find(all.begin(), all.end(), slot) - all.begin()));
}

void Layers::grow(std::size_t slots) {
    if (slots <= slots_) return;
    std::size_t blocks = upper_blocks_;
    for (std::size_t slot = slots_; slot < slots; ++slot) blocks += level(static_cast<Slot>(slot));
    ground_.grow(slots);
    upper_first_.grow(slots);
    upper_.grow(blocks);
    twins_.grow(slots);
    if (incoming_) {
        try {
            incoming_->of(0).resize(slots);
            incoming_->of(1).resize(blocks);
        } catch (const std::bad_alloc&) {
            incoming_.reset();
        }
    }
    for (std::size_t at = slots_; at < slots; ++at) {
        const auto slot = static_cast<Slot>(at);
        const unsigned top = level(slot);
        *upper_first_.as<Slot>(at) = top == 0 ? 0 : static_cast<Slot>(upper_blocks_ + 1);
        upper_blocks_ += top;
        if (twin_entry(slot) != 0) set_twin_entry(slot, 0);
        for (unsigned layer = 0; layer <= top; ++layer) write(layer, slot, {});
    }
    slots_ = slots;
}

void Layers::shrink(std::size_t slots) noexcept {
    for (; slots_ > slots; --slots_) upper_blocks_ -= level(static_cast<Slot>(slots_ - 1));
    if (!incoming_) return;
    incoming_->of(0).resize(slots_);
    incoming_->of(1).resize(upper_blocks_);
}

bool Layers::blocks_in_order() const noexcept {
    std::size_t blocks = 0;
    for (std::size_t at = 0; at < slots_; ++at) {
        const unsigned top = level(static_cast<Slot>(at));
        if (*upper_first_.as<Slot>(at) != (top == 0 ? 0 : static_cast<Slot>(blocks + 1))) return false;
        blocks += top;
    }
    return blocks == upper_blocks_;
}

void Layers::write(unsigned layer, Slot slot, std::span<const Slot> neighbours) noexcept {
    Slot* const block = layer == 0 ? ground_.as<Slot>(slot) : upper_.as<Slot>(*upper_first_.as<Slot>(slot) + layer - 2);
    std::copy(neighbours.begin(), neighbours.end(), block);
    std::fill(block + neighbours.size(), block + width(layer), slot);
}

bool Layers::leads(unsigned layer, Slot from, Slot to) const noexcept {
    const std::span<const Slot> all = places(layer, from);
    return std::find(all.begin(), all.end(), to) != all.end();
}

void Layers::set(unsigned layer, Slot slot, std::span<const Slot> neighbours) noexcept {
    if (!incoming_) return write(layer, slot, neighbours);
    const std::span<const Slot> before = this->neighbours(layer, slot);
    const auto lacks = [](std::span<const Slot> all, Slot each) {
        return std::find(all.begin(), all.end(), each) == all.end();
    };
    OneWayEdges& edges = incoming_->of(layer);
    try {
        for (const Slot gone : before) {
            if (!lacks(neighbours, gone)) continue;
            if (leads(layer, gone, slot)) {
                edges.add(node_of(layer, slot), gone);
            } else {
                edges.drop(node_of(layer, gone), slot);
            }
        }
        for (const Slot come : neighbours) {
            if (!lacks(before, come)) continue;
            if (leads(layer, come, slot)) {
                edges.drop(node_of(layer, slot), come);
            } else {
                edges.add(node_of(layer, come), slot);
            }
        }
    } catch (const std::bad_alloc&) {
        incoming_.reset();
    }
    write(layer, slot, neighbours);
}

std::unique_ptr<Layers::Incoming> Layers::make_incoming(const std::function<void()>& poll) const {
    auto made = std::make_unique<Incoming>();
    made->of(0).resize(slots_);
    made->of(1).resize(upper_blocks_);
    for (std::size_t at = 0; at < slots_; ++at) {
        const auto slot = static_cast<Slot>(at);
        if (poll && at % kPollEvery == 0) poll();
        for (unsigned layer = 0; layer <= level(slot); ++layer) {
            for (const Slot next : neighbours(layer, slot)) {
                if (!leads(layer, next, slot)) made->of(layer).add(node_of(layer, next), slot);
            }
        }
    }
    return made;
}

void Layers::take_incoming(std::unique_ptr<Incoming> incoming) noexcept { incoming_ = std::move(incoming); }

void Layers::forget_incoming() noexcept {
    incoming_.reset();
    wanted_ = 0;
}

void Layers::pointing_at(unsigned layer, Slot slot, std::vector<Slot>& out) const {
    for (const Slot next : neighbours(layer, slot)) {
        if (leads(layer, next, slot)) out.push_back(next);
    }
    incoming_->of(layer).each(node_of(layer, slot), [&](Slot source) { out.push_back(source); });
}

bool Layers::incoming_sound() const {
    if (!incoming_) return true;
    const std::unique_ptr<Incoming> fresh = make_incoming();
    for (unsigned kind = 0; kind < 2; ++kind) {
        const OneWayEdges& kept = incoming_->of(kind);
        const OneWayEdges& made = fresh->of(kind);
        if (kept.nodes() != made.nodes()) return false;
        for (std::size_t node = 0; node < made.nodes(); ++node) {
            std::vector<Slot> one;
            std::vector<Slot> other;
            kept.each(node, [&](Slot source) { one.push_back(source); });
            made.each(node, [&](Slot source) { other.push_back(source); });
            std::sort(one.begin(), one.end());
            std::sort(other.begin(), other.end());
            if (one != other) return false;
        }
    }
    return true;
}

Slot Layers::next_twin(Slot slot) const noexcept {
    const Slot entry = twin_entry(slot) & ~kTwinMark;
    return entry == 0 || entry > slots_ ? slot : entry - 1;
}

void Layers::link_twin(Slot node, Slot twin) noexcept {
    set_twin_entry(twin, (next_twin(node) + 1) | kTwinMark);
    set_twin_entry(node, (twin + 1) | (twin_entry(node) & kTwinMark));
}

std::size_t Layers::memory_bytes() const noexcept {
    return ground_.allocated_bytes() + ground_.adopted_bytes() + upper_first_.allocated_bytes() +
           upper_first_.adopted_bytes() + upper_.allocated_bytes() + upper_.adopted_bytes() + twins_.allocated_bytes() +
           twins_.adopted_bytes() + (incoming_ ? incoming_->memory_bytes() : 0);
}

void Layers::save(SectionWriter& writer) const {
    writer.write_rows("graph.ground", ground_, slots_);
    writer.write_rows("graph.upper_first", upper_first_, slots_);
    writer.write_rows("graph.upper", upper_, upper_blocks_);
    writer.write_rows("graph.twins", twins_, slots_);
}

void Layers::load(const SectionReader& reader, std::size_t slots, Slot entry) {
    if (entry != kNoSlot && entry >= slots) refuse_section("config", "the graph's entry point is no slot");
    reader.read_rows("graph.ground", slots, ground_);
    reader.read_rows("graph.upper_first", slots, upper_first_);
    const std::size_t upper_bytes = reader.section("graph.upper").size();
    if (upper_bytes % upper_.stride() != 0) refuse_section("graph.upper", "its length is no multiple of a block's");
    upper_blocks_ = upper_bytes / upper_.stride();
    reader.read_rows("graph.upper", upper_blocks_, upper_);
    reader.read_rows("graph.twins", slots, twins_);
    slots_ = slots;
    entry_ = entry;
}

}  // namespace lanner
