#include "index/codec_choice.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/near_name.hpp"
#include "index/vector_store.hpp"
#include "kernels/dispatch.hpp"
#include "lanner/error.hpp"

namespace lanner {
namespace {

// Rates at equal recall, codes over vectors (bench/README.md): of float32, 0.9 with 8 bits on 32 features, 1.1 on 64, 1.7
// with 4 bits on 128 and 2.4 on 384. Vectors of bytes are no slower than codes of 4 bits save in many dimensions, and
// those codes take half as much again. Exact indexes stay so. Who keeps less than the vectors wants codes at any rate: of 8
// bits where there would be none, save beside bytes, which take no more.
CodecKind chosen_codec(const IndexOptions& options) noexcept {
    constexpr std::size_t kLeastDim = 64;
    constexpr std::size_t kShortCodeDim = 128;
    if (options.type == ElementType::kBits) return CodecKind::kNone;
    const bool keeps_all = options.keep == Keep::kAsGiven;
    if (!is_float(options.type)) return keeps_all ? CodecKind::kNone : CodecKind::kSQ4;
    if (!options.graph || options.dim < kLeastDim) return keeps_all ? CodecKind::kNone : CodecKind::kSQ8;
    return options.dim < kShortCodeDim ? CodecKind::kSQ8 : CodecKind::kSQ4;
}

// OPQ learns a rotation of dim x dim, in time of dim^3.
constexpr std::size_t kMostRotated = 4096;

// The parameters of a codec.
void check_codec(const IndexOptions& options) {
    const auto refuse = [](const std::string& message) { throw Error(ErrorKind::kInvalidArgument, message); };
    const std::uint32_t parts = options.codec_parts;
    const std::uint32_t bits = options.codec_bits;
    switch (options.codec) {
        case CodecKind::kPQ:
        case CodecKind::kOPQ:
            if (bits != 4 && bits != 8) refuse("codec PQ and OPQ take 4 or 8 bits a part, got " + std::to_string(bits));
            if (options.codec == CodecKind::kOPQ && options.dim > kMostRotated) {
                refuse("codec OPQ takes at most " + std::to_string(kMostRotated) + " dimensions, got " +
                       std::to_string(options.dim) + "; PQ takes more");
            }
            if (parts == 0 || options.dim % parts != 0) {
                refuse("codec PQ and OPQ take a number of parts that divides the dimension, " +
                       std::to_string(options.dim) + ", got " + std::to_string(parts));
            }
            return;
        case CodecKind::kBinary:
            if (bits < 1 || bits > 4) refuse("codec Binary takes 1 to 4 bits a feature, got " + std::to_string(bits));
            if (parts != 0) refuse("codec Binary has no parts, got " + std::to_string(parts));
            return;
        default:
            if (parts != 0 || bits != 0)
                refuse("codec " + codec_name(options) + " has neither parts nor bits to choose");
    }
}

}  // namespace

void check_space(const IndexOptions& options) {
    const auto refuse = [](const std::string& message) { throw Error(ErrorKind::kInvalidArgument, message); };
    const std::string type(element_name(options.type));
    const MetricTraits& metric = traits(options.metric);
    const bool bits = options.type == ElementType::kBits;
    if (bits != metric.on_bits) {
        refuse("metric '" + std::string(metric.name) + "' does not work on dtype '" + type + "'; " +
               (bits ? "bits take hamming and jaccard" : "hamming and jaccard work on bits"));
    }
    const std::size_t most = bits ? kMaxBits : kMaxDim;
    if (options.dim < 1 || options.dim > most) {
        refuse("dim must be between 1 and " + std::to_string(most) + " for dtype '" + type + "', got " +
               std::to_string(options.dim));
    }
}

void settle_codec(IndexOptions& options) {
    if (options.codec == CodecKind::kAuto) options.codec = chosen_codec(options);
    if (options.codec != CodecKind::kNone && options.type == ElementType::kBits)
        throw Error(ErrorKind::kInvalidArgument, "codec must be none for dtype 'bits', which are codes already");
    if (options.codec_bits == 0) {
        if (options.codec == CodecKind::kPQ || options.codec == CodecKind::kOPQ) options.codec_bits = 8;
        if (options.codec == CodecKind::kBinary) options.codec_bits = 1;
    }
    check_codec(options);
}

std::string codec_name(const IndexOptions& options) {
    const std::string bits = std::to_string(options.codec_bits);
    switch (options.codec) {
        case CodecKind::kNone:
            return "none";
        case CodecKind::kSQ8:
            return "SQ8";
        case CodecKind::kSQ4:
            return "SQ4";
        case CodecKind::kPQ:
            return "PQ" + std::to_string(options.codec_parts) + "x" + bits;
        case CodecKind::kOPQ:
            return "OPQ" + std::to_string(options.codec_parts) + "x" + bits;
        case CodecKind::kBinary:
            return "Binary" + bits;
        default:
            return "auto";
    }
}

namespace {

// Whether the name is one of a codec, which the options have then.
bool read_codec(std::string_view name, IndexOptions& options) {
    const auto take = [&](std::string_view word) {
        if (!name.starts_with(word)) return false;
        name.remove_prefix(word.size());
        return true;
    };
    const auto number = [&](std::uint32_t& out) {
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), out);
        const bool read = error == std::errc() && out > 0;
        if (read) name.remove_prefix(static_cast<std::size_t>(end - name.data()));
        return read;
    };
    options.codec_parts = options.codec_bits = 0;
    bool known = true;
    if (take("none")) {
        options.codec = CodecKind::kNone;
    } else if (take("auto")) {
        options.codec = CodecKind::kAuto;
    } else if (take("SQ8")) {
        options.codec = CodecKind::kSQ8;
    } else if (take("SQ4")) {
        options.codec = CodecKind::kSQ4;
    } else if (take("Binary")) {
        options.codec = CodecKind::kBinary;
        known = name.empty() || number(options.codec_bits);
    } else if (const bool rotated = take("OPQ"); rotated || take("PQ")) {
        options.codec = rotated ? CodecKind::kOPQ : CodecKind::kPQ;
        known = number(options.codec_parts) && (name.empty() || (take("x") && number(options.codec_bits)));
    } else {
        known = false;
    }
    return known && name.empty();
}

