// The sink whose view and checkpoint share a transaction.

#include "runtime/sqlite/connection.hpp"

namespace fasti::sqlite {
namespace {

using detail::connection;
using detail::transaction;
using detail::value;

constexpr auto make_checkpoints =
    "create table if not exists fasti_checkpoints("
    " name text primary key, journal text not null, position integer not null) without rowid";
constexpr auto read_checkpoint = "select journal, position from fasti_checkpoints where name = ?1";
constexpr auto write_checkpoint =
    "insert into fasti_checkpoints values(?1, ?2, ?3)"
    " on conflict(name) do update set journal = excluded.journal, position = excluded.position";

/// A row of `fasti_checkpoints`; its journal is empty as long as there are tables only.
struct stored_checkpoint {
  std::string journal;
  std::uint64_t position = 0;

  friend bool operator==(const stored_checkpoint&, const stored_checkpoint&) = default;
};

std::string text_of(const stored_checkpoint& c) {
  return std::to_string(c.position) + "@" + c.journal;
}

std::optional<stored_checkpoint> load(connection& from, std::string_view name) {
  std::optional<stored_checkpoint> found;
  const std::array<value, 1> of{name};
  from.query(read_checkpoint, of, 2, [&found](std::span<const value> row) {
    found = {detail::column<std::string>::of(row[0], 0),
             detail::column<std::uint64_t>::of(row[1], 1)};
  });
  return found;
}

void store(connection& in, std::string_view name, const stored_checkpoint& c) {
  const std::array<value, 3> row{name, std::string_view(c.journal),
                                 static_cast<std::int64_t>(c.position)};
  in.run(write_checkpoint, row);
}

/// What is written without one would not be undone.
void check_transaction(const connection& in) {
  if (in.is_in_transaction()) return;
  throw failure({errc::unavailable, "transaction-lost", in.path() + ": SQLite has rolled back"});
}

/// In place of what its checkpoint says.
void make_tables(connection& in, const detail::projection_port& port) {
  database tables(in);
  port.create(tables);
  check_transaction(in);
  store(in, port.name, {});
}

/// Runs `f`; what it throws becomes an error, of SQLite's as it is, any other one under `reason`.
template <class F>
result<void> guarded(const char* reason, F&& f) {
  try {
    f();
    return {};
  } catch (const failure& why) {
    return why.why();
  } catch (const std::exception& e) {
    return error{errc::invalid, reason, e.what()};
  } catch (...) {
    return error{errc::invalid, reason, "something that is not a std::exception"};
  }
}

class table_sink final : public sink {
 public:
  table_sink(detail::projection_port port, std::unique_ptr<connection> in)
      : port_(std::move(port)), connection_(std::move(in)), database_(*connection_) {}

  [[nodiscard]] std::string name() const override { return port_.name; }
  [[nodiscard]] event_filter only() const override {
    event_filter all;
    for (const auto& e : port_.events) all.types.push_back(e.type);
    return all;
  }
  [[nodiscard]] result<std::optional<checkpoint>> reached() override;
  [[nodiscard]] result<void> take(const event_batch& batch) override;

 private:
  void apply(const event_batch& batch);
  void check_unmoved();
  [[nodiscard]] error at_event(error why) const;

  const detail::projection_port port_;
  const std::unique_ptr<connection> connection_;
  database database_;
  std::unique_ptr<detail::projection> projection_;
  std::optional<stored_checkpoint> known_;  // what it goes on from
  const recorded_event* at_ = nullptr;      // in `apply`
};

result<std::optional<checkpoint>> table_sink::reached() {
  auto read = guarded("checkpoint-unreadable", [this] { known_ = load(*connection_, port_.name); });
  if (!read) return std::move(read).error();
  if (!known_ || known_->journal.empty()) return std::optional<checkpoint>();
  auto parsed = checkpoint::parse(text_of(*known_));
  if (parsed) return std::optional(*parsed);
  return error{errc::corrupt, "checkpoint-unreadable",
               connection_->path() + ", of " + port_.name + ": " + parsed.error().detail};
}

result<void> table_sink::take(const event_batch& batch) {
  at_ = nullptr;
  auto taken = guarded("apply-failed", [&] {
    transaction all(*connection_);
    check_unmoved();
    apply(batch);
    const auto& to = batch.up_to();
    const stored_checkpoint reached{to.journal.to_string(), count_of(to.position)};
    store(*connection_, port_.name, reached);
    all.commit();
    known_ = reached;
  });
  if (taken) return taken;
  projection_.reset();  // it may remember what has been undone
  return at_ == nullptr ? std::move(taken).error() : at_event(std::move(taken).error());
}

void table_sink::apply(const event_batch& batch) {
  if (!projection_) projection_ = port_.make();
  for (const auto& e : batch) {
    at_ = &e;
    projection_->apply(e, database_);
    check_transaction(*connection_);  // it may have caught what SQLite said
  }
  at_ = nullptr;
}

/// Somebody who starts it over, or a second sink, must not meet half of what is here.
void table_sink::check_unmoved() {
  const auto stored = load(*connection_, port_.name);
  if (stored == known_) return;
  const auto text = [](const auto& c) { return c ? text_of(*c) : std::string("none"); };
  throw failure({errc::conflict, "checkpoint-moved",
                 connection_->path() + ", of " + port_.name + ": it was " + text(known_) +
                     " and is " + text(stored) + "; somebody else writes there"});
}

error table_sink::at_event(error why) const {
  const auto* type = "an unknown type";
  for (const auto& e : port_.events) {
    if (e.type == at_->type) type = e.name.c_str();
  }
  why.detail = "apply threw at position " + std::to_string(count_of(at_->position)) + " (" + type +
               " of " + std::string(at_->stream) + "): " + why.detail;
  return why;
}

}  // namespace

std::uint64_t database::run_with(std::string_view sql, std::span<const detail::value> values) {
  check_transaction(connection_);
  return connection_.run(sql, values);
}

void database::query_with(std::string_view sql, std::span<const detail::value> values,
                          std::size_t columns, const detail::row_visitor& visitor) {
  connection_.query(sql, values, columns, visitor);
}

result<std::unique_ptr<sink>> detail::open_sink(projection_port port,
                                                const database_options& options) {
  auto opened = connection::open(options);
  if (!opened) return std::move(opened).error();
  auto& in = **opened;
  auto made = guarded("create-failed", [&] {
    transaction all(in);
    in.run(make_checkpoints);
    if (load(in, port.name)) return;
    make_tables(in, port);
    all.commit();
  });
  if (!made) return std::move(made).error();
  std::unique_ptr<sink> ready = std::make_unique<table_sink>(std::move(port), *std::move(opened));
  return ready;
}

result<void> detail::start_over(const projection_port& port,
                                const std::function<void(database&)>& drop,
                                const database_options& options) {
  auto opened = connection::open(options);
  if (!opened) return std::move(opened).error();
  auto& in = **opened;
  database tables(in);
  return guarded("start-over-failed", [&] {
    transaction all(in);
    in.run(make_checkpoints);
    if (load(in, port.name)) drop(tables);
    make_tables(in, port);
    all.commit();
  });
}

}  // namespace fasti::sqlite
