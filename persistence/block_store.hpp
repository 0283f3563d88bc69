#pragma once
/// The journal's truth: blocks under the position of their last event, in one LevelDB. The newest
/// ones stay in memory, so that those who follow the head never touch the disk.

#include <deque>
#include <mutex>

#include "persistence/block_cache.hpp"
#include "persistence/blocks.hpp"
#include "persistence/database.hpp"

namespace fasti::persistence {

/// Blocks that are to be written together, packed already: what takes a processor's time is done
/// before the disk's turn. Reused: it keeps its room.
class block_batch {
 public:
  void add(std::shared_ptr<const block> b);
  void clear();
  [[nodiscard]] bool empty() const noexcept { return blocks_.empty(); }
  [[nodiscard]] const std::vector<std::shared_ptr<const block>>& blocks() const noexcept {
    return blocks_;
  }

 private:
  friend class block_store;
  leveldb::WriteBatch packed_;
  std::vector<std::shared_ptr<const block>> blocks_;
  std::string room_;
};

class block_store {
 public:
  using block_ptr = std::shared_ptr<const block>;

  struct settings {
    std::size_t recent_bytes_max = 0;
    std::size_t log_bytes = 0;
    log_tail tail = log_tail::may_be_torn;
  };
  [[nodiscard]] static result<std::unique_ptr<block_store>> open(disk& on, const std::string& path,
                                                                 create_mode mode,
                                                                 const settings& given);

  /// All of the blocks are there or none is. Synced: durable, by one sync.
  [[nodiscard]] result<void> append(block_batch& blocks, durability how = durability::synced);
  /// Writes other blocks in the places of these; durable when it returns. Any thread; while the
  /// storage fails or is opened anew it is an error.
  [[nodiscard]] result<void> replace(const std::vector<block_ptr>& blocks);
  /// What was appended so far is durable.
  [[nodiscard]] result<void> sync();
  /// After a failed `append`: opens the database anew, checked, and tells where it ends; those who
  /// read go on. Errors: what `open` may say; nothing has changed then. One thread at a time, not
  /// beside `append`.
  [[nodiscard]] result<position> reopen();
  /// Position of the newest event; `no_position` when there is none.
  [[nodiscard]] result<position> end() const;
  /// The newest block; null when there is none.
  [[nodiscard]] result<block_ptr> newest() const;
  [[nodiscard]] std::uint64_t bytes_on_disk() const { return database_now()->bytes_on_disk(); }

  /// Walks blocks forwards. Not thread-safe; must go before the store.
  class reader {
   public:
    explicit reader(const block_store& store) : store_(store) {}
    /// The block that holds position `p`. Precondition: `p` is durable. Errors: `corrupt` when it
    /// is damaged or missing, or does not hold what its key says.
    [[nodiscard]] result<block_ptr> at(position p);
    /// The last block that was asked for had to be fetched from a file.
    [[nodiscard]] bool fetched() const noexcept { return fetched_; }
    /// `at` of it will come soon: the disk may begin to fetch its block.
    void expect(position p);

   private:
    [[nodiscard]] result<block_ptr> from_disk(position p);
    const block_store& store_;
    block_ptr current_;
    bool fetched_ = false;
    int cached_ = 0;                // blocks that were looked for in the cache
    std::shared_ptr<database> db_;  // what iterator_ reads
    std::unique_ptr<leveldb::Iterator> iterator_;
  };

  /// First position of the oldest of the newest blocks that hold at least `commits` commits, or all
  /// those of after `time`.
  [[nodiscard]] result<position> first_of_newest(std::uint64_t commits, timestamp time) const;
  /// Position of the last event of the last block that ends before `time`.
  [[nodiscard]] result<position> last_block_before(timestamp time, position head) const;

 private:
  block_store(std::shared_ptr<database> db, std::size_t recent_bytes_max);
  void open_tables() const;
  [[nodiscard]] result<block_ptr> cached_block_at(const leveldb::Iterator& it) const;
  [[nodiscard]] block_ptr recent(position p) const;
  [[nodiscard]] std::shared_ptr<database> database_now() const {
    const std::lock_guard lock(mutex_);
    return db_;
  }

  const std::size_t recent_bytes_max_;
  const block_cache unpacked_;
  mutable std::mutex mutex_;
  // Protected by mutex_:
  std::shared_ptr<database> db_;  // another one after `reopen`
  std::deque<block_ptr> recent_;  // without a gap
  std::size_t recent_bytes_ = 0;
};

}  // namespace fasti::persistence
