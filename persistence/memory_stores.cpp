#include "persistence/memory_stores.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>

#include "persistence/key_ranges.hpp"
#include "persistence/views_over.hpp"

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

/// Rows with their history, as far as a snapshot may still want it.
class view_versions {
 public:
  using moment = std::uint64_t;
  static constexpr moment now = std::numeric_limits<moment>::max();

  /// Nothing goes that can be seen from there, until it is let go.
  moment hold() {
    const std::unique_lock lock(mutex_);
    held_.insert(written_);
    return written_;
  }
  void let_go(moment m) {
    const std::unique_lock lock(mutex_);
    held_.erase(held_.find(m));
    if (!held_.empty()) return;
    for (const auto& [view, key] : std::exchange(with_history_, {})) {
      if (const auto v = views_.find(view); v != views_.end()) forget_history(v->second, key);
      if (const auto v = views_.find(view); v != views_.end() && v->second.empty()) views_.erase(v);
    }
  }

  /// Applies it, as one moment.
  void write(std::string_view view, const view_batch& batch) {
    const std::unique_lock lock(mutex_);
    ++written_;
    for (const auto& c : batch.changes) put(view, row_key(c.key), c.row);
    put(view, checkpoint_key, std::to_string(count_of(batch.checkpoint)));
  }
  void clear(std::string_view view) {
    const std::unique_lock lock(mutex_);
    ++written_;
    const auto v = views_.find(view);
    if (v == views_.end()) return;
    if (held_.empty()) {
      views_.erase(v);
      return;
    }
    std::vector<std::string> keys;
    for (const auto& [key, of] : v->second) keys.push_back(key);
    for (const auto& key : keys) put(view, key, std::nullopt);
  }

  [[nodiscard]] position checkpoint(std::string_view view, moment as_of) const {
    const auto at = get(view, checkpoint_key, as_of);
    return at ? position{std::stoull(*at)} : no_position;
  }
  [[nodiscard]] std::map<std::string, position> checkpoints(moment as_of) const {
    std::map<std::string, position> all;
    const std::shared_lock lock(mutex_);
    for (const auto& [view, rows] : views_) {
      const auto found = rows.find(checkpoint_key);
      const auto* at = found == rows.end() ? nullptr : found->second.at(as_of);
      if (at != nullptr) all[view] = position{std::stoull(*at)};
    }
    return all;
  }
  [[nodiscard]] std::optional<std::string> row(std::string_view view, std::string_view key,
                                               moment as_of) const {
    return get(view, row_key(key), as_of);
  }
  void scan(std::string_view view, const key_range& range, moment as_of,
            const view_reader::row_visitor& visitor) const {
    full_range keys(range, row_key);
    while (true) {
      const auto rows = some_of(view, keys, range.order, as_of);
      for (const auto& [key, row] : rows) {
        if (!visitor(std::string_view(key).substr(1), row)) return;
      }
      if (rows.size() < rows_at_once) return;
      if (range.order == direction::forwards) {
        keys.first = rows.back().first + '\0';
      } else {
        keys.end = rows.back().first;
      }
    }
  }

 private:
  using text = std::optional<std::string>;  // none: there is no such row
  struct history {
    std::vector<std::pair<moment, text>> versions;  // newest last

    [[nodiscard]] const std::string* at(moment as_of) const {
      for (auto v = versions.rbegin(); v != versions.rend(); ++v) {
        if (v->first <= as_of) return v->second ? &*v->second : nullptr;
      }
      return nullptr;
    }
  };
  using rows_by_key = std::map<std::string, history, std::less<>>;
  using found_rows = std::vector<std::pair<std::string, std::string>>;
  static constexpr std::size_t rows_at_once = 64;
  static constexpr const char* checkpoint_key = "c";  // rows begin with an "r"

  [[nodiscard]] static std::string row_key(std::string_view key) { return "r" + std::string(key); }

  void put(std::string_view view, const std::string& key, text row) {
    auto v = views_.find(view);
    if (v == views_.end()) v = views_.emplace(view, rows_by_key()).first;
    auto& versions = v->second[key].versions;
    // Of what is older only the newest can be seen by who holds a moment.
    if (!versions.empty() && (held_.empty() || versions.back().first > *held_.rbegin())) {
      versions.pop_back();
    }
    versions.emplace_back(written_, std::move(row));
    if (!held_.empty()) {
      with_history_.emplace(view, key);
    } else if (!versions.back().second) {
      v->second.erase(key);
    }
  }
  static void forget_history(rows_by_key& rows, const std::string& key) {
    const auto r = rows.find(key);
    if (r == rows.end()) return;
    auto& versions = r->second.versions;
    versions.erase(versions.begin(), versions.end() - 1);
    if (!versions.back().second) rows.erase(r);
  }

