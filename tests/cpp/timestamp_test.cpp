#include "attributes/timestamp.hpp"

#include <cstdint>

#include "doctest/doctest.h"

namespace lanner {
namespace {

TEST_CASE("ISO 8601 dates and times") {
    const std::int64_t day = 86400LL * 1000000;
    CHECK(parse_timestamp("1970-01-01") == 0);
    CHECK(parse_timestamp("1970-01-02T00:00") == day);
    CHECK(parse_timestamp("1969-12-31 23:59:59.999999Z") == -1);
    CHECK(parse_timestamp("2000-02-29") == 11016 * day);
    CHECK(parse_timestamp("1970-01-01T00:00:00.5+01:30") == 500000 - 90LL * 60 * 1000000);
    CHECK(parse_timestamp("1970-01-01T00:00-0800") == 8LL * 3600 * 1000000);
    CHECK(parse_timestamp("1970-01-01T00:00:00.000001000+00") == 1);
    CHECK(parse_timestamp("0001-01-01") == -719162 * day);
    CHECK(parse_timestamp("9999-12-31T23:59:59.999999") == 2932897 * day - 1);
    for (const char* const wrong :
         {"", "1970", "1970-1-1", "1970-13-01", "2001-02-29", "1970-01-01T", "1970-01-01T24:00", "1970-01-01T00:00:60",
          "1970-01-01T00:00:00.", "1970-01-01T00:00:00.0000001", "1970-01-01T00:00X", "1970-01-01T00:00+1",
          "1970-01-01T00:00Z ", "0000-01-01", "-001-01-01", "1970-01-01+01:00"}) {
        CHECK_MESSAGE(!parse_timestamp(wrong), wrong);
    }
}

}  // namespace
}  // namespace lanner
