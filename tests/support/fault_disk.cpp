#include "tests/support/fault_disk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace fasti::test {

using persistence::base_of;
using persistence::directory_of;
using persistence::io_code;
using kind = disk_op::kind;

const char* name_of(disk_op::kind what) {
  static constexpr const char* names[] = {"create",
                                          "write",
                                          "sync",
                                          "cut",
                                          "close",
                                          "rename",
                                          "remove",
                                          "make_directory",
                                          "remove_directory",
                                          "sync_directory",
                                          "open",
                                          "read"};
  return names[static_cast<std::size_t>(what)];
}

// -- disk_tree -----------------------------------------------------------------------------------

disk_tree::disk_tree() { make(true); }

disk_tree::node& disk_tree::make(bool is_directory) {
  node& made = nodes_[next_++];
  made.is_directory = is_directory;
  return made;
}

std::uint64_t disk_tree::find(const std::string& path) const {
  std::uint64_t id = 1;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const auto name = path.substr(at, end - at);
    at = end + 1;
    if (name.empty() || name == ".") continue;
    const node& directory = nodes_.at(id);
    const auto found = directory.entries.find(name);
    if (found == directory.entries.end()) return 0;
    id = found->second;
  }
  return id;
}

io_code disk_tree::change_entry(const std::string& from, const std::string& to, std::uint64_t id) {
  const auto parent = find(directory_of(from.empty() ? to : from));
  if (parent == 0) return ENOENT;
  node& directory = nodes_.at(parent);
  const auto old_name = from.empty() ? "" : base_of(from);
  const auto new_name = to.empty() ? "" : base_of(to);
  if (!from.empty()) directory.entries.erase(old_name);
  if (!to.empty()) directory.entries[new_name] = id;
  directory.unsynced_changes.push_back({old_name, new_name, id});
  return 0;
}

io_code disk_tree::apply(const disk_op& op) {
  switch (op.what) {
    case kind::create:
    case kind::make_directory: {
      const bool is_directory = op.what == kind::make_directory;
      if (find(directory_of(op.path)) == 0) return ENOENT;
      if (is_directory && find(op.path) != 0) return EEXIST;
      make(is_directory);
      return change_entry("", op.path, next_ - 1);
    }
    case kind::write: {
      node& f = nodes_.at(op.file);
      auto bytes = std::make_shared<std::string>(*f.now);
      const std::size_t from = bytes->size();
      *bytes += op.data;
      for (std::size_t page = from / page_bytes; page * page_bytes < bytes->size(); ++page) {
        f.unsynced_pages.insert(page);
      }
      f.now = std::move(bytes);
      return 0;
    }
    case kind::sync: {
      node& f = nodes_.at(op.file);
      f.synced = f.now;
      f.unsynced_pages.clear();
      return 0;
    }
    case kind::cut: {
      const auto id = find(op.path);
      if (id == 0) return ENOENT;
      replace(id, nodes_.at(id).now->substr(0, op.bytes));
      return 0;
    }
    case kind::rename: {
      const auto id = find(op.path);
      return id == 0 ? ENOENT : change_entry(op.path, op.to, id);
    }
    case kind::remove: {
      const auto id = find(op.path);
      if (id == 0) return ENOENT;
      return nodes_.at(id).is_directory ? EISDIR : change_entry(op.path, "", id);
    }
    case kind::remove_directory: {
      const auto id = find(op.path);
      if (id == 0) return ENOENT;
      return nodes_.at(id).entries.empty() ? change_entry(op.path, "", id) : ENOTEMPTY;
    }
    case kind::sync_directory: {
      const auto id = find(op.path);
      if (id == 0) return ENOENT;
      node& directory = nodes_.at(id);
      directory.synced_entries = directory.entries;
      directory.unsynced_changes.clear();
      return 0;
    }
    case kind::open:
    case kind::read:
    case kind::close:
      return 0;
  }
  return EINVAL;
}

std::size_t disk_tree::undecided() const {
  std::size_t count = 0;
  for (const auto& [id, n] : nodes_) count += n.unsynced_pages.size() + n.unsynced_changes.size();
  return count;
}

disk_tree disk_tree::after_cut(survival& what) const {
  disk_tree left;
  left.next_ = next_;
  left.keep(1, *this, what);
  return left;
}

