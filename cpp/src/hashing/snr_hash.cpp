#include "hashing/snr_hash.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.hpp"

namespace lanner {
namespace {

constexpr std::size_t kBatch = 256;
constexpr double kRate = 0.01;
constexpr std::size_t kFirstRounds = 20;  // of ITQ

// Rows by class, to draw partners from.
struct Classes {
    std::vector<std::size_t> first;  // of each class, and the end
    std::vector<std::uint32_t> rows;

    Classes(const std::vector<std::uint32_t>& labels, std::size_t classes)
        : first(classes + 1, 0), rows(labels.size()) {
        for (const std::uint32_t label : labels) ++first[label + 1];
        for (std::size_t c = 0; c < classes; ++c) first[c + 1] += first[c];
        std::vector<std::size_t> next(first.begin(), first.end() - 1);
        for (std::size_t i = 0; i < labels.size(); ++i) rows[next[labels[i]]++] = static_cast<std::uint32_t>(i);
    }
    std::uint32_t draw(std::uint32_t label, std::uint64_t random) const {
        return rows[first[label] + random % (first[label + 1] - first[label])];
    }
};

class Adam {
  public:
    explicit Adam(std::size_t count) : first_(count, 0.0F), second_(count, 0.0F) {}

    void step(std::vector<float>& at, const std::vector<float>& gradient, double rate) {
        constexpr float kFirst = 0.9F;
        constexpr float kSecond = 0.999F;
        ++steps_;
        const double size = rate * std::sqrt(1 - std::pow(0.999, steps_)) / (1 - std::pow(0.9, steps_));
        const auto step = static_cast<float>(size);
        for (std::size_t i = 0; i < at.size(); ++i) {
            first_[i] = kFirst * first_[i] + (1 - kFirst) * gradient[i];
            second_[i] = kSecond * second_[i] + (1 - kSecond) * gradient[i] * gradient[i];
            at[i] -= step * first_[i] / (std::sqrt(second_[i]) + 1e-8F);
        }
    }

  private:
    std::vector<float> first_;
    std::vector<float> second_;
    int steps_ = 0;
};

// The gradient of the loss by u, `count` rows of bits.
std::vector<float> gradient_of(const std::vector<float>& u, const std::vector<std::uint32_t>& labels, std::size_t bits,
                               const SnrOptions& snr, const Work& work) {
    const std::size_t count = labels.size();
    std::vector<float> centred(u);
    std::vector<float> means(count);
    std::vector<double> squares(count);  // bits times the variance
    for (std::size_t i = 0; i < count; ++i) {
        double sum = 0;
        for (std::size_t k = 0; k < bits; ++k) sum += static_cast<double>(u[i * bits + k]);
        means[i] = static_cast<float>(sum / static_cast<double>(bits));
        for (std::size_t k = 0; k < bits; ++k) {
            centred[i * bits + k] -= means[i];
            const auto each = static_cast<double>(centred[i * bits + k]);
            squares[i] += each * each;
        }
    }
    // Of an anchor without variance there is no SNR distance, and one with little outweighs all others by the square of how
    // little it is: such rows are held against others, and are no anchors themselves.
    constexpr double kLeastSignal = 0.1;
    const double usual = std::accumulate(squares.begin(), squares.end(), 0.0) / static_cast<double>(count);
    const double least = std::max(kLeastSignal * usual, 1e-12);
    const std::vector<float> turned = transposed(centred.data(), count, bits);
    std::vector<float> products(count * count);
    multiply(centred.data(), turned.data(), count, bits, count, products.data(), work);
    std::size_t same = 0;
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < count; ++j) same += i != j && labels[i] == labels[j] ? 1 : 0;
    }
    const std::size_t others = count * (count - 1) - same;
    // With a = 2 (dL/dd_ij) / signal_i, the gradient by the centred u is diag(own) u - (a + a^T) u.
    std::vector<float> pulls(count * count, 0.0F);
    std::vector<double> own(count, 0.0);
    for (std::size_t i = 0; i < count; ++i) {
        if (squares[i] < least) continue;
        for (std::size_t j = 0; j < count; ++j) {
            if (i == j) continue;
            const double distance =
                (squares[i] + squares[j] - 2 * static_cast<double>(products[i * count + j])) / squares[i];
            double slope = 0;
            if (labels[i] == labels[j]) {
                slope = 1 / static_cast<double>(same);
            } else if (distance < snr.margin) {
                slope = -1 / static_cast<double>(others);
            }
            const double a = 2 * slope / squares[i];
            own[i] += a * (1 - distance);
            own[j] += a;
            pulls[i * count + j] += static_cast<float>(a);
            pulls[j * count + i] += static_cast<float>(a);
        }
    }
    std::vector<float> gradient(count * bits);
    multiply(pulls.data(), centred.data(), count, count, bits, gradient.data(), work);
    const double share = 1 / (static_cast<double>(count) * static_cast<double>(bits));
    for (std::size_t i = 0; i < count; ++i) {
        double sum = 0;
        for (std::size_t k = 0; k < bits; ++k) {
            float& each = gradient[i * bits + k];
            each = static_cast<float>(own[i]) * centred[i * bits + k] - each;
            sum += static_cast<double>(each);
        }
        const double mean = sum / static_cast<double>(bits);
        const double drawn = snr.balance * share * (means[i] > 0 ? 1.0 : -1.0);
        for (std::size_t k = 0; k < bits; ++k) {
            const auto value = static_cast<double>(u[i * bits + k]);
            const double rounded = 2 * snr.quantization * share * (value - (value > 0 ? 1.0 : -1.0));
            gradient[i * bits + k] += static_cast<float>(drawn + rounded - mean);
        }
    }
    return gradient;
}

