#include "codecs/reduction.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/thread_pool.hpp"
#include "codecs/covariance.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

constexpr std::size_t kMostRows = 65536;
constexpr std::size_t kGroup = 64;

struct Config {
    std::uint64_t dim;
    std::uint64_t reduced;
    std::uint8_t zero[16];
};
static_assert(sizeof(Config) == 32);

void add_products(const float* rows, std::size_t count, std::size_t inner, const std::vector<float>& matrix,
                  std::size_t columns, float* out) noexcept {
    active_kernels().columns[static_cast<int>(Op::kDot)](rows, inner, count, matrix.data(), columns, inner, columns,
                                                         out, columns);
}

}  // namespace

Reduction::Reduction(std::vector<float> mean, std::vector<float> axes, std::size_t reduced)
    : reduced_(reduced),
      mean_(std::move(mean)),
      axes_(std::move(axes)),
      columns_(transposed(axes_.data(), reduced, mean_.size())) {}

std::unique_ptr<Reduction> Reduction::fit(const float* rows, std::size_t count, std::size_t dim, std::size_t reduced,
                                          const InnerFit& inner, const FitOptions& options) {
    if (reduced < 1 || reduced > dim || dim > kMaxDim)
        throw Error(ErrorKind::kInvalidArgument, "dim must be 1 to the dimension of the vectors, " +
                                                     std::to_string(dim) + ", got " + std::to_string(reduced));
    if (count < 2)
        throw Error(ErrorKind::kInvalidArgument,
                    "vectors must have at least 2 rows to find axes of variance, got " + std::to_string(count));
    require_norms(rows, count, dim, "vectors");
    FitReport report(options.progress, 1);
    const Work work{options.threads, report.poller()};
    const std::vector<float> sample = sample_rows(rows, count, dim, kMostRows, options.seed);
    const Covariance covariance = covariance_of(sample.data(), sample.size() / dim, dim, work);
    const Eigen eigen = symmetric_eigen(covariance.matrix, dim, work.poll);
    std::unique_ptr<Reduction> made(new Reduction(
        {covariance.mean.begin(), covariance.mean.end()},
        {eigen.vectors.begin(), eigen.vectors.begin() + static_cast<std::ptrdiff_t>(reduced * dim)}, reduced));
    if (!inner) {
        report.finish();
        return made;
    }
    std::vector<float> projected(count * reduced);
    made->project(rows, count, projected.data(), work);
    made->inner_ = inner(projected.data(), count, reduced, options);
    return made;
}

void Reduction::project(const float* rows, std::size_t count, float* out, const Work& work) const {
    parallel_for(
        count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            std::vector<float> centred(rows + begin * dim(), rows + end * dim());
            for (std::size_t i = 0; i < end - begin; ++i) {
                for (std::size_t j = 0; j < dim(); ++j) centred[i * dim() + j] -= mean_[j];
            }
            std::fill(out + begin * reduced_, out + end * reduced_, 0.0F);
            add_products(centred.data(), end - begin, dim(), columns_, reduced_, out + begin * reduced_);
        },
        work.poll);
}

void Reduction::encode(const float* rows, std::size_t count, std::uint8_t* codes, const Work& work) const {
    std::vector<float> projected(count * reduced_);
    project(rows, count, projected.data(), work);
    if (inner_) {
        inner_->encode(projected.data(), count, codes, work);
    } else if (count > 0) {
        std::memcpy(codes, projected.data(), projected.size() * sizeof(float));
    }
}

void Reduction::decode(const std::uint8_t* codes, std::size_t count, float* rows, const Work& work) const {
    std::vector<float> projected(count * reduced_);
    if (inner_) {
        inner_->decode(codes, count, projected.data(), work);
    } else if (count > 0) {
        std::memcpy(projected.data(), codes, projected.size() * sizeof(float));
    }
    parallel_for(
        count, kGroup, work.threads,
        [&](std::size_t begin, std::size_t end, std::size_t) {
            for (std::size_t i = begin; i < end; ++i) std::copy(mean_.begin(), mean_.end(), rows + i * dim());
            add_products(projected.data() + begin * reduced_, end - begin, reduced_, axes_, dim(),
                         rows + begin * dim());
        },
        work.poll);
}

// With y the projection of q - mean, |q - decoded|^2 is |y - code|^2 plus what of q - mean lies beside the axes, and
// <q, decoded> is <q, mean> plus the product of q's projection with the code.
CodeQuery Reduction::query(const float* query, Match match) const {
    std::vector<float> turned(reduced_, 0.0F);
    double constant = 0;
    if (match == Match::kL2) {
        project(query, 1, turned.data(), {});
        for (std::size_t j = 0; j < dim(); ++j) {
            const double feature = static_cast<double>(query[j]) - static_cast<double>(mean_[j]);
            constant += feature * feature;
        }
        for (const float each : turned) constant -= static_cast<double>(each) * static_cast<double>(each);
        constant = std::max(constant, 0.0);
    } else {
        add_products(query, 1, dim(), columns_, reduced_, turned.data());
        for (std::size_t j = 0; j < dim(); ++j)
            constant -= static_cast<double>(query[j]) * static_cast<double>(mean_[j]);
    }
    CodeQuery made;
    if (inner_) {
        made = inner_->query(turned.data(), match);
    } else {
        if (match == Match::kDot) {
            for (float& each : turned) each = -each;
        }
        made.table = std::move(turned);
    }
    made.constant += static_cast<float>(constant);
    return made;
}

Quantizer::Factors Reduction::factors(const std::uint8_t* code, Match match) const {
    return inner_ ? inner_->factors(code, match) : Factors{};
}

void Reduction::save(SectionWriter& writer) const {
    Config config{};
    config.dim = dim();
    config.reduced = reduced_;
    writer.write_section("reduce.config", &config, sizeof config);
    writer.write_section("reduce.mean", mean_.data(), mean_.size() * sizeof(float));
    writer.write_section("reduce.axes", axes_.data(), axes_.size() * sizeof(float));
    if (inner_) inner_->save(writer);
}

std::unique_ptr<Reduction> Reduction::load(const SectionReader& reader, std::shared_ptr<Quantizer> inner) {
    Config config{};
    std::memcpy(&config, reader.section("reduce.config", sizeof config).data(), sizeof config);
    if (config.dim < 1 || config.dim > kMaxDim || config.reduced < 1 || config.reduced > config.dim)
        refuse_section("reduce.config", "it describes no reduction");
    const auto dim = static_cast<std::size_t>(config.dim);
    const auto reduced = static_cast<std::size_t>(config.reduced);
    if (inner && inner->dim() != reduced) refuse_section("reduce.config", "its codes are of another dimension");
    std::unique_ptr<Reduction> made(new Reduction(read_floats(reader, "reduce.mean", dim),
                                                  read_floats(reader, "reduce.axes", reduced * dim), reduced));
    made->inner_ = std::move(inner);
    return made;
}

}  // namespace lanner