void disk_tree::keep(std::uint64_t id, const disk_tree& of, survival& what) {
  const node& was = of.nodes_.at(id);
  node& is = nodes_[id];
  is.is_directory = was.is_directory;
  if (was.is_directory) {
    is.entries = was.synced_entries;
    for (const auto& change : was.unsynced_changes) {
      if (!what.keeps()) continue;
      if (!change.from.empty()) is.entries.erase(change.from);
      if (!change.to.empty()) is.entries[change.to] = change.id;
    }
    is.synced_entries = is.entries;
    for (const auto& [name, child] : is.entries) keep(child, of, what);
    return;
  }
  is.synced = was.synced;
  if (!was.unsynced_pages.empty()) {
    std::string bytes = *was.synced;
    std::size_t last_kept = 0;
    for (const auto page : was.unsynced_pages) {
      if (!what.keeps()) continue;
      const std::size_t from = page * page_bytes;
      const auto piece = was.now->substr(from, page_bytes);
      if (bytes.size() < from + piece.size()) bytes.resize(from + piece.size(), '\0');
      std::memcpy(bytes.data() + from, piece.data(), piece.size());
      last_kept = from + piece.size();
    }
    // The page at the end may have reached the disk in part.
    const auto begins = std::max(was.synced->size(),
                                 last_kept == 0 ? 0 : (last_kept - 1) / page_bytes * page_bytes);
    if (last_kept > begins && last_kept == bytes.size()) {
      bytes.resize(begins + what.torn_to(last_kept - begins));
    }
    is.synced = std::make_shared<const std::string>(std::move(bytes));
  }
  is.now = is.synced;
}

std::map<std::string, std::uint64_t> disk_tree::files() const {
  std::map<std::string, std::uint64_t> all;
  collect(1, "", all);
  return all;
}

void disk_tree::collect(std::uint64_t id, const std::string& path,
                        std::map<std::string, std::uint64_t>& all) const {
  const node& n = nodes_.at(id);
  if (!n.is_directory) all[path] = id;
  for (const auto& [name, child] : n.entries) collect(child, path + "/" + name, all);
}

void disk_tree::replace(std::uint64_t file, std::string bytes) {
  node& f = nodes_.at(file);
  f.synced = std::make_shared<const std::string>(std::move(bytes));
  f.now = f.synced;
  f.unsynced_pages.clear();
}

// -- fault_disk ----------------------------------------------------------------------------------

class fault_disk::file final : public persistence::disk_file {
 public:
  file(fault_disk& on, std::uint64_t id, std::string path)
      : on_(on), id_(id), path_(std::move(path)) {}

  io_code write(std::string_view data, std::size_t& wrote) override {
    const std::lock_guard lock(on_.mutex_);
    return on_.perform_locked({kind::write, id_, path_, "", std::string(data), 0}, &wrote);
  }
  io_code read_at(std::uint64_t offset, std::span<char> into, std::size_t& got) const override {
    const std::lock_guard lock(on_.mutex_);
    got = 0;
    if (on_.judge_) {
      const auto v = on_.judge_({kind::read, id_, path_, "", "", 0}, on_.history_.size());
      if (v.code != 0) return v.code;
    }
    const auto& bytes = *on_.tree_.at(id_).now;
    if (offset >= bytes.size()) return 0;
    got = std::min<std::size_t>(into.size(), bytes.size() - offset);
    std::memcpy(into.data(), bytes.data() + offset, got);
    return 0;
  }
  io_code sync() override {
    std::unique_lock lock(on_.mutex_);
    ++on_.syncs_waiting_;
    on_.changed_.notify_all();
    on_.changed_.wait(lock, [this] { return !on_.syncs_held_; });
    --on_.syncs_waiting_;
    return on_.perform_locked({kind::sync, id_, path_, "", "", 0});
  }
  io_code close() override {
    const std::lock_guard lock(on_.mutex_);
    return on_.perform_locked({kind::close, id_, path_, "", "", 0});
  }

 private:
  fault_disk& on_;
  const std::uint64_t id_;
  const std::string path_;
};

class fault_disk::held final : public persistence::disk_lock {
 public:
  held(fault_disk& on, std::string path) : on_(on), path_(std::move(path)) {}
  ~held() override {
    const std::lock_guard lock(on_.mutex_);
    on_.locked_.erase(path_);
  }

 private:
  fault_disk& on_;
  const std::string path_;
};

fault_disk::fault_disk(disk_tree start) : tree_(std::move(start)) {}

