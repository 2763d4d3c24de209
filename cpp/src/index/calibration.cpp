// How hard searches try: measured on the index's own rows at the end of a change, kept with it, asked by every search.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/random.hpp"
#include "index/impl.hpp"

namespace lanner {
namespace {

// Of an index that was never measured.
constexpr std::size_t kUncalibratedEf = 96;
// Smaller indexes are scanned at any width that would be chosen.
constexpr std::size_t kLeastSize = 2048;
// One row of so many is asked, which takes a few per cent of the time of a build.
constexpr std::size_t kRowsPerAsked = 100;
constexpr std::size_t kLeastAsked = 100;
constexpr std::size_t kMostAsked = 400;
// Measured anew when there was a change for this many items.
constexpr std::size_t kItemsPerChange = 2;
// Keeps the choice of rows apart from the levels of the graph, which are drawn from the same seed.
constexpr std::uint64_t kRowStream = 0x63616c6962726174ULL;
// Changes are counted up to the next measurement; more than this no index lives to see.
constexpr std::uint64_t kMostChanges = std::uint64_t{1} << 62;
// Candidates of codes of one bit a feature that are looked at once more, beside each one asked for.
constexpr double kCoarseRerank = 8;

double bits_a_feature(const IndexOptions& options) noexcept {
    const auto bits = static_cast<double>(options.codec_bits);
    return options.codec_parts == 0 ? bits : bits * options.codec_parts / static_cast<double>(options.dim);
}

}  // namespace

std::vector<Slot> Index::Impl::rows_to_ask(std::span<const std::uint8_t> live, std::size_t size) const {
    const std::size_t wanted = std::clamp(size / kRowsPerAsked, kLeastAsked, kMostAsked);
    std::vector<Slot> slots;
    const std::size_t count = live.size();
    // One from each of as many stretches, the first live one from a random place on.
    for (std::size_t i = 0; i < wanted; ++i) {
        const std::size_t begin = i * count / wanted;
        const std::size_t end = (i + 1) * count / wanted;
        const std::uint64_t draw = random_at(options_.seed ^ kRowStream, i);
        for (std::size_t step = 0; step < end - begin; ++step) {
            const auto slot = static_cast<Slot>(begin + (draw + step) % (end - begin));
            if (live[slot] == 0 || slot == layers_->entry() || layers_->twin_entry(slot) != 0) continue;
            slots.push_back(slot);
            break;
        }
    }
    return slots;
}

Calibration Index::Impl::calibrated(std::size_t changes, std::span<const std::uint8_t> live,
                                    const BuildOptions& options) const {
    Calibration next = calibration_;
    next.changes += changes;
    if (!layers_ || layers_->empty() || next.changes < next.size / kItemsPerChange) return next;
    const auto size = static_cast<std::size_t>(std::count(live.begin(), live.end(), std::uint8_t{1}));
    if (size < kLeastSize) return next;
    std::function<void()> poll;
    if (options.poll) poll = [&] { options.poll(0); };
    const std::vector<Slot> slots = rows_to_ask(live, size);
    std::vector<std::byte> rows(slots.size() * row_bytes());
    for (std::size_t i = 0; i < slots.size(); ++i) store_.fetch(slots[i], rows.data() + i * row_bytes());
    PreparedQueries queries;
    store_.prepare({rows.data(), slots.size(), options_.type}, queries);
    CalibrationGraph graph{*layers_, store_.quickest(), {store_.finest(), live.size(), live, *this}, {}};
    for (std::size_t depth = 0; depth < kDepths.size(); ++depth) graph.reranks[depth] = default_rerank(kDepths[depth]);
    next = {};
    next.size = size;
    calibrate(graph, {slots, store_.queries_of(graph.quick, queries), store_.queries_of(store_.finest(), queries)},
              options.threads, poll, next);
    return next;
}

void Index::Impl::set_calibration(const Calibration& calibration) noexcept {
    // Every change counts at least one item: none since means that it has just been measured.
    if (calibration.changes == 0) effort_model_ = EffortModel(calibration, store_.is_layered());
    calibration_ = calibration;
}

// With k = 10 that is 13 for 8 bits and 21 for 4; on embeddings, images and image descriptors, looking at every
// candidate finds at most 0.001 more of the true neighbours.
// Coarser codes take more, by the square of the bits of a feature that they lack.
std::size_t Index::Impl::default_rerank(std::size_t k) const noexcept {
    switch (options_.codec) {
        case CodecKind::kSQ8:
            return k + k / 8 + 2;
        case CodecKind::kSQ4:
            return k + k / 2 + 6;
        case CodecKind::kNone:
            return k;
        default:
            break;
    }
    const double bits = bits_a_feature(options_);
    return k + static_cast<std::size_t>(std::ceil(static_cast<double>(k + 12) * kCoarseRerank / (bits * bits)));
}

Aim Index::Impl::aim_of(double recall, std::size_t k) const noexcept {
    if (recall == 0) recall = kDefaultRecall;
    if (recall >= 1) return {};
    if (calibration_.size > 0) return effort_model_.aim(recall, k);
    // Where nothing was measured, no walk is known to do.
    return recall <= kDefaultRecall ? Aim{std::max(kUncalibratedEf, 2 * k)} : Aim{};
}

void Index::Impl::save_calibration(SectionWriter& writer) const {
    if (calibration_.size > 0) writer.write_section("calibration", &calibration_, sizeof calibration_);
}

void Index::Impl::load_calibration(const SectionReader& reader) {
    if (!layers_ || !reader.has("calibration")) return;
    reader.verify("calibration");
    Calibration read;
    std::memcpy(&read, reader.section("calibration", sizeof read).data(), sizeof read);
    const auto require = [](bool sound, const char* why) {
        if (!sound) refuse_section("calibration", why);
    };
    require(read.size >= 1 && read.size <= kMaxSlots && read.changes <= kMostChanges, "its counts are out of range");
    require(read.widths >= 1 && read.widths <= kWidths.size(), "its number of widths is out of range");
    for (std::size_t depth = 0; depth < kDepths.size(); ++depth) {
        require(read.rows[depth] <= kMostAsked, "it asked more rows than are ever asked");
        const std::uint64_t most = std::uint64_t{read.rows[depth]} * kDepths[depth];
        for (const FoundCurves* const curves : {&read.usual, &read.whole}) {
            for (std::size_t width = 0; width < kWidths.size(); ++width) {
                const FoundSums& sums = (*curves)[depth][width];
                require(width < read.widths || (sums.found == 0 && sums.squares == 0), "it has sums for no width");
                require(sums.found <= most && sums.squares <= sums.found * kDepths[depth],
                        "it found more neighbours than there are");
            }
        }
    }
    calibration_ = read;
    effort_model_ = EffortModel(read, store_.is_layered());
}

}  // namespace lanner
