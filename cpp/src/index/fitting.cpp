// What an index learns from its vectors: codes, and the aids of filtered scans.
#include <utility>

#include "index/addition.hpp"
#include "index/progress_report.hpp"
#include "index/write_guard.hpp"

namespace lanner {

// From the first rows that are enough of them, together with the few that came before.
void Index::Impl::fit_codes(const Vectors& vectors, Addition& addition, const Work& work) {
    if (!will_fit(vectors)) return;
    const std::vector<Slot> live = live_slots();
    std::unique_ptr<CodedRows> codes = store_.fitted(live, vectors, live_.size(), work);
    const float recall = options_.measure_codec ? store_.measured_recall(*codes, live, vectors, work) : 0;
    const std::lock_guard lock(state_);
    store_.set_codec_recall(recall);
    store_.swap_codes(*codes);
    addition.codes_before = std::move(codes);
}

bool Index::Impl::will_fit(const Vectors& vectors) const noexcept {
    return store_.wants_fit() && ids_.size() + vectors.count >= store_.fit_needs().ample;
}

void Index::Impl::swap_aids(std::unique_ptr<ScanAids>& aids) noexcept {
    aids_.swap(aids);
    ++aids_version_;
}

std::unique_ptr<ScanAids> Index::Impl::made_aids(const Vectors& more, std::size_t threads,
                                                 const std::function<void()>& poll) const {
    auto aids = std::make_unique<ScanAids>(options_);
    aids->fit(store_, live_slots(), more, live_.size(), threads, poll);
    return aids;
}

void Index::Impl::fit_aids(const Vectors& vectors, Addition& addition, std::size_t threads,
                           const std::function<void()>& poll) {
    const std::size_t rows = ids_.size() + vectors.count;
    const bool wanted = ScanAids::serve(options_) && (addition.attributes || !attributes_.empty());
    if (!aids_ && (!wanted || rows < ScanAids::kLeastRows)) return;
    // Sketches are of what codes stand for, where these are all there is: new codes want new ones, which a failure takes back.
    const bool outdated = will_fit(vectors) && !store_.keeps_originals();
    if (!aids_ || outdated || aids_->outgrown(rows)) {
        addition.aids_before = made_aids(vectors, threads, poll);
        addition.aids_swapped = true;
        const std::lock_guard lock(state_);
        swap_aids(addition.aids_before);
    }
    addition.cells = aids_->cells_of(vectors, threads, poll);
}

Index::RowsToFit Index::Impl::rows_to_fit() const {
    const std::shared_lock lock(state_);
    if (!store_.wants_fit()) return {};
    const FitNeeds needs = store_.fit_needs();
    return {needs.least, needs.ample};
}

std::optional<float> Index::Impl::codec_recall() const {
    const std::shared_lock lock(state_);
    return store_.codec_recall() > 0 ? std::optional(store_.codec_recall()) : std::nullopt;
}

void Index::Impl::fit(const Vectors& sample, const WriteOptions& options) {
    change([&](ChangeEntry& entry) {
        std::vector<std::byte> own;
        fit(kept_still(sample, own), options, entry);
    });
}

void Index::Impl::fit(const Vectors& sample, const WriteOptions& options, ChangeEntry& entry) {
    if (!store_.has_codes()) throw Error(ErrorKind::kInvalidArgument, "fit is for a codec, and this index has none");
    const FitNeeds needs = store_.fit_needs();
    if (!store_.wants_fit()) {
        throw Error(ErrorKind::kInvalidArgument, "a codec is fitted once, and this one is: the first " +
                                                     std::to_string(needs.ample) +
                                                     " vectors do that, if fit does not come before them");
    }
    if (sample.count < needs.least) {
        throw Error(ErrorKind::kInvalidArgument, "vectors must have at least " + std::to_string(needs.least) +
                                                     " rows to fit a codec, got " + std::to_string(sample.count));
    }
    ProgressReport report(options.progress, sample.count);
    store_.check_rows(sample, "vectors", report.again());
    const std::vector<Slot> live = live_slots();
    const Work work{thread_count(options.threads), report.again()};
    const std::unique_ptr<CodedRows> codes = store_.fitted(live, sample, live_.size(), work);
    const float recall = options_.measure_codec ? store_.measured_recall(*codes, live, sample, work) : 0;
    report.finish();
    entry.write({.kind = ChangeKind::kFit, .rows = sample.count, .vectors = sample, .dim = options_.dim});
    const std::lock_guard lock(state_);
    store_.swap_codes(*codes);
    store_.set_codec_recall(recall);
    if (aids_ && !store_.keeps_originals()) {
        for (const Slot slot : live) aids_->store(slot, store_);
    }
    // What walks found over other codes says nothing of these.
    calibration_ = {};
    entry.keep();
}

}  // namespace lanner