// Codecs that an index of these options can have, with the numbers of a name that is none.
std::vector<std::string> likely_codecs(std::string_view given, const IndexOptions& options) {
    std::vector<std::string> numbers;
    bool inside = false;
    for (const char each : given) {
        const bool digit = each >= '0' && each <= '9';
        if (digit && !inside) numbers.emplace_back();
        if (digit) numbers.back() += each;
        inside = digit;
    }
    std::vector<std::string> names = {"auto", "SQ8", "SQ4", "Binary"};
    if (numbers.size() == 1 || numbers.size() == 2) {
        const std::string tail = numbers[0] + (numbers.size() == 2 ? "x" + numbers[1] : "");
        for (const char* const word : {"PQ", "OPQ", "Binary"}) names.push_back(word + tail);
    }
    std::erase_if(names, [&](const std::string& name) {
        IndexOptions made = options;
        if (!read_codec(name, made)) return true;
        try {
            settle_codec(made);
        } catch (const Error&) {
            return true;
        }
        return false;
    });
    return names;
}

}  // namespace

void set_codec(IndexOptions& given_options, std::string_view name) {
    IndexOptions options = given_options;
    if (!read_codec(name, options)) {
        throw Error(ErrorKind::kInvalidArgument,
                    "codec must be auto, SQ8, SQ4, PQ<parts>x<bits>, OPQ<parts>x<bits> or Binary<bits>, got '" +
                        std::string(name) + "'" + near_name_hint(name, likely_codecs(name, given_options)));
    }
    given_options = std::move(options);
}

std::size_t bytes_a_vector(const IndexOptions& options) {
    IndexOptions settled = options;
    check_space(settled);
    settle_codec(settled);
    return VectorStore(settled, active_kernels()).bytes_a_row();
}

void fit_budget(IndexOptions& options, std::size_t bytes) {
    if (options.type == ElementType::kBits)
        throw Error(ErrorKind::kInvalidArgument, "memory_budget is for vectors of numbers, and dtype 'bits' has none");
    check_space(options);
    std::size_t least = std::numeric_limits<std::size_t>::max();
    std::size_t most = 0;
    IndexOptions best = options;
    const auto look = [&](Keep keep, CodecKind codec, std::size_t parts = 0, std::uint32_t bits = 0) {
        IndexOptions choice = options;
        choice.keep = keep;
        choice.codec = codec;
        choice.codec_parts = static_cast<std::uint32_t>(parts);
        choice.codec_bits = bits;
        choice.measure_codec = codec != CodecKind::kNone;
        const std::size_t taken = bytes_a_vector(choice);
        least = std::min(least, taken);
        if (taken > bytes || taken <= most) return;
        most = taken;
        best = choice;
    };
    // With vectors kept: the codec that such an index has by default, the vectors alone, and float16 beside codes; the first that
    // fits.
    IndexOptions plain = options;
    plain.codec = CodecKind::kAuto;
    plain.keep = Keep::kAsGiven;
    const CodecKind usual = chosen_codec(plain);
    const bool halves = options.type == ElementType::kFloat32;
    const struct {
        Keep keep;
        CodecKind codec;
        bool serves;
    } kept[] = {
        {Keep::kAsGiven, usual, true},
        {Keep::kAsGiven, CodecKind::kSQ4, usual != CodecKind::kNone},
        {Keep::kAsGiven, CodecKind::kNone, true},
        {Keep::kFloat16, CodecKind::kSQ4, halves && usual != CodecKind::kNone},
        {Keep::kFloat16, CodecKind::kSQ8, halves && usual == CodecKind::kNone},
    };
    for (const auto& each : kept) {
        if (each.serves && most == 0) look(each.keep, each.codec);
    }
    // Codes alone: the largest that fit. Of equal size, scalar codes find more than product codes, and those more than binary
    // ones (bench/README.md); and the larger of any two finds more.
    if (most == 0) {
        look(Keep::kNothing, CodecKind::kSQ8);
        look(Keep::kNothing, CodecKind::kSQ4);
        const CodecKind product = options.dim <= kMostRotated ? CodecKind::kOPQ : CodecKind::kPQ;
        for (std::size_t parts = options.dim / 2; parts > 0; --parts) {
            if (options.dim % parts == 0) look(Keep::kNothing, product, parts, 4);
        }
        for (std::uint32_t bits = 4; bits > 0; --bits) look(Keep::kNothing, CodecKind::kBinary, 0, bits);
    }
    if (most > 0) {
        options = best;
        return;
    }
    throw Error(ErrorKind::kInvalidArgument, "memory_budget must be at least " + std::to_string(least) +
                                                 " bytes a vector for dim=" + std::to_string(options.dim) + ", got " +
                                                 std::to_string(bytes));
}

}  // namespace lanner
