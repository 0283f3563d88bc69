#pragma once
/// A disk in memory that forgets what was not synced. Every operation is recorded; from the record
/// come crash images: what a power cut after any operation may leave. Operations can be made to
/// fail, and bits to flip. Below the real LevelDB and the real Env, in the place of the operating
/// system.
///
/// What a cut keeps: of a file, the bytes of its last sync and any subset of the pages written
/// since, the last of them torn; of a directory, its entries of the last sync and any subset of the
/// changes since. That is more than file systems of today do, and what POSIX allows. Renames stay
/// in one directory.

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "persistence/disk.hpp"

namespace fasti::test {

/// One operation that went to the disk.
struct disk_op {
  enum class kind : std::uint8_t {
    create,
    write,
    sync,
    cut,
    close,
    rename,
    remove,
    make_directory,
    remove_directory,
    sync_directory,
    open,
    read
  };
  kind what{};
  std::uint64_t file = 0;  ///< For what is done to an open file.
  std::string path;
  std::string to;           ///< rename
  std::string data;         ///< write
  std::uint64_t bytes = 0;  ///< cut
};
[[nodiscard]] const char* name_of(disk_op::kind kind);

/// Decides what survives a cut.
class survival {
 public:
  virtual ~survival() = default;
  virtual bool keeps() = 0;                            ///< One unsynced page or entry.
  virtual std::size_t torn_to(std::size_t bytes) = 0;  ///< Of the last page that is kept.
};

/// Files and directories with what of them is durable. A value: copies are cheap and independent.
class disk_tree {
 public:
  static constexpr std::size_t page_bytes = 4096;

  struct node {
    bool is_directory = false;
    std::shared_ptr<const std::string> synced = std::make_shared<const std::string>();
    std::shared_ptr<const std::string> now = synced;
    std::set<std::size_t> unsynced_pages;
    std::map<std::string, std::uint64_t> synced_entries;
    std::map<std::string, std::uint64_t> entries;
    struct change {
      std::string from;  // goes, if not empty
      std::string to;    // names `id` then, if not empty
      std::uint64_t id = 0;
    };
    std::vector<change> unsynced_changes;
  };

  disk_tree();
  /// 0, or the errno of an operation that cannot be done.
  persistence::io_code apply(const disk_op& op);
  /// 0: there is no such thing.
  [[nodiscard]] std::uint64_t find(const std::string& path) const;
  [[nodiscard]] const node& at(std::uint64_t id) const { return nodes_.at(id); }
  [[nodiscard]] std::uint64_t next_id() const noexcept { return next_; }
  /// What a cut at this moment leaves, all of it durable.
  [[nodiscard]] disk_tree after_cut(survival& what) const;
  /// How many decisions `after_cut` takes.
  [[nodiscard]] std::size_t undecided() const;
  /// Every file by its path.
  [[nodiscard]] std::map<std::string, std::uint64_t> files() const;
  void replace(std::uint64_t file, std::string bytes);

 private:
  node& make(bool is_directory);
  persistence::io_code change_entry(const std::string& from, const std::string& to,
                                    std::uint64_t id);
  void keep(std::uint64_t id, const disk_tree& of, survival& what);
  void collect(std::uint64_t id, const std::string& path,
               std::map<std::string, std::uint64_t>& all) const;

  std::map<std::uint64_t, node> nodes_;
  std::uint64_t next_ = 1;
};

class fault_disk final : public persistence::disk {
 public:
  /// What becomes of an operation: 0 and it is done, else this errno and it is not; of a write at
  /// most `written` bytes are done in both cases.
  struct verdict {
    persistence::io_code code = 0;
    std::size_t written = static_cast<std::size_t>(-1);
    bool lies = false;  ///< A sync that says yes and does nothing.
  };
  using judge = std::function<verdict(const disk_op& op, std::size_t number)>;

  explicit fault_disk(disk_tree start = {});

  /// Asked before each operation, under the disk's lock; an empty one ends it.
  void set_judge(judge j);
  /// Called after each operation that can change something, with how many there were, under the
  /// disk's lock; an empty one ends it.
  void set_watch(std::function<void(std::size_t operations)> watch);
  /// Operations so far that can change something.
  [[nodiscard]] std::size_t operations() const;
  /// … and what they were.
  [[nodiscard]] std::vector<disk_op> history() const;
  [[nodiscard]] disk_tree tree() const;
  void put(disk_tree tree);
  /// Syncs of files wait while held.
  void hold_syncs();
  void wait_for_sync();
  void release_syncs();

  persistence::io_code create(const std::string& path,
                              std::unique_ptr<persistence::disk_file>& file) override;
  persistence::io_code open(const std::string& path,
                            std::unique_ptr<persistence::disk_file>& file) override;
  persistence::io_code rename(const std::string& from, const std::string& to) override;
  persistence::io_code cut(const std::string& path, std::uint64_t bytes) override;
  persistence::io_code remove(const std::string& path) override;
  persistence::io_code make_directory(const std::string& path) override;
  persistence::io_code remove_directory(const std::string& path) override;
  persistence::io_code sync_directory(const std::string& path) override;
  persistence::io_code list(const std::string& path,
                            std::vector<std::string>& names) const override;
  persistence::io_code size(const std::string& path, std::uint64_t& bytes) const override;
  bool exists(const std::string& path) const override;
  result<std::unique_ptr<persistence::disk_lock>> lock(const std::string& path) override;

 private:
  class file;
  class held;
  persistence::io_code perform(disk_op op);
  /// With the lock held.
  persistence::io_code perform_locked(disk_op op, std::size_t* wrote = nullptr);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_:
  disk_tree tree_;
  std::vector<disk_op> history_;
  judge judge_;
  std::function<void(std::size_t)> watch_;
  std::set<std::string> locked_;
  bool syncs_held_ = false;
  int syncs_waiting_ = 0;
};

}  // namespace fasti::test
