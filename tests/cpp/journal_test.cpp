#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/checksum.hpp"
#include "doctest/doctest.h"
#include "lanner/error.hpp"
#include "storage/file_lock.hpp"
#include "storage/journal.hpp"
#include "storage/journal_contents.hpp"

namespace lanner {
namespace {

struct Folder {
    Folder()
        : path(std::filesystem::temp_directory_path() /
               ("lanner-journal-" + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count()))) {
        std::filesystem::create_directories(path);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string journal() const { return (path / "journal").string(); }
    std::filesystem::path path;
};

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

void append(Journal& journal, std::uint32_t kind, const std::string& text) {
    const std::span<const std::byte> part = bytes_of(text);
    journal.wait_for(journal.append(kind, {&part, 1}).ticket);
}

// What a journal says after the file with this identity, record by record.
std::vector<std::string> replayed(const std::string& path, const FileIdentity& file) {
    std::vector<std::string> texts;
    const Journal journal(path, {}, file, [&](const Journal::Record& record) {
        CHECK(reinterpret_cast<std::uintptr_t>(record.payload.data()) % 8 == 0);
        CHECK(record.done < record.total);
        texts.push_back(
            std::to_string(record.kind) +
            std::string(reinterpret_cast<const char*>(record.payload.data()), record.payload.size()).c_str());
    });
    return texts;
}

constexpr FileIdentity kFirst{100, 1, 2};
constexpr FileIdentity kSecond{200, 3, 4};
const Journal::Replay kNothing = [](const Journal::Record&) { FAIL("nothing was to be replayed"); };

TEST_CASE("records come back in order, and one that was taken back does not") {
    const Folder folder;
    {
        Journal journal(folder.journal(), {}, kFirst, kNothing);
        append(journal, 1, "one");
        const std::span<const std::byte> parts[2] = {bytes_of("t"), bytes_of("wo")};
        const std::uint64_t begin = journal.append(2, parts).begin;
        journal.take_back(begin);
        append(journal, 3, "three");
        CHECK(journal.records() == 2);
        CHECK(journal.bytes() == std::filesystem::file_size(folder.journal()));
    }
    CHECK(replayed(folder.journal(), kFirst) == std::vector<std::string>{"1one", "3three"});
    CHECK(replayed(folder.journal(), kFirst).size() == 2);
}

TEST_CASE("threads wait for their own records, and find them on the disk") {
    const Folder folder;
    constexpr int kThreads = 4;
    constexpr int kEach = 50;
    {
        Journal journal(folder.journal(), {}, kFirst, kNothing);
        std::mutex writer;
        std::vector<std::thread> threads;
        for (int thread = 0; thread < kThreads; ++thread) {
            threads.emplace_back([&, thread] {
                for (int i = 0; i < kEach; ++i) {
                    const std::string text = std::to_string(thread * kEach + i);
                    const std::span<const std::byte> part = bytes_of(text);
                    std::uint64_t ticket = 0;
                    {
                        const std::lock_guard lock(writer);
                        const Journal::Appended record = journal.append(1, {&part, 1});
                        ticket = record.ticket;
                        if (i % 10 == 9) journal.take_back(record.begin);
                    }
                    if (i % 10 != 9) journal.wait_for(ticket);
                    if (i % 20 == 0) journal.sync();
                }
            });
        }
        for (std::thread& thread : threads) thread.join();
        CHECK_FALSE(journal.has_lost());
        CHECK(journal.records() == kThreads * kEach * 9 / 10);
        std::size_t repeated = 0;
        journal.repeat(kFirst, [&](const Journal::Record&) { ++repeated; });
        CHECK(repeated == journal.records());
    }
    CHECK(replayed(folder.journal(), kFirst).size() == kThreads * kEach * 9 / 10);
}

TEST_CASE("records before the checkpoint that made the file are not repeated") {
    const Folder folder;
    {
        Journal journal(folder.journal(), {}, kFirst, kNothing);
        append(journal, 1, "before");
        journal.expect(kSecond, true);
        append(journal, 1, "after");
    }
    CHECK(replayed(folder.journal(), kSecond) == std::vector<std::string>{"1after"});
    CHECK(replayed(folder.journal(), kFirst) == std::vector<std::string>{"1before", "1after"});
    CHECK_THROWS_AS(replayed(folder.journal(), {300, 5, 6}), Error);
    {
        Journal journal(folder.journal(), {}, kFirst, [](const Journal::Record&) {});
        journal.restart(kSecond);
        CHECK(journal.records() == 0);
    }
    CHECK(replayed(folder.journal(), kSecond).empty());
}

TEST_CASE("a large record survives, a journal grows on after a torn end") {
    const Folder folder;
    const std::string large(300000, 'x');
    {
        Journal journal(folder.journal(), {}, kFirst, kNothing);
        append(journal, 1, large);
        append(journal, 1, "torn");
    }
    std::filesystem::resize_file(folder.journal(), std::filesystem::file_size(folder.journal()) - 3);
    {
        Journal journal(folder.journal(), {}, kFirst, [](const Journal::Record&) {});
        CHECK(journal.replayed() == 1);
        CHECK(journal.cut_bytes() == 45);
        append(journal, 2, "more");
    }
    const std::vector<std::string> texts = replayed(folder.journal(), kFirst);
    REQUIRE(texts.size() == 2);
    CHECK(texts[0] == "1" + large);
    CHECK(texts[1] == "2more");
}

TEST_CASE(
    "damage before what was synced is refused, a record that nobody waited for may be lost with those behind it") {
    for (const bool sync : {true, false}) {
        const Folder folder;
        {
            Journal journal(folder.journal(), {}, kFirst, kNothing);
            for (int i = 0; i < 3; ++i) {
                const std::span<const std::byte> part = bytes_of("text");
                const std::uint64_t ticket = journal.append(1, {&part, 1}).ticket;
                if (sync) journal.wait_for(ticket);
            }
        }
        std::fstream file(folder.journal(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(64 + 40);
        file.put('X');
        file.close();
        if (sync) {
            CHECK_THROWS_AS(replayed(folder.journal(), kFirst), Error);
        } else {
            CHECK(replayed(folder.journal(), kFirst).empty());
        }
    }
}

TEST_CASE("a journal made up to be slow is gone through once") {
    const std::size_t records = 20000;
    std::vector<std::byte> bytes(sizeof(JournalHeader) + records * sizeof(RecordHeader));
    JournalHeader header{};
    std::memcpy(header.magic, kJournalMagic, sizeof kJournalMagic);
    header.version = kJournalVersion;
    header.file = kFirst;
    header.crc = crc32(0, &header, offsetof(JournalHeader, crc));
    std::memcpy(bytes.data(), &header, sizeof header);
    // Each says that it reaches to the end, and has a sound header.
    for (std::size_t i = 0; i < records; ++i) {
        const std::size_t at = sizeof header + i * sizeof(RecordHeader);
        RecordHeader record{};
        record.length = bytes.size() - at - sizeof record;
        record.number = i + 2;
        record.kind = 1;
        record.crc = crc32(0, &record, offsetof(RecordHeader, crc));
        std::memcpy(bytes.data() + at, &record, sizeof record);
    }
    const JournalContents contents("made up", bytes);
    CHECK(contents.records.empty());
    CHECK(contents.summed >= bytes.size());
    CHECK(contents.summed < 8 * bytes.size());
}

TEST_CASE("a lock has one holder, and its file names it") {
    const Folder folder;
    const std::string path = (folder.path / "lock").string();
    {
        const FileLock lock(path, "the file");
        try {
            const FileLock second(path, "the file");
            FAIL("two hold one lock");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::kStorage);
            CHECK(std::string(error.what()).find("the file is open with durable=True, or being saved, in process ") ==
                  0);
        }
    }
    const FileLock again(path, "the file");
    CHECK_THROWS_AS(FileLock((folder.path / "no" / "folder").string(), "it"), Error);
}

}  // namespace
}  // namespace lanner
