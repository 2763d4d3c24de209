#include "hashing/multi_view.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>

#include "base/thread_pool.hpp"
#include "hashing/load_hash.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

constexpr const char* kConfigSection = "views.config";
constexpr const char* kWeightsSection = "views.weights";
constexpr std::size_t kGroup = 256;
// Sums of weights in another order may differ in the last place; what is that even is even.
constexpr double kEven = 1e-9;

struct ViewsConfig {
    std::uint64_t views;
    std::uint64_t fusion;
};
static_assert(sizeof(ViewsConfig) == 16);

std::string section_of(std::size_t view) { return "view." + std::to_string(view); }

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::kInvalidArgument, why); }

}  // namespace

MultiView::MultiView(std::vector<std::shared_ptr<const HashFamily>> views, Fusion fusion, std::vector<double> weights)
    : views_(std::move(views)), fusion_(fusion), weights_(std::move(weights)) {
    if (views_.empty() || views_.size() > kMostViews)
        refuse("views must be 1 to " + std::to_string(kMostViews) + ", got " + std::to_string(views_.size()));
    if (weights_.size() != views_.size())
        refuse("weights must be one a view, " + std::to_string(views_.size()) + ", got " +
               std::to_string(weights_.size()));
    for (const auto& view : views_) {
        if (fusion == Fusion::kVote && view->bits() != views_[0]->bits())
            refuse("views must have as many bits as one another to vote, got " + std::to_string(views_[0]->bits()) +
                   " and " + std::to_string(view->bits()));
    }
    const double sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
    const bool sound = std::all_of(weights_.begin(), weights_.end(), [](double each) { return each >= 0; });
    if (!sound || !(sum > 0) || !std::isfinite(sum)) refuse("weights must be finite, not below 0 and not all 0");
    for (double& weight : weights_) weight /= sum;
}

std::size_t MultiView::code_bytes() const noexcept {
    if (fusion_ == Fusion::kVote) return views_[0]->code_bytes();
    std::size_t bytes = 0;
    for (const auto& view : views_) bytes += view->code_bytes();
    return bytes;
}

void MultiView::vote(std::span<const std::uint8_t* const> codes, std::size_t row, std::uint8_t* out) const {
    const auto leading =
        static_cast<std::size_t>(std::max_element(weights_.begin(), weights_.end()) - weights_.begin());
    const std::size_t bytes = code_bytes();
    for (std::size_t byte = 0; byte < bytes; ++byte) {
        double votes[8] = {};
        for (std::size_t view = 0; view < views_.size(); ++view) {
            const unsigned from = codes[view][row * bytes + byte];
            for (std::size_t bit = 0; bit < 8; ++bit)
                votes[bit] += (from >> bit & 1U) != 0 ? weights_[view] : -weights_[view];
        }
        unsigned made = 0;
        for (std::size_t bit = 0; bit < 8; ++bit) {
            const unsigned led = codes[leading][row * bytes + byte] >> bit & 1U;
            made |= (std::fabs(votes[bit]) < kEven ? led : votes[bit] > 0 ? 1U : 0U) << bit;
        }
        out[byte] = static_cast<std::uint8_t>(made);
    }
}

void MultiView::fuse(std::span<const std::uint8_t* const> codes, std::size_t count, std::uint8_t* out,
                     const Work& work) const {
    const std::size_t bytes = code_bytes();
    parallel_for(
        count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            for (std::size_t row = begin; row < end; ++row) {
                std::uint8_t* to = out + row * bytes;
                if (fusion_ == Fusion::kVote) {
                    vote(codes, row, to);
                    continue;
                }
                for (std::size_t view = 0; view < views_.size(); ++view) {
                    const std::size_t size = views_[view]->code_bytes();
                    std::memcpy(to, codes[view] + row * size, size);
                    to += size;
                }
            }
        },
        work.poll);
}

void MultiView::save(SectionWriter& writer) const {
    const ViewsConfig config{views_.size(), static_cast<std::uint64_t>(fusion_)};
    writer.write_section(kConfigSection, &config, sizeof config);
    writer.write_section(kWeightsSection, weights_.data(), weights_.size() * sizeof(double));
    for (std::size_t view = 0; view < views_.size(); ++view) {
        MemorySink sink;
        SectionWriter inner(sink);
        views_[view]->save(inner);
        inner.finish();
        const std::vector<std::byte> bytes = sink.take();
        writer.write_section(section_of(view), bytes.data(), bytes.size());
    }
}

std::unique_ptr<MultiView> MultiView::load(const SectionReader& reader) {
    if (!reader.has(kConfigSection)) return nullptr;
    reader.verify_all();
    ViewsConfig config{};
    std::memcpy(&config, reader.section(kConfigSection, sizeof config).data(), sizeof config);
    if (config.views < 1 || config.views > kMostViews || config.fusion >= kFusionCount)
        refuse_section(kConfigSection, "it describes no views");
    const auto count = static_cast<std::size_t>(config.views);
    std::vector<double> weights(count);
    std::memcpy(weights.data(), reader.section(kWeightsSection, count * sizeof(double)).data(), count * sizeof(double));
    std::vector<std::shared_ptr<const HashFamily>> views;
    for (std::size_t view = 0; view < count; ++view)
        views.push_back(load_hash(SectionReader(reader.section(section_of(view)), reader.owner())));
    try {
        return std::make_unique<MultiView>(std::move(views), static_cast<Fusion>(config.fusion), std::move(weights));
    } catch (const Error& error) {
        refuse_section(kConfigSection, error.what());
    }
}

}  // namespace lanner
