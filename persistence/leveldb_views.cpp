// Keys:    'c' view                      → checkpoint: journal id (16), position (8), big endian
//          'r' length(u8) view, row key  → row, as the projection gave it

#include <algorithm>

#include "persistence/database.hpp"
#include "persistence/key_ranges.hpp"
#include "persistence/leveldb_stores.hpp"
#include "persistence/views_over.hpp"

namespace fasti::persistence {
namespace {

constexpr std::size_t rows_per_delete = 4096;
constexpr const char* sync_key = "s";  // is never there

std::string_view view_of(const leveldb::Slice& s) { return {s.data(), s.size()}; }

std::string checkpoint_key(std::string_view view) { return "c" + std::string(view); }

std::string row_key(std::string_view view, std::string_view key) {
  std::string full = "r";
  full += static_cast<char>(view.size());
  full += view;
  full += key;
  return full;
}

/// What is in the database; as it is, or as of a snapshot.
class leveldb_views_at : public view_reader {
 public:
  leveldb_views_at(std::shared_ptr<database> db, std::string journal, database::snapshot as_of = {})
      : db_(std::move(db)), journal_(std::move(journal)), as_of_(std::move(as_of)) {}

  result<position> checkpoint(std::string_view view) const override {
    if (auto good = check_name(view); !good) return std::move(good).error();
    std::string value;
    auto found = db_->get(checkpoint_key(view), value, as_of_.get());
    if (!found) return std::move(found).error();
    if (!*found) return no_position;
    if (value.size() != 24 || !value.starts_with(journal_)) {
      return error{errc::invalid, "foreign-checkpoint",
                   "view " + std::string(view) +
                       " was folded from another journal; remove the views' directory"};
    }
    return position{from_big_endian(std::string_view(value).substr(16))};
  }

  result<std::map<std::string, position>> checkpoints() const override {
    std::map<std::string, position> all;
    const auto it = db_->iterate(as_of_.get());
    for (it->Seek("c"); it->Valid() && view_of(it->key()).starts_with("c"); it->Next()) {
      const std::string view(view_of(it->key()).substr(1));
      auto at = checkpoint(view);
      if (!at) return std::move(at).error();
      all[view] = *at;
    }
    if (auto good = db_->check(*it); !good) return std::move(good).error();
    return all;
  }

  result<std::optional<std::string>> row(std::string_view view,
                                         std::string_view key) const override {
    if (auto good = check_name(view); !good) return std::move(good).error();
    std::string value;
    auto found = db_->get(row_key(view, key), value, as_of_.get());
    if (!found) return std::move(found).error();
    if (!*found) return std::optional<std::string>();
    return std::optional<std::string>(std::move(value));
  }

  result<void> scan(std::string_view view, const key_range& range,
                    const row_visitor& visitor) const override {
    if (auto good = check_name(view); !good) return good;
    const full_range keys(range, [view](std::string_view key) { return row_key(view, key); });
    const auto it = db_->iterate(as_of_.get());
    const auto skip = row_key(view, {}).size();
    const auto visit_one = [&] {
      return visitor(view_of(it->key()).substr(skip), view_of(it->value()));
    };
    if (range.order == direction::forwards) {
      for (it->Seek(keys.first); it->Valid() && view_of(it->key()) < keys.end; it->Next()) {
        if (!visit_one()) break;
      }
    } else {
      it->Seek(keys.end);
      it->Valid() ? it->Prev() : it->SeekToLast();
      for (; it->Valid() && view_of(it->key()) >= keys.first; it->Prev()) {
        if (!visit_one()) break;
      }
    }
    return db_->check(*it);
  }

 private:
  const std::shared_ptr<database> db_;
  const std::string journal_;
  const database::snapshot as_of_;  // goes before the database
};

class leveldb_views final : public views_over {
 public:
  /// `journal`: its id, as it lies in checkpoints.
  leveldb_views(std::shared_ptr<database> db, std::string journal)
      : views_over(std::make_shared<leveldb_views_at>(db, journal)),
        db_(std::move(db)),
        journal_(std::move(journal)) {}

  std::shared_ptr<const view_reader> snapshot() const override {
    return std::make_shared<leveldb_views_at>(db_, journal_, db_->take_snapshot());
  }

  result<void> write(std::string_view view, const view_batch& batch) override {
    if (auto good = check_name(view); !good) return good;
    leveldb::WriteBatch changes;
    for (const auto& c : batch.changes) {
      if (c.row) {
        changes.Put(row_key(view, c.key), *c.row);
      } else {
        changes.Delete(row_key(view, c.key));
      }
    }
    changes.Put(checkpoint_key(view), journal_ + big_endian(count_of(batch.checkpoint)));
    return db_->write_unsynced(changes);
  }

  result<void> sync() override {
    leveldb::WriteBatch nothing;
    nothing.Delete(sync_key);
    return db_->write_synced(nothing);
  }

  result<void> clear(std::string_view view) override {
    if (auto good = check_name(view); !good) return good;
    // Cut short, it is seen that there is something to clear, and that it is not to be gone on
    // with.
    leveldb::WriteBatch batch;
    batch.Put(checkpoint_key(view), journal_ + big_endian(0));
    const auto from = row_key(view, {});
    const auto it = db_->iterate();
    std::size_t rows = 0;
    for (it->Seek(from); it->Valid() && view_of(it->key()).starts_with(from); it->Next()) {
      batch.Delete(it->key());
      if (++rows % rows_per_delete != 0) continue;
      if (auto wrote = db_->write_unsynced(batch); !wrote) return wrote;
      batch.Clear();
    }
    if (auto good = db_->check(*it); !good) return good;
    batch.Delete(checkpoint_key(view));
    return db_->write_unsynced(batch);
  }

 private:
  const std::shared_ptr<database> db_;
  const std::string journal_;
};

}  // namespace

result<std::unique_ptr<view_store>> open_leveldb_views(disk& on, const std::string& path,
                                                       unique_id journal, const log_sink& log) {
  auto db = database::open_derived(on, path, {.bloom_bits_per_key = 10}, log, "views");
  if (!db) return std::move(db).error();
  std::shared_ptr<database> opened = *std::move(db);
  return std::unique_ptr<view_store>(std::make_unique<leveldb_views>(
      std::move(opened), big_endian(journal.high) + big_endian(journal.low)));
}

}  // namespace fasti::persistence
