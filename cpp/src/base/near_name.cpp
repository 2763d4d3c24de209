#include "base/near_name.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace lanner {
namespace {

constexpr std::size_t kLongestName = 100;
constexpr std::size_t kLeastWord = 3;  // shorter ones are equal or different
// Of the letters of two words, those in blocks that both have in the same order: one letter of four in the wrong place, or one
// of five.
constexpr double kLeastLikeness = 0.8;
constexpr double kLeastLikenessOfShort = 0.75;
constexpr std::size_t kShortWord = 4;

// Letters beyond ASCII are taken byte by byte, and have no case.
struct Name {
    std::vector<std::string> words;
    std::vector<std::string> numbers;
    std::string letters;  // of all words
};

Name taken_apart(std::string_view text) {
    enum class Run { kNone, kWord, kNumber };
    Name name;
    Run run = Run::kNone;
    for (const char each : text) {
        const auto byte = static_cast<unsigned char>(each);
        const bool upper = byte >= 'A' && byte <= 'Z';
        if (byte >= '0' && byte <= '9') {
            if (run != Run::kNumber) name.numbers.emplace_back();
            name.numbers.back() += each;
            run = Run::kNumber;
        } else if (upper || (byte >= 'a' && byte <= 'z') || byte >= 0x80) {
            const char letter = upper ? static_cast<char>(each - 'A' + 'a') : each;
            if (run != Run::kWord) name.words.emplace_back();
            name.words.back() += letter;
            name.letters += letter;
            run = Run::kWord;
        } else {
            run = Run::kNone;
        }
    }
    return name;
}

// Ratcliff and Obershelp, "Pattern Matching: the Gestalt Approach", 1988: the longest common block, and those on both sides of it.
std::size_t letters_in_common(std::string_view one, std::string_view other) {
    std::size_t length = 0, at = 0, other_at = 0;
    for (std::size_t i = 0; i < one.size(); ++i) {
        for (std::size_t j = 0; j < other.size(); ++j) {
            std::size_t same = 0;
            while (i + same < one.size() && j + same < other.size() && one[i + same] == other[j + same]) ++same;
            if (same <= length) continue;
            length = same;
            at = i;
            other_at = j;
        }
    }
    if (length == 0) return 0;
    return length + letters_in_common(one.substr(0, at), other.substr(0, other_at)) +
           letters_in_common(one.substr(at + length), other.substr(other_at + length));
}

double likeness_of_words(std::string_view one, std::string_view other) {
    if (one == other) return 1;
    if (std::min(one.size(), other.size()) < kLeastWord) return 0;
    const double common = 2.0 * static_cast<double>(letters_in_common(one, other));
    const double likeness = common / static_cast<double>(one.size() + other.size());
    const bool brief = std::max(one.size(), other.size()) <= kShortWord;
    return likeness >= (brief ? kLeastLikenessOfShort : kLeastLikeness) ? likeness : 0;
}

// From 0 for names that nobody would take for each other to 1.
double likeness(const Name& one, const Name& other) {
    if (one.numbers != other.numbers) return 0;
    if (one.letters == other.letters) return 1;
    if (one.words.size() != other.words.size()) return 0;
    double least = 1;
    for (std::size_t i = 0; i < one.words.size(); ++i)
        least = std::min(least, likeness_of_words(one.words[i], other.words[i]));
    return least;
}

}  // namespace

std::optional<std::string> near_name(std::string_view name, std::span<const std::string> names) {
    if (name.size() > kLongestName) return std::nullopt;
    const Name given = taken_apart(name);
    double most = 0;
    std::optional<std::string> nearest;
    for (const std::string& each : names) {
        if (each.size() > kLongestName) continue;
        const double like = likeness(given, taken_apart(each));
        if (like <= most) continue;
        most = like;
        nearest = each;
    }
    return nearest;
}

std::string near_name_hint(std::string_view name, std::span<const std::string> names) {
    const std::optional<std::string> near = near_name(name, names);
    return near ? "; did you mean '" + *near + "'?" : "";
}

}  // namespace lanner
