// Uses an installed lanner from C++: adds, searches, saves to the path given, opens, and says what it found.
#include <lanner/index.hpp>

#include <array>
#include <cstdint>
#include <iostream>
#include <span>

namespace {

std::int64_t nearest(const lanner::Index& index, const std::array<float, 2>& query) {
    std::int64_t id = -1;
    float distance = 0.0F;
    std::int64_t count = 0;
    lanner::SearchOptions options;
    options.k = 1;
    index.search({query.data(), 1, lanner::ElementType::kFloat32}, options, {&id, nullptr, &distance, &count});
    return id;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: consumer_cpp <file to write>\n";
        return 2;
    }
    try {
        lanner::IndexOptions options;
        options.dim = 2;
        options.metric = lanner::Metric::kL2;
        lanner::Index index(options);
        const std::array<float, 6> rows = {0.0F, 0.0F, 3.0F, 4.0F, 9.0F, 9.0F};
        const std::array<std::int64_t, 3> ids = {10, 20, 30};
        index.add({rows.data(), 3, lanner::ElementType::kFloat32}, std::span<const std::int64_t>(ids));
        index.save(argv[1]);
        const lanner::Index opened = lanner::Index::open(argv[1]);
        std::cout << "size " << opened.size() << " nearest " << nearest(opened, {3.0F, 3.0F}) << '\n';
    } catch (const lanner::Error& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