std::unique_ptr<LinearHash> beginning(const LabelledSample& sample, std::size_t dim, std::size_t bits,
                                      const FitOptions& options) {
    const LearningRows rows{sample.rows.data(), sample.labels.size(), dim};
    if (bits > dim) return random_hyperplanes(dim, bits, options.seed);
    return fit_itq(rows, bits, kFirstRounds, {options.seed, options.threads, nullptr});
}

}  // namespace

std::unique_ptr<LinearHash> fit_snr(const LearningRows& rows, const Labels& labels, std::size_t bits,
                                    const SnrOptions& snr, const FitOptions& options) {
    FitReport report(options.progress, snr.steps);
    const Work work{options.threads, report.poller()};
    const std::size_t dim = rows.dim;
    LabelledSample sample = labelled_sample(rows, labels, options.seed);
    const std::size_t count = sample.labels.size();
    std::vector<float> w = beginning(sample, dim, bits, options)->planes().columns;
    std::vector<double> mean(dim, 0.0);
    for (std::size_t i = 0; i < sample.rows.size(); ++i) mean[i % dim] += static_cast<double>(sample.rows[i]);
    for (double& each : mean) each /= static_cast<double>(count);
    // Features of about unit size, and u of unit variance to begin with: steps of one size then suit any data.
    double squares = 0;
    for (std::size_t i = 0; i < sample.rows.size(); ++i) {
        const double each = static_cast<double>(sample.rows[i]) - mean[i % dim];
        sample.rows[i] = static_cast<float>(each);
        squares += each * each;
    }
    const double spread = std::sqrt(squares / static_cast<double>(sample.rows.size()));
    const double scale = spread > 0 ? 1 / spread : 1.0;
    for (float& each : sample.rows) each = static_cast<float>(static_cast<double>(each) * scale);
    std::vector<float> u(count * bits);
    multiply(sample.rows.data(), w.data(), count, dim, bits, u.data(), work);
    double sizes = 0;
    for (const float each : u) sizes += static_cast<double>(each) * static_cast<double>(each);
    const double size = std::sqrt(sizes / static_cast<double>(u.size()));
    for (float& each : w) each = static_cast<float>(static_cast<double>(each) / (size > 0 ? size : 1.0));

    const Classes classes(sample.labels, labels.classes);
    Adam adam(w.size());
    std::vector<float> batch(kBatch * dim);
    std::vector<std::uint32_t> batch_labels(kBatch);
    std::vector<float> drawn(kBatch * bits);
    std::vector<float> gradient(dim * bits);
    for (std::size_t step = 0; step < snr.steps; ++step) {
        for (std::size_t i = 0; i < kBatch; ++i) {
            const std::uint64_t random = random_at(options.seed + 1, step * kBatch + i);
            const std::uint32_t row = i < kBatch / 2 ? static_cast<std::uint32_t>(random % count)
                                                     : classes.draw(batch_labels[i - kBatch / 2], random);
            std::copy_n(sample.rows.data() + row * dim, dim, batch.data() + i * dim);
            batch_labels[i] = sample.labels[row];
        }
        multiply(batch.data(), w.data(), kBatch, dim, bits, drawn.data(), work);
        const std::vector<float> slopes = gradient_of(drawn, batch_labels, bits, snr, work);
        multiply(transposed(batch.data(), kBatch, dim).data(), slopes.data(), dim, kBatch, bits, gradient.data(), work);
        adam.step(w, gradient, kRate * (1 - static_cast<double>(step) / static_cast<double>(snr.steps)));
        report.add(1);
    }
    report.finish();
    for (float& each : w) each = static_cast<float>(static_cast<double>(each) * scale);
    return std::make_unique<LinearHash>(
        "snr", LinearPlanes{{mean.begin(), mean.end()}, std::move(w), std::vector<float>(bits, 0.0F)});
}

}  // namespace lanner