  [[nodiscard]] text get(std::string_view view, std::string_view key, moment as_of) const {
    const std::shared_lock lock(mutex_);
    const auto v = views_.find(view);
    if (v == views_.end()) return std::nullopt;
    const auto r = v->second.find(key);
    const auto* row = r == v->second.end() ? nullptr : r->second.at(as_of);
    return row == nullptr ? text() : text(*row);
  }
  /// The next rows, copied: visitors are called without the lock.
  [[nodiscard]] found_rows some_of(std::string_view view, const full_range& keys, direction order,
                                   moment as_of) const {
    found_rows found;
    const std::shared_lock lock(mutex_);
    const auto v = views_.find(view);
    if (v == views_.end() || keys.first >= keys.end) return found;
    const auto take = [&](const rows_by_key::value_type& r) {
      if (const auto* row = r.second.at(as_of)) found.emplace_back(r.first, *row);
    };
    const auto first = v->second.lower_bound(keys.first);
    const auto end = v->second.lower_bound(keys.end);
    if (order == direction::forwards) {
      for (auto r = first; r != end && found.size() < rows_at_once; ++r) take(*r);
    } else {
      for (auto r = end; r != first && found.size() < rows_at_once;) take(*--r);
    }
    return found;
  }

  mutable std::shared_mutex mutex_;
  // Protected by mutex_:
  std::map<std::string, rows_by_key, std::less<>> views_;
  moment written_ = 0;
  std::multiset<moment> held_;
  std::set<std::pair<std::string, std::string>> with_history_;  // view, key; while one is held
};

class memory_views_at : public view_reader {
 public:
  memory_views_at(std::shared_ptr<view_versions> of, view_versions::moment as_of)
      : of_(std::move(of)), as_of_(as_of) {}
  memory_views_at(const memory_views_at&) = delete;
  memory_views_at& operator=(const memory_views_at&) = delete;
  ~memory_views_at() override {
    if (as_of_ != view_versions::now) of_->let_go(as_of_);
  }

  result<position> checkpoint(std::string_view view) const override {
    if (auto good = check_name(view); !good) return std::move(good).error();
    return of_->checkpoint(view, as_of_);
  }
  result<std::map<std::string, position>> checkpoints() const override {
    return of_->checkpoints(as_of_);
  }
  result<std::optional<std::string>> row(std::string_view view,
                                         std::string_view key) const override {
    if (auto good = check_name(view); !good) return std::move(good).error();
    return of_->row(view, key, as_of_);
  }
  result<void> scan(std::string_view view, const key_range& range,
                    const row_visitor& visitor) const override {
    if (auto good = check_name(view); !good) return good;
    of_->scan(view, range, as_of_, visitor);
    return {};
  }

 private:
  const std::shared_ptr<view_versions> of_;
  const view_versions::moment as_of_;
};

class memory_views final : public views_over {
 public:
  explicit memory_views(std::shared_ptr<view_versions> of)
      : views_over(std::make_shared<memory_views_at>(of, view_versions::now)),
        versions_(std::move(of)) {}

  std::shared_ptr<const view_reader> snapshot() const override {
    return std::make_shared<memory_views_at>(versions_, versions_->hold());
  }
  result<void> write(std::string_view view, const view_batch& batch) override {
    if (auto good = check_name(view); !good) return good;
    versions_->write(view, batch);
    return {};
  }
  result<void> clear(std::string_view view) override {
    if (auto good = check_name(view); !good) return good;
    versions_->clear(view);
    return {};
  }

 private:
  const std::shared_ptr<view_versions> versions_;
};

}  // namespace

std::unique_ptr<snapshot_store> make_memory_snapshots(std::size_t kept) {
  return std::make_unique<memory_snapshots>(kept);
}
std::unique_ptr<view_store> make_memory_views() {
  return std::make_unique<memory_views>(std::make_shared<view_versions>());
}

}  // namespace fasti::persistence
