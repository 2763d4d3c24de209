// The few calls on files that differ between systems. They return false, or a negative number, and leave the reason in
// errno; nothing here throws but for memory.
// Threads: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace lanner::sys {

int process_id() noexcept;
// Whether there is such a process; true where the system does not tell.
bool is_running(int process) noexcept;
// A new file, for writing.
int create_new(const std::string& path);
// A file that is there or, with `create`, made empty, for reading and writing.
int open_to_change(const std::string& path, bool create);
void close_file(int file) noexcept;
// All of the bytes, or false.
bool write_at(int file, std::uint64_t offset, const void* bytes, std::size_t size) noexcept;
// Up to so many bytes; how many there were.
long long read_at(int file, std::uint64_t offset, void* bytes, std::size_t size) noexcept;
bool truncate(int file, std::uint64_t size) noexcept;
// The bytes and the length are on the disk.
bool sync_file(int file) noexcept;
bool replace(const std::string& from, const std::string& to);
// The names in the directory that holds `path`. File systems that cannot sync a directory count as done.
bool sync_directory(const std::string& path);
bool exists(const std::string& path);
void remove_quietly(const std::string& path);
// Gives the file the mode of the one that it will replace.
void keep_permissions(int file, const std::string& target);
// The file that links lead to, so that it is replaced and the links stay.
std::string resolve(const std::string& target);
// Excludes every other holder, of whatever process, until the file is closed or its process is gone; 1: taken, 0: held
// by another, -1: the system has no locks here.
int try_lock(int file) noexcept;

}  // namespace lanner::sys
