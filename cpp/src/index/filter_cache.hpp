// Filters and what they let through, the latest few, so that a filter asked again costs little.
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

#include "lanner/filter.hpp"
#include "search/matches.hpp"

namespace lanner {

class FilterCache {
  public:
    // What was put there for this filter at this version of the index, or nullptr.
    std::shared_ptr<const Matches> find(const Filter& filter, std::uint64_t version);
    // Forgets the oldest entries, and those of other versions, as room is needed.
    void put(const Filter& filter, std::uint64_t version, std::shared_ptr<const Matches> matches);
    std::size_t memory_bytes() const;

  private:
    struct Entry {
        std::uint64_t hash;
        Filter filter;
        std::shared_ptr<const Matches> matches;
        std::size_t bytes() const noexcept;
    };

    mutable std::mutex mutex_;
    std::uint64_t version_ = 0;
    std::list<Entry> entries_;  // the latest used first
};

}  // namespace lanner
