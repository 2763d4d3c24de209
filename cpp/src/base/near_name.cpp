#include "base/near_name.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/utf8.hpp"

namespace lanner {
namespace {

constexpr std::size_t kLongestName = 100;
constexpr std::size_t kLeastWord = 3;  // shorter ones are equal or different
// Of the letters of two words, those in blocks that both have in the same order: one letter of four in the wrong place, or one
// of five.
constexpr double kLeastLikeness = 0.8;
constexpr double kLeastLikenessOfShort = 0.75;
constexpr std::size_t kShortWord = 4;

// Takes the first code point off; a byte that begins none, as one beyond all of them.
char32_t take_letter(std::string_view& text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (!is_utf8(text.substr(0, length))) {
        text.remove_prefix(1);
        return 0x110000U + first;
    }
    char32_t letter = length == 1 ? first : first & (0x7FU >> length);
    for (const char each : text.substr(1, length - 1))
        letter = letter << 6 | (static_cast<unsigned char>(each) & 0x3FU);
    text.remove_prefix(length);
    return letter;
}

// Letters beyond ASCII have no case.
struct Name {
    std::vector<std::u32string> words;
    std::vector<std::u32string> numbers;
    std::u32string letters;  // of all words
};

Name taken_apart(std::string_view text) {
    enum class Run { kNone, kWord, kNumber };
    Name name;
    Run run = Run::kNone;
    while (!text.empty()) {
        const char32_t each = take_letter(text);
        const bool upper = each >= U'A' && each <= U'Z';
        if (each >= U'0' && each <= U'9') {
            if (run != Run::kNumber) name.numbers.emplace_back();
            name.numbers.back() += each;
            run = Run::kNumber;
        } else if (upper || (each >= U'a' && each <= U'z') || each >= 0x80) {
            const char32_t letter = upper ? each - U'A' + U'a' : each;
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
std::size_t letters_in_common(std::u32string_view one, std::u32string_view other) {
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

double likeness_of_words(std::u32string_view one, std::u32string_view other) {
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
