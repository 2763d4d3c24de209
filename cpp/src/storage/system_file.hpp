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
// A new file, for writing; of the mode of the file `like` from its first moment on or, where there is none, of the mode
// that the process gives to new files.
int create_new(const std::string& path, const std::string& like);
// A file that is there, for reading and writing.
int open_to_change(const std::string& path);
// The same, of a plain file that no link leads to; where it is not there, made empty, of the mode of the file `like` but
// that its owner may read and write it.
int open_or_create(const std::string& path, const std::string& like);
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
// The file that links lead to, so that it is replaced and the links stay: an absolute path, which means the same wherever the
// process goes and wherever links on the way come to lead.
std::string resolve(const std::string& target);
// Whether two names are those of one file; hard links are files of their own.
bool same_file(const std::string& left, const std::string& right);
// Excludes every other holder, of whatever process, until the file is closed or its process is gone; 1: taken, 0: held
// by another, -1: the system has no locks here.
int try_lock(int file) noexcept;
// For all who have the file open through a copy of the same descriptor, as forked children do.
void unlock(int file) noexcept;

}  // namespace lanner::sys
