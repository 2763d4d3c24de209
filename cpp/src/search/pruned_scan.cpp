#include "search/pruned_scan.hpp"

#include <algorithm>
#include <array>

namespace lanner {
namespace {

// Matches that are scored together, from several cells where one has fewer.
constexpr std::size_t kTogether = 128;

// Appends the matches of a run to `slots`, which has room for kSlotsWritten more than there can be.
Slot* write_matches(std::span<const std::uint64_t> words, const SlotRun& run, Slot* slots) {
    const std::size_t end = std::min<std::size_t>(run.last, words.size() * 64);
    for (std::size_t at = run.first; at < end;) {
        const std::size_t word = at / 64;
        std::uint64_t bits = words[word] & (~std::uint64_t{0} << (at % 64));
        at = (word + 1) * 64;
        if (at > end) bits &= ~std::uint64_t{0} >> (at - end);
        slots = write_slots(bits, static_cast<Slot>(word * 64), slots);
    }
    return slots;
}

// A bit a slot. Binary searches in a list, two for each cell, take longer than spreading it out.
std::span<const std::uint64_t> words_of(const SlotSet& matching, FilteredScanScratch& scratch) {
    if (!matching.is_list()) return matching.words();
    scratch.words.assign(SlotSet::word_count(matching.slots()), 0);
    for (const Slot slot : matching.list()) scratch.words[slot / 64] |= std::uint64_t{1} << (slot % 64);
    return scratch.words;
}

}  // namespace

double share_nearby(const Cells& cells, const SlotSet& matching, std::size_t rows, FilteredScanScratch& scratch) {
    const std::span<const std::uint64_t> words = words_of(matching, scratch);
    std::size_t seen = 0;
    std::size_t matches = 0;
    for (const Cell cell : scratch.ranking.order) {
        for (const SlotRun& run : cells.runs(cell)) {
            const std::size_t most = (run.last - run.first) + kSlotsWritten;
            if (scratch.slots.size() < most) scratch.slots.resize(2 * most);
            Slot* const slots = scratch.slots.data();
            matches += static_cast<std::size_t>(write_matches(words, run, slots) - slots);
            seen += run.last - run.first;
        }
        if (seen >= rows) break;
    }
    return seen == 0 ? 0 : static_cast<double>(matches) / static_cast<double>(seen);
}

PrunedWork pruned_scan(const SketchCodec& sketches, const Cells& cells, const QueryBlock& queries, std::size_t query,
                       const SlotSet& matching, const PrunedReach& reach, FilteredScanScratch& scratch,
                       std::vector<Candidate>& found) {
    Contenders contenders(sketches, queries, query, reach.scan, scratch, found);
    const std::span<const std::uint64_t> words = words_of(matching, scratch);
    PrunedWork work;
    std::size_t nearer_at = 0;  // rows looked at when something nearer was found last
    std::size_t waiting = 0;
    std::size_t asked = 0;  // of those waiting: their sketches are on their way while the next ones are written down
    bool patient = true;
    const auto scan = [&](std::size_t count) {
        const float before = contenders.limit();
        contenders.scan({scratch.slots.data(), count});
        work.rows += count;
        if (contenders.limit() < before) nearer_at = work.rows;
        patient =
            contenders.limit() == std::numeric_limits<float>::infinity() || work.rows - nearer_at < reach.patience;
    };
    for (const Cell cell : scratch.ranking.order) {
        ++work.cells;
        const std::size_t before = waiting;
        for (const SlotRun& run : cells.runs(cell)) {
            const std::size_t most = waiting + (run.last - run.first) + kSlotsWritten;
            if (scratch.slots.size() < most) scratch.slots.resize(2 * most);
            Slot* const slots = scratch.slots.data();
            waiting = static_cast<std::size_t>(write_matches(words, run, slots + waiting) - slots);
        }
        sketches.prefetch({scratch.slots.data() + before, waiting - before});
        if (waiting - asked < kTogether) continue;
        if (asked > 0) scan(asked);
        if (!patient) break;
        waiting -= asked;
        std::copy_n(scratch.slots.data() + asked, waiting, scratch.slots.data());
        asked = waiting;
        if (work.rows + waiting == matching.count()) break;
    }
    if (patient) scan(waiting);
    contenders.finish();
    return work;
}

}  // namespace lanner
