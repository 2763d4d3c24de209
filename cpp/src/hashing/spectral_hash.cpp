#include "hashing/spectral_hash.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <queue>

#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

constexpr std::size_t kSlab = 64;

struct Config {
    std::uint64_t dim;
    std::uint64_t bits;
    std::uint64_t axes;
    std::uint8_t zero[8];
};
static_assert(sizeof(Config) == 32);

// The next mode of an axis, and where it stands: less is smoother.
struct NextMode {
    double ratio;
    SpectralMode mode;

    bool operator>(const NextMode& other) const noexcept {
        return ratio != other.ratio ? ratio > other.ratio : mode.axis > other.mode.axis;
    }
};

std::vector<SpectralMode> smoothest(const std::vector<float>& ranges, std::size_t bits) {
    std::priority_queue<NextMode, std::vector<NextMode>, std::greater<>> waiting;
    const auto queue = [&](std::uint32_t axis, std::uint32_t frequency) {
        waiting.push({static_cast<double>(frequency) / static_cast<double>(ranges[axis]), {axis, frequency}});
    };
    for (std::size_t axis = 0; axis < ranges.size(); ++axis) queue(static_cast<std::uint32_t>(axis), 1);
    std::vector<SpectralMode> modes;
    while (modes.size() < bits) {
        modes.push_back(waiting.top().mode);
        waiting.pop();
        queue(modes.back().axis, modes.back().frequency + 1);
    }
    return modes;
}

}  // namespace

std::unique_ptr<SpectralHash> SpectralHash::fit(const LearningRows& rows, std::size_t bits, const FitOptions& options) {
    std::unique_ptr<SpectralHash> made(new SpectralHash(bits));
    FitReport report(options.progress, 1);
    const Work work{options.threads, report.poller()};
    const std::size_t dim = rows.dim;
    std::size_t axes = std::min(bits, dim);
    PrincipalAxes found = principal_axes(rows, axes, options.seed, work);
    const std::size_t count = found.sample.size() / dim;
    for (std::size_t i = 0; i < found.sample.size(); ++i) found.sample[i] -= found.mean[i % dim];
    const std::vector<float> columns = transposed(found.axes.data(), axes, dim);
    std::vector<float> v(count * axes);
    multiply(found.sample.data(), columns.data(), count, dim, axes, v.data(), work);
    std::vector<float> least(axes, 0.0F);
    std::vector<float> most(axes, 0.0F);
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t axis = 0; axis < axes; ++axis) {
            const float value = v[i * axes + axis];
            least[axis] = i == 0 ? value : std::min(least[axis], value);
            most[axis] = i == 0 ? value : std::max(most[axis], value);
        }
    }
    // The widest first: the order of ranges is nearly that of variances, not quite. Axes without a range tell nothing.
    std::vector<std::size_t> order;
    for (std::size_t axis = 0; axis < axes; ++axis) {
        if (most[axis] - least[axis] > 1e-6F * (most[0] - least[0]) && most[axis] > least[axis]) order.push_back(axis);
    }
    if (order.empty())
        throw Error(ErrorKind::kInvalidArgument, "vectors must differ from one another, got equal rows only");
    std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
        return most[left] - least[left] > most[right] - least[right];
    });
    axes = order.size();
    made->columns_.resize(dim * axes);
    for (std::size_t to = 0; to < axes; ++to) {
        const std::size_t from = order[to];
        made->least_.push_back(least[from]);
        made->ranges_.push_back(most[from] - least[from]);
        for (std::size_t j = 0; j < dim; ++j) made->columns_[j * axes + to] = found.axes[from * dim + j];
    }
    made->mean_ = std::move(found.mean);
    made->modes_ = smoothest(made->ranges_, bits);
    report.finish();
    return made;
}

void SpectralHash::value_rows(const HashRows& rows, std::size_t first, std::size_t count, float* out) const {
    constexpr float kPi = 3.14159265358979F;
    const std::size_t axes = ranges_.size();
    std::vector<float> centred(rows.vectors + first * dim(), rows.vectors + (first + count) * dim());
    for (std::size_t i = 0; i < centred.size(); ++i) centred[i] -= mean_[i % dim()];
    std::vector<float> v(count * axes, 0.0F);
    const ColumnsKernel add = active_kernels().columns[static_cast<int>(Op::kDot)];
    for (std::size_t j = 0; j < dim(); j += kSlab) {
        add(centred.data() + j, dim(), count, columns_.data() + j * axes, axes, std::min(kSlab, dim() - j), axes,
            v.data(), axes);
    }
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t bit = 0; bit < bits(); ++bit) {
            const SpectralMode mode = modes_[bit];
            const float place = (v[i * axes + mode.axis] - least_[mode.axis]) / ranges_[mode.axis];
            const float value = std::cos(kPi * static_cast<float>(mode.frequency) * place);
            out[i * bits() + bit] = value == value ? value : 0.0F;  // infinite places have no cosine
        }
    }
}

void SpectralHash::save(SectionWriter& writer) const {
    Config config{};
    config.dim = dim();
    config.bits = bits();
    config.axes = ranges_.size();
    writer.write_section("spectral.config", &config, sizeof config);
    writer.write_section("spectral.mean", mean_.data(), mean_.size() * sizeof(float));
    writer.write_section("spectral.columns", columns_.data(), columns_.size() * sizeof(float));
    writer.write_section("spectral.least", least_.data(), least_.size() * sizeof(float));
    writer.write_section("spectral.ranges", ranges_.data(), ranges_.size() * sizeof(float));
    writer.write_section("spectral.modes", modes_.data(), modes_.size() * sizeof(SpectralMode));
}

std::unique_ptr<SpectralHash> SpectralHash::load(const SectionReader& reader) {
    if (!reader.has("spectral.config")) return nullptr;
    Config config{};
    std::memcpy(&config, reader.section("spectral.config", sizeof config).data(), sizeof config);
    if (config.dim < 1 || config.dim > kMaxDim || config.bits < 8 || config.bits > kMaxHashBits ||
        config.bits % 8 != 0 || config.axes < 1 || config.axes > std::min(config.dim, config.bits))
        refuse_section("spectral.config", "it describes no hash");
    const auto dim = static_cast<std::size_t>(config.dim);
    const auto bits = static_cast<std::size_t>(config.bits);
    const auto axes = static_cast<std::size_t>(config.axes);
    std::unique_ptr<SpectralHash> made(new SpectralHash(bits));
    made->mean_ = read_floats(reader, "spectral.mean", dim);
    made->columns_ = read_floats(reader, "spectral.columns", dim * axes);
    made->least_ = read_floats(reader, "spectral.least", axes);
    made->ranges_ = read_floats(reader, "spectral.ranges", axes);
    if (!std::all_of(made->ranges_.begin(), made->ranges_.end(), [](float each) { return each > 0; }))
        refuse_section("spectral.ranges", "an axis has no range");
    made->modes_.resize(bits);
    std::memcpy(made->modes_.data(), reader.section("spectral.modes", bits * sizeof(SpectralMode)).data(),
                bits * sizeof(SpectralMode));
    for (const SpectralMode& each : made->modes_) {
        if (each.axis >= axes || each.frequency < 1 || each.frequency > kMaxHashBits)
            refuse_section("spectral.modes", "a bit belongs to no axis");
    }
    return made;
}

}  // namespace lanner
