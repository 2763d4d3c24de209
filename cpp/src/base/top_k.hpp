// Candidates of a search, their order, and the k best of a stream of them.
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include "base/slot.hpp"

namespace lanner {

struct Candidate {
    float distance;
    Slot slot;
};

// Nearest first; equal distances by slot, so that the order depends on nothing else.
struct Nearer {
    bool operator()(const Candidate& left, const Candidate& right) const noexcept {
        return left.distance < right.distance || (left.distance == right.distance && left.slot < right.slot);
    }
};
// An object, so that algorithms that are given it do not call it through a pointer.
inline constexpr Nearer nearer;

// A damaged file can hold NaN, which has no place in an order.
inline void drop_nan(std::vector<Candidate>& candidates) {
    std::erase_if(candidates, [](const Candidate& each) { return each.distance != each.distance; });
}

// Which of two slots at equal distance comes first: users see ties in the order of their ids.
class TieBreak {
  public:
    virtual ~TieBreak() = default;
    virtual bool before(Slot left, Slot right) const noexcept = 0;
    bool nearer(const Candidate& left, const Candidate& right) const noexcept {
        if (left.distance != right.distance) return left.distance < right.distance;
        return before(left.slot, right.slot);
    }
};

// The order of slots.
class BySlot final : public TieBreak {
  public:
    bool before(Slot left, Slot right) const noexcept override { return left < right; }
    static const BySlot& instance() noexcept {
        static const BySlot one;
        return one;
    }
};

class TopK {
  public:
    TopK(std::size_t k, const TieBreak& ties) : k_(k), ties_(&ties) {}

    // No candidate farther than this can enter.
    float bound() const noexcept { return bound_; }

    // NaN is never kept.
    void offer(const Candidate& candidate) {
        const auto order = [this](const Candidate& left, const Candidate& right) { return ties_->nearer(left, right); };
        if (candidate.distance != candidate.distance) return;
        if (heap_.size() < k_) {
            heap_.push_back(candidate);
            std::push_heap(heap_.begin(), heap_.end(), order);
        } else {
            if (k_ == 0 || !order(candidate, heap_.front())) return;
            std::pop_heap(heap_.begin(), heap_.end(), order);
            heap_.back() = candidate;
            std::push_heap(heap_.begin(), heap_.end(), order);
        }
        if (heap_.size() == k_) bound_ = heap_.front().distance;
    }

    // Nearest first; empties the collection.
    std::vector<Candidate> take() {
        const auto order = [this](const Candidate& left, const Candidate& right) { return ties_->nearer(left, right); };
        std::sort_heap(heap_.begin(), heap_.end(), order);
        bound_ = std::numeric_limits<float>::infinity();
        return std::move(heap_);
    }

  private:
    std::size_t k_;
    const TieBreak* ties_;
    std::vector<Candidate> heap_;
    float bound_ = std::numeric_limits<float>::infinity();
};

}  // namespace lanner
