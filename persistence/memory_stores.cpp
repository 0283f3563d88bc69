#include "persistence/memory_stores.hpp"

#include <algorithm>
#include <map>
#include <mutex>

namespace fasti::persistence {
namespace {

class memory_snapshots final : public snapshot_store {
 public:
  explicit memory_snapshots(std::size_t kept) : kept_(std::max<std::size_t>(kept, 1)) {}

  result<void> save(const snapshot& s) override {
    const std::lock_guard lock(mutex_);
    auto& kept = streams_[s.stream];
    kept[s.version] = s;
    while (kept.size() > kept_) kept.erase(kept.begin());
    return {};
  }
  result<std::optional<snapshot>> load(const stream_id& stream, version at_most) const override {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(stream);
    if (found == streams_.end()) return std::optional<snapshot>();
    auto after = found->second.upper_bound(at_most);
    if (after == found->second.begin()) return std::optional<snapshot>();
    return std::optional<snapshot>(std::prev(after)->second);
  }
  result<void> remove(const stream_id& stream) override {
    const std::lock_guard lock(mutex_);
    streams_.erase(stream);
    return {};
  }

 private:
  mutable std::mutex mutex_;
  std::map<stream_id, std::map<version, snapshot>> streams_;  // protected by mutex_
  const std::size_t kept_;
};

class memory_views final : public view_store {
 public:
  result<position> checkpoint(std::string_view view) const override {
    if (auto good = check_name(view); !good) return std::move(good).error();
    const std::lock_guard lock(mutex_);
    const auto found = views_.find(view);
    return found == views_.end() ? no_position : found->second.checkpoint;
  }
  result<std::map<std::string, position>> checkpoints() const override {
    const std::lock_guard lock(mutex_);
    std::map<std::string, position> all;
    for (const auto& [view, v] : views_) all[view] = v.checkpoint;
    return all;
  }
  result<void> write(std::string_view view, const view_batch& batch) override {
    if (auto good = check_name(view); !good) return good;
    const std::lock_guard lock(mutex_);
    auto& v = views_[std::string(view)];
    for (const auto& c : batch.changes) {
      if (c.row) {
        v.rows[c.key] = *c.row;
      } else {
        v.rows.erase(c.key);
      }
    }
    v.checkpoint = batch.checkpoint;
    return {};
  }
  result<std::optional<std::string>> row(std::string_view view,
                                         std::string_view key) const override {
    if (auto good = check_name(view); !good) return std::move(good).error();
    const std::lock_guard lock(mutex_);
    const auto v = views_.find(view);
    if (v == views_.end()) return std::optional<std::string>();
    const auto r = v->second.rows.find(key);
    if (r == v->second.rows.end()) return std::optional<std::string>();
    return std::optional<std::string>(r->second);
  }
  result<void> scan(std::string_view view, std::string_view prefix,
                    const row_visitor& visitor) const override {
    if (auto good = check_name(view); !good) return good;
    std::map<std::string, std::string, std::less<>> rows;
    {
      const std::lock_guard lock(mutex_);
      const auto v = views_.find(view);
      if (v != views_.end()) rows = v->second.rows;
    }
    for (auto it = rows.lower_bound(prefix); it != rows.end(); ++it) {
      if (!it->first.starts_with(prefix) || !visitor(it->first, it->second)) break;
    }
    return {};
  }
  result<void> clear(std::string_view view) override {
    if (auto good = check_name(view); !good) return good;
    const std::lock_guard lock(mutex_);
    const auto v = views_.find(view);
    if (v != views_.end()) views_.erase(v);
    return {};
  }

 private:
  static result<void> check_name(std::string_view view) {
    if (!view.empty() && view.size() <= 255) return {};
    return error{errc::invalid, "malformed-view-name",
                 "a view's name must have 1 to 255 bytes, not " + std::to_string(view.size())};
  }

  struct contents {
    position checkpoint{};
    std::map<std::string, std::string, std::less<>> rows;
  };
  mutable std::mutex mutex_;
  std::map<std::string, contents, std::less<>> views_;  // protected by mutex_
};

}  // namespace

std::unique_ptr<snapshot_store> make_memory_snapshots(std::size_t kept) {
  return std::make_unique<memory_snapshots>(kept);
}
std::unique_ptr<view_store> make_memory_views() { return std::make_unique<memory_views>(); }

}  // namespace fasti::persistence
