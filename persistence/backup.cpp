#include "persistence/backup.hpp"

#include "persistence/block_store.hpp"
#include "persistence/identity.hpp"

namespace fasti::persistence {
namespace {

constexpr std::size_t batch_bytes = 4U << 20;

/// A file as a source. The file lives as long as what is returned.
result<byte_source> source_of(disk& on, const std::string& path) {
  std::unique_ptr<disk_file> opened;
  if (const auto why = on.open(path, opened); why != 0) return storage_failed(path, why);
  const std::shared_ptr<disk_file> file = std::move(opened);
  return byte_source(
      [file, path, at = std::uint64_t{0}](std::span<char> into) mutable -> result<std::size_t> {
        std::size_t got = 0;
        if (const auto why = file->read_at(at, into, got); why != 0)
          return storage_failed(path, why);
        at += got;
        return got;
      });
}

/// Writes blocks in batches, each synced.
class block_adder {
 public:
  explicit block_adder(block_store& to) : to_(to) {}
  result<void> add(std::shared_ptr<const block> b) {
    bytes_ += b->bytes().size();
    waiting_.add(std::move(b));
    return bytes_ < batch_bytes ? result<void>() : flush();
  }
  result<void> flush() {
    if (waiting_.empty()) return {};
    auto wrote = to_.append(waiting_);
    waiting_.clear();
    bytes_ = 0;
    return wrote;
  }

 private:
  block_store& to_;
  block_batch waiting_;
  std::size_t bytes_ = 0;
};

const block_store::settings settings{.recent_bytes_max = 1, .log_bytes = 32U << 20};

/// Adds the archive's blocks behind `head` to a store that ends there.
result<void> add_blocks(archive_reader& from, block_store& to, position head) {
  block_adder adder(to);
  while (true) {
    auto b = from.next();
    if (!b) {
      // What came before is whole and in order: it stays.
      if (auto wrote = adder.flush(); !wrote) return wrote;
      return std::move(b).error();
    }
    if (!*b) return adder.flush();
    if ((*b)->last() <= head) continue;
    if (auto wrote = adder.add(*std::move(b)); !wrote) return wrote;
  }
}

}  // namespace

result<archive_summary> back_up(disk& on, const journal& from, const std::string& file,
                                position after) {
  if (on.exists(file)) {
    return error{errc::invalid, "file-exists", file + " is there already; choose another name"};
  }
  const std::string beside = file + ".new";
  std::unique_ptr<disk_file> out;
  if (const auto why = on.create(beside, out); why != 0) return storage_failed(beside, why);
  auto summary = from.write_archive(after, [&](std::string_view bytes) -> result<void> {
    if (const auto why = write_all(*out, bytes); why != 0) return storage_failed(beside, why);
    return {};
  });
  io_code why = 0;
  if (summary) {
    why = out->sync();
    if (why == 0) why = out->close();
    if (why == 0) why = on.rename(beside, file);
    if (why == 0) why = on.sync_directory(directory_of(file));
    if (why == 0) return summary;
  }
  static_cast<void>(on.remove(beside));
  if (!summary) return summary;
  return storage_failed(file, why);
}

result<archive_summary> verify_backup(disk& on, const std::string& file) {
  auto source = source_of(on, file);
  if (!source) return std::move(source).error();
  archive_reader reader(*std::move(source));
  if (auto good = reader.begin(); !good) return std::move(good).error();
  while (true) {
    auto b = reader.next();
    if (!b) return std::move(b).error();
    if (!*b) return reader.summary();
  }
}

result<archive_summary> restore(disk& on, byte_source from, const std::string& directory) {
  archive_reader reader(std::move(from));
  if (auto good = reader.begin(); !good) return std::move(good).error();
  if (reader.summary().after != no_position) {
    return error{errc::invalid, "archive-gap",
                 "the archive begins behind position " +
                     std::to_string(count_of(reader.summary().after)) +
                     ": restore the one before it first, then import this one"};
  }
  if (auto begun = begin_restore(on, directory); !begun) return std::move(begun).error();
  auto blocks = block_store::open(on, directory + "/events", create_mode::create, settings);
  if (!blocks) return std::move(blocks).error();
  if (auto added = add_blocks(reader, **blocks, no_position); !added) {
    return std::move(added).error();
  }
  blocks->reset();
  if (auto ended = finish_restore(on, directory, reader.summary().journal); !ended) {
    return std::move(ended).error();
  }
  return reader.summary();
}

result<archive_summary> restore(disk& on, const std::string& file, const std::string& directory) {
  auto source = source_of(on, file);
  if (!source) return std::move(source).error();
  return restore(on, *std::move(source), directory);
}

result<archive_summary> import_archive(disk& on, byte_source from, const std::string& directory) {
  archive_reader reader(std::move(from));
  if (auto good = reader.begin(); !good) return std::move(good).error();
  auto id = find_identity(on, directory);
  if (!id) return std::move(id).error();
  if (!*id || **id != reader.summary().journal) {
    return error{errc::invalid, "foreign-archive",
                 directory + " does not hold the journal that the archive is of"};
  }
  auto blocks = block_store::open(on, directory + "/events", create_mode::must_exist, settings);
  if (!blocks) return std::move(blocks).error();
  const auto end = (*blocks)->end();
  if (!end) return end.error();
  if (*end < reader.summary().after) {
    return error{errc::invalid, "archive-gap",
                 directory + " ends at position " + std::to_string(count_of(*end)) +
                     ", the archive begins behind " +
                     std::to_string(count_of(reader.summary().after))};
  }
  if (auto forgot = forget_closed(on, directory); !forgot) return std::move(forgot).error();
  if (auto added = add_blocks(reader, **blocks, *end); !added) return std::move(added).error();
  return reader.summary();
}

result<archive_summary> import_archive(disk& on, const std::string& file,
                                       const std::string& directory) {
  auto source = source_of(on, file);
  if (!source) return std::move(source).error();
  return import_archive(on, *std::move(source), directory);
}

}  // namespace fasti::persistence
