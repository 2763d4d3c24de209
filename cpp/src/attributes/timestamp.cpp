#include "attributes/timestamp.hpp"

#include <chrono>
#include <cstddef>

namespace lanner {
namespace {

struct Scanner {
    std::string_view rest;

    bool skip(char wanted) noexcept {
        if (rest.empty() || rest.front() != wanted) return false;
        rest.remove_prefix(1);
        return true;
    }
    // Exactly `digits` digits, with a value from `least` to `most`.
    bool number(std::size_t digits, int least, int most, int& value) noexcept {
        if (rest.size() < digits) return false;
        value = 0;
        for (const char each : rest.substr(0, digits)) {
            if (each < '0' || each > '9') return false;
            value = value * 10 + (each - '0');
        }
        rest.remove_prefix(digits);
        return value >= least && value <= most;
    }
};

bool fraction(Scanner& scanner, std::int64_t& microseconds) noexcept {
    std::int64_t unit = 100000;
    bool any = false;
    while (!scanner.rest.empty() && scanner.rest.front() >= '0' && scanner.rest.front() <= '9') {
        const int digit = scanner.rest.front() - '0';
        if (unit == 0 && digit != 0) return false;  // finer than a microsecond
        microseconds += digit * unit;
        unit /= 10;
        any = true;
        scanner.rest.remove_prefix(1);
    }
    return any;
}

bool zone(Scanner& scanner, std::int64_t& minutes) noexcept {
    if (scanner.rest.empty() || scanner.skip('Z') || scanner.skip('z')) return true;
    const bool west = scanner.skip('-');
    if (!west && !scanner.skip('+')) return false;
    int hour = 0;
    int minute = 0;
    if (!scanner.number(2, 0, 23, hour)) return false;
    if (!scanner.rest.empty()) {
        scanner.skip(':');
        if (!scanner.number(2, 0, 59, minute)) return false;
    }
    minutes = (west ? -1 : 1) * (hour * 60 + minute);
    return true;
}

}  // namespace

std::optional<std::int64_t> parse_timestamp(std::string_view text) noexcept {
    Scanner scanner{text};
    int year = 0;
    int month = 0;
    int day = 0;
    if (!scanner.number(4, 1, 9999, year) || !scanner.skip('-') || !scanner.number(2, 1, 12, month) ||
        !scanner.skip('-') || !scanner.number(2, 1, 31, day)) {
        return {};
    }
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) return {};
    std::int64_t seconds = std::int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * 86400;
    std::int64_t microseconds = 0;
    if (!scanner.rest.empty()) {
        int hour = 0;
        int minute = 0;
        int second = 0;
        if (!scanner.skip('T') && !scanner.skip('t') && !scanner.skip(' ')) return {};
        if (!scanner.number(2, 0, 23, hour) || !scanner.skip(':') || !scanner.number(2, 0, 59, minute)) return {};
        if (scanner.skip(':')) {
            if (!scanner.number(2, 0, 59, second)) return {};
            if (scanner.skip('.') && !fraction(scanner, microseconds)) return {};
        }
        std::int64_t east = 0;
        if (!zone(scanner, east)) return {};
        seconds += hour * 3600 + minute * 60 + second - east * 60;
    }
    if (!scanner.rest.empty()) return {};
    return seconds * 1000000 + microseconds;
}

}  // namespace lanner
