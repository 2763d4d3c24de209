#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "doctest/doctest.h"
#include "lanner/error.hpp"
#include "storage/mapped_file.hpp"
#include "storage/sections.hpp"

namespace lanner {
namespace {

std::vector<std::byte> small_file() {
    MemorySink sink;
    SectionWriter writer(sink);
    const std::string hello = "hello";
    writer.write_section("first", hello.data(), hello.size());
    writer.write_section("empty", nullptr, 0);
    const std::vector<std::uint32_t> numbers{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
    writer.write_section("numbers", numbers.data(), numbers.size() * 4);
    writer.finish();
    return sink.take();
}

ErrorKind kind_of(const std::vector<std::byte>& bytes) {
    std::vector<std::byte> copy = bytes;
    try {
        const SectionReader reader(copy, nullptr);
        reader.verify_all();
    } catch (const Error& error) {
        return error.kind();
    }
    return ErrorKind::kInvalidArgument;  // stands for: nothing was noticed
}

struct Folder {
    Folder() : path(std::filesystem::temp_directory_path() / ("lanner-storage-" + std::to_string(std::rand()))) {
        std::filesystem::create_directories(path);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

std::string contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("sections come back as they were written, 64-byte aligned") {
    std::vector<std::byte> bytes = small_file();
    const SectionReader reader(bytes, nullptr);
    CHECK_NOTHROW(reader.verify_all());
    CHECK(reader.sections().size() == 3);
    const std::span<std::byte> first = reader.section("first");
    CHECK(std::memcmp(first.data(), "hello", 5) == 0);
    CHECK(first.size() == 5);
    CHECK(reader.section("empty").empty());
    for (const Section& section : reader.sections()) CHECK(section.offset % 64 == 0);
    CHECK(reader.has("numbers"));
    CHECK_FALSE(reader.has("number"));
    CHECK_THROWS_AS(reader.section("absent"), Error);
    CHECK_THROWS_AS(reader.section("first", 6), Error);
}

TEST_CASE("any one byte changed is noticed") {
    const std::vector<std::byte> bytes = small_file();
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (const auto change : {std::byte{1}, std::byte{0x80}, std::byte{0xff}}) {
            std::vector<std::byte> altered = bytes;
            altered[at] ^= change;
            CHECK_MESSAGE(kind_of(altered) == ErrorKind::kFileFormat, "byte " << at);
        }
    }
}

TEST_CASE("any truncation and any addition is noticed") {
    const std::vector<std::byte> bytes = small_file();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK(kind_of({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)}) == ErrorKind::kFileFormat);
    }
    std::vector<std::byte> longer = bytes;
    longer.push_back(std::byte{0});
    CHECK(kind_of(longer) == ErrorKind::kFileFormat);
}

TEST_CASE("a file is replaced whole or not at all") {
    const Folder folder;
    const std::filesystem::path target = folder.path / "target";
    std::ofstream(target) << "old";
    {
        AtomicFile file(target.string());
        file.write("new and never committed", 10);
    }
    CHECK(contents(target) == "old");
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);
    {
        AtomicFile file(target.string());
        const std::vector<char> large(3000000, 'x');
        file.write(large.data(), large.size());
        file.write_at(1, "yz", 2);
        file.write("end", 3);
        file.commit();
    }
    const std::string now = contents(target);
    CHECK(now.size() == 3000003);
    CHECK(now.substr(0, 4) == "xyzx");
    CHECK(now.substr(3000000) == "end");
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path), {}) == 1);
    CHECK_THROWS_AS(AtomicFile((folder.path / "no" / "such" / "folder").string()), Error);
    CHECK_THROWS_WITH(AtomicFile(folder.path.string()), doctest::Contains("it names a directory"));
    CHECK_THROWS_WITH(AtomicFile(""), doctest::Contains("the name of a file is wanted"));
}

TEST_CASE("a private map can be written to and the file does not change") {
    const Folder folder;
    const std::filesystem::path path = folder.path / "file";
    std::ofstream(path) << "contents";
    {
        const MappedFile file = map_file(path.string(), true);
        REQUIRE(file.bytes.size() == 8);
        file.bytes[0] = std::byte{'X'};
    }
    CHECK(contents(path) == "contents");
    CHECK_THROWS_AS(map_file((folder.path / "absent").string(), false), Error);
    CHECK_THROWS_AS(map_file(folder.path.string(), false), Error);
    std::ofstream(folder.path / "nothing").close();
    CHECK(map_file((folder.path / "nothing").string(), false).bytes.empty());
}

}  // namespace
}  // namespace lanner