void fault_disk::set_judge(judge j) {
  const std::lock_guard lock(mutex_);
  judge_ = std::move(j);
}
void fault_disk::set_watch(std::function<void(std::size_t)> watch) {
  const std::lock_guard lock(mutex_);
  watch_ = std::move(watch);
}
std::size_t fault_disk::operations() const {
  const std::lock_guard lock(mutex_);
  return history_.size();
}
std::vector<disk_op> fault_disk::history() const {
  const std::lock_guard lock(mutex_);
  return history_;
}
disk_tree fault_disk::tree() const {
  const std::lock_guard lock(mutex_);
  return tree_;
}
void fault_disk::put(disk_tree tree) {
  const std::lock_guard lock(mutex_);
  tree_ = std::move(tree);
}
void fault_disk::hold_syncs() {
  const std::lock_guard lock(mutex_);
  syncs_held_ = true;
}
void fault_disk::wait_for_sync() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return syncs_waiting_ > 0; });
}
void fault_disk::release_syncs() {
  const std::lock_guard lock(mutex_);
  syncs_held_ = false;
  changed_.notify_all();
}

io_code fault_disk::perform(disk_op op) {
  const std::lock_guard lock(mutex_);
  return perform_locked(std::move(op));
}

io_code fault_disk::perform_locked(disk_op op, std::size_t* wrote) {
  const verdict v = judge_ ? judge_(op, history_.size()) : verdict{};
  if (op.what == kind::write) {
    if (op.data.size() > v.written) op.data.resize(v.written);
    if (v.code != 0 && v.written == static_cast<std::size_t>(-1)) op.data.clear();
    if (wrote != nullptr) *wrote = op.data.size();
    if (v.code != 0 && op.data.empty()) return v.code;
  } else if (v.code != 0) {
    return v.code;
  }
  if (v.lies) return 0;
  if (const auto why = tree_.apply(op); why != 0) return why;
  if (op.what != kind::open && op.what != kind::read) {
    history_.push_back(std::move(op));
    if (watch_) watch_(history_.size());
  }
  return v.code;
}

io_code fault_disk::create(const std::string& path, std::unique_ptr<persistence::disk_file>& f) {
  const std::lock_guard lock(mutex_);
  const auto id = tree_.next_id();
  if (const auto why = perform_locked({kind::create, 0, path, "", "", 0}); why != 0) return why;
  f = std::make_unique<file>(*this, id, path);
  return 0;
}

io_code fault_disk::open(const std::string& path, std::unique_ptr<persistence::disk_file>& f) {
  const std::lock_guard lock(mutex_);
  const auto id = tree_.find(path);
  if (id == 0) return ENOENT;
  if (const auto why = perform_locked({kind::open, id, path, "", "", 0}); why != 0) return why;
  f = std::make_unique<file>(*this, id, path);
  return 0;
}

io_code fault_disk::rename(const std::string& from, const std::string& to) {
  return perform({kind::rename, 0, from, to, ""});
}
io_code fault_disk::cut(const std::string& path, std::uint64_t bytes) {
  return perform({kind::cut, 0, path, "", "", bytes});
}
io_code fault_disk::remove(const std::string& path) {
  return perform({kind::remove, 0, path, "", "", 0});
}
io_code fault_disk::make_directory(const std::string& path) {
  return perform({kind::make_directory, 0, path, "", "", 0});
}
io_code fault_disk::remove_directory(const std::string& path) {
  return perform({kind::remove_directory, 0, path, "", "", 0});
}
io_code fault_disk::sync_directory(const std::string& path) {
  return perform({kind::sync_directory, 0, path, "", "", 0});
}

io_code fault_disk::list(const std::string& path, std::vector<std::string>& names) const {
  const std::lock_guard lock(mutex_);
  names.clear();
  const auto id = tree_.find(path);
  if (id == 0) return ENOENT;
  for (const auto& [name, child] : tree_.at(id).entries) names.push_back(name);
  return 0;
}

io_code fault_disk::size(const std::string& path, std::uint64_t& bytes) const {
  const std::lock_guard lock(mutex_);
  const auto id = tree_.find(path);
  if (id == 0) return ENOENT;
  bytes = tree_.at(id).now->size();
  return 0;
}

bool fault_disk::exists(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return tree_.find(path) != 0;
}

result<std::unique_ptr<persistence::disk_lock>> fault_disk::lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (locked_.contains(path)) {
    return error{errc::unavailable, "locked", path + " is held by this process already"};
  }
  if (tree_.find(path) == 0) {
    if (const auto why = perform_locked({kind::create, 0, path, "", "", 0}); why != 0) {
      return persistence::storage_failed(path, why);
    }
  }
  locked_.insert(path);
  return std::unique_ptr<persistence::disk_lock>(std::make_unique<held>(*this, path));
}

}  // namespace fasti::test
